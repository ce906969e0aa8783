package toolchain

import (
	"fmt"
	"os"
)

// Object is compiled code. It has to be loaded.
type Object struct {
	Path    string
	Refused map[string]string // see Written
	Unkept  error             // why the cache did not keep it, where it did not

	temporary string // the folder to remove then
}

// Load maps the object, and removes its file where the cache did not keep it: what is mapped stays.
func (o *Object) Load() (*Library, error) {
	if o.temporary == "" {
		return load(o.Path)
	}
	defer os.RemoveAll(o.temporary)
	l, err := load(o.Path)
	if err != nil {
		return nil, fmt.Errorf("%w; set TMPDIR to a folder whose files may be run", err)
	}
	return l, nil
}
