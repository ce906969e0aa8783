package check

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/aiopt/aiopt/backend/cachedir"
)

// cacheLimit is how many bytes of executables are kept.
const cacheLimit = 256 << 20

// UserCache is the folder of what the checker made for the user: headers, objects and executables.
func UserCache() cachedir.Folder { return cachedir.User("metal", cacheLimit) }

// cached gives the path of a file of the cache, made if it is not there or is damaged. make writes it to the path it gets.
func (t *Tools) cached(key, ending string, make func(out string) error) (string, error) {
	name := key + ending
	if t.Cache.Whole(name) {
		t.Cache.Used(name)
		return t.Cache.Path(name), nil
	}
	dir, err := t.Cache.Build()
	if err != nil {
		return "", err
	}
	defer t.Cache.Remove(dir)
	built := filepath.Join(dir, name)
	if err := make(t.Cache.Path(built)); err != nil {
		return "", err
	}
	if err := t.Cache.TakeWhole(built, name); err != nil {
		return "", err
	}
	return t.Cache.Path(name), t.Cache.Shrink(key)
}

// mostHeader is how many bytes a file of the header may have.
const mostHeader = 1 << 20

// Folder writes files into a folder of the cache that is named by what they hold, and gives its path and the key of its name. Others may
// be reading it, so that each is replaced by itself, where it is not what it should be.
func (t *Tools) Folder(files map[string]string) (path, key string, err error) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, name, files[name])
	}
	key = hash(all...)
	dir := key + ".header"
	for i := 0; i < len(all); i += 2 {
		name := filepath.Join(dir, all[i])
		if old, err := t.Cache.Read(name, mostHeader); err == nil && string(old) == all[i+1] {
			continue
		}
		if err := t.Cache.Write(name, []byte(all[i+1])); err != nil {
			return "", "", err
		}
	}
	t.Cache.Used(dir)
	return t.Cache.Path(dir), key, nil
}
