package toolchain

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aiopt/aiopt/backend/cachedir"
)

// Object is compiled code. It has to be loaded.
type Object struct {
	Path    string
	Refused map[string]string // see Written
	Unkept  error             // why the cache did not keep it, where it did not

	folder *cachedir.Folder // that keeps it; nil: what Path lies in is temporary
}

// Load maps the object, and removes its file where the cache did not keep it: what is mapped stays.
func (o *Object) Load() (*Library, error) {
	if o.folder != nil {
		path, done, err := o.folder.Reach(filepath.Base(o.Path))
		if err != nil {
			return nil, err
		}
		defer done()
		return load(path)
	}
	defer os.RemoveAll(filepath.Dir(o.Path))
	l, err := load(o.Path)
	if err != nil {
		return nil, fmt.Errorf("%w; set TMPDIR to a folder whose files may be run", err)
	}
	return l, nil
}
