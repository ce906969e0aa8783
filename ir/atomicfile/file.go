// Package atomicfile writes files that appear under their names only when they are complete.
package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// File is a file that is being written beside the one it will replace.
type File struct {
	*os.File
	path string
}

// Check finds out early, before long work, that a file cannot be written because of what its name stands for: there is no
// such folder, or it is a folder or device itself.
func Check(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("cannot write %s: it is a folder or device", path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("cannot write %s: there is no folder %s; make it first", path, filepath.Dir(path))
	}
	return nil
}

// Create starts a file. Whoever calls it ends it by Commit or Discard; Discard after Commit does nothing.
func Create(path string) (*File, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".aiopt-*")
	if err != nil {
		var perr *os.PathError
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return &File{f, path}, nil
}

// Finish ends the writing, and leaves the file under its name for now.
func (f *File) Finish() error {
	for _, err := range []error{f.Chmod(0o644), f.Close()} {
		if err != nil {
			return fmt.Errorf("cannot write %s: %w", f.path, f.cause(err))
		}
	}
	return nil
}

// Place gives a finished file its name. An older file of that name is gone only when this succeeds.
func (f *File) Place() error {
	if err := os.Rename(f.Name(), f.path); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.path, f.cause(err))
	}
	return nil
}

// Commit is Finish and Place.
func (f *File) Commit() error {
	if err := f.Finish(); err != nil {
		return err
	}
	return f.Place()
}

// Discard removes the file, unless it has been placed.
func (f *File) Discard() {
	f.Close()
	os.Remove(f.Name())
}

// Write writes a file. An error leaves an older one as it was, and names the path, never the temporary file.
func Write(path string, fill func(*os.File) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := fill(f.File); err != nil {
		return f.Located(err)
	}
	return f.Commit()
}

// Located names the file in an error of writing it, unless the user stopped that.
func (f *File) Located(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", f.path, f.cause(err))
}

// cause drops the name of the temporary file, which means nothing to the user.
func (f *File) cause(err error) error {
	var perr *os.PathError
	var lerr *os.LinkError
	switch {
	case errors.As(err, &perr) && perr.Path == f.Name():
		return perr.Err
	case errors.As(err, &lerr) && lerr.Old == f.Name():
		return lerr.Err
	}
	return err
}
