package check

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cacheLimit is how many bytes of executables are kept.
const cacheLimit = 256 << 20

// cached gives the path of a file of the cache, made if it is not there. make writes it to the path it gets.
func (t *Tools) cached(name string, make func(out string) error) (string, error) {
	if err := os.MkdirAll(t.Cache, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(t.Cache, name)
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // only the order of removal depends on it
		return path, nil
	}
	dir, err := os.MkdirTemp(t.Cache, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	built := filepath.Join(dir, name)
	if err := make(built); err != nil {
		return "", err
	}
	if err := os.Rename(built, path); err != nil {
		return "", err
	}
	return path, t.shrink(name)
}

// shrink removes what was not used for longest until the rest fits.
func (t *Tools) shrink(keep string) error {
	files, err := os.ReadDir(t.Cache)
	if err != nil {
		return err
	}
	var list []os.FileInfo
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() { // another process may have removed it
			list = append(list, info)
		}
	}
	slices.SortFunc(list, func(a, b os.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	var errs []error
	total := int64(0)
	for _, info := range list {
		if total += info.Size(); total > cacheLimit && info.Name() != keep {
			if err := os.Remove(filepath.Join(t.Cache, info.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
