package check

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Unit is what another compiler than the checker's needs of a text.
type Unit struct {
	Name string // the source's, for #line
	Text string // C++ that the header makes sense of; its lines are the source's
}

// Unit gives the text that was compiled.
func (p *Program) Unit() Unit { return Unit{p.source.Name, p.parts.text} }

// Header gives the files of the header by their names. Those that are the CPU's own, runtime.h, lanes.h and libm.h, may be replaced.
func Header() (map[string]string, error) {
	entries, err := fs.ReadDir(shim, "shim")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := shim.ReadFile("shim/" + e.Name())
		if err != nil {
			return nil, err
		}
		files[e.Name()] = string(data)
	}
	return files, nil
}

// Folder writes files into a folder of the cache that is named by what they hold, and gives its path and the key of its name.
func (t *Tools) Folder(files map[string]string) (path, key string, err error) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, name, files[name])
	}
	key = hash(all...)
	dir := filepath.Join(t.Cache, "shim-"+key[:16])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	for i := 0; i < len(all); i += 2 {
		path := filepath.Join(dir, all[i])
		if old, err := os.ReadFile(path); err == nil && string(old) == all[i+1] {
			continue
		}
		temp, err := os.CreateTemp(dir, "new-")
		if err != nil {
			return "", "", err
		}
		_, err = temp.WriteString(all[i+1])
		if err = errors.Join(err, temp.Close(), os.Rename(temp.Name(), path)); err != nil {
			return "", "", err
		}
	}
	return dir, key, nil
}

// Cached gives the path of a file of the cache that was made of the parts. make writes it to the path that it gets, if it is not there.
func (t *Tools) Cached(suffix string, make func(out string) error, parts ...string) (string, error) {
	return t.cached(hash(append([]string{t.Version}, parts...)...)+suffix, make)
}
