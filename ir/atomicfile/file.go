// Package atomicfile writes files that appear under their names only when they are complete.
package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is a file that is being written beside the one it will replace.
type File struct {
	*os.File
	path   string      // as the user gave it, for messages
	target string      // what path stands for, links followed
	older  fs.FileInfo // of the file to be replaced; nil where there is none
}

// Check finds out early, before long work, that a file cannot be written: there is no such folder, nothing can be made in
// it, or the name is that of a folder or device.
func Check(path string) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	f.Discard()
	return nil
}

// Create starts a file. Whoever calls it ends it by Commit or Discard; Discard after Commit does nothing. Where the name is
// a symbolic link, the file that it leads to is written, and the link stays.
func Create(path string) (*File, error) {
	target, err := Target(path)
	if err != nil {
		return nil, cannot(path, err)
	}
	dir := filepath.Dir(target)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("cannot write %s: there is no folder %s; make it first", path, dir)
	}
	older, err := os.Stat(target)
	switch {
	case err != nil:
		older = nil
	case !older.Mode().IsRegular():
		return nil, fmt.Errorf("cannot write %s: it is a folder or device", path)
	}
	f, err := begin(dir, older)
	if err != nil {
		return nil, cannot(path, err)
	}
	return &File{f, path, target, older}, nil
}

// maxLinks is how many links may lead from one to the next, as Linux has it.
const maxLinks = 40

// Target gives the name that symbolic links lead to, though there may be no file of that name.
func Target(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil { // no link
			return path, nil
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", errors.New("too many symbolic links")
}

// begin makes an empty file of a name that no other has, with the mode of the older file or the one that the umask gives.
func begin(dir string, older fs.FileInfo) (*os.File, error) {
	const attempts = 1000
	mode := fs.FileMode(0o666)
	if older != nil {
		mode = older.Mode().Perm()
	}
	for i := 0; ; i++ {
		name := filepath.Join(dir, fmt.Sprintf(".aiopt-%08x", rand.Uint32()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if err == nil || !errors.Is(err, fs.ErrExist) || i == attempts {
			return f, err
		}
	}
}

// cannot says that a path cannot be written, without the name of a temporary file.
func cannot(path string, err error) error {
	var perr *fs.PathError
	if errors.As(err, &perr) {
		err = perr.Err
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}

// Finish ends the writing, and leaves the file under its name for now.
func (f *File) Finish() error {
	var err error
	if f.older != nil { // the umask has taken from its mode
		err = f.Chmod(f.older.Mode().Perm())
	}
	for _, err := range []error{err, f.Close()} {
		if err != nil {
			return fmt.Errorf("cannot write %s: %w", f.path, f.cause(err))
		}
	}
	return nil
}

// Place gives a finished file its name. An older file of that name is gone only when this succeeds.
func (f *File) Place() error {
	if err := os.Rename(f.Name(), f.target); err != nil {
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
