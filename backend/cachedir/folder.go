// Package cachedir keeps files in a folder that is the user's alone and does not grow without bounds.
//
// An entry is all files and folders KEY.*, where the key is a hash of what they were made from, in 64 hexadecimal digits. A note is a
// small file NAME.note. What is being made is new-N or build-N; a process that is killed leaves that behind.
//
// The folder is opened, and the open one is checked and used: what has its name a moment later makes no difference. Names are within
// the folder; none leads out of it.
package cachedir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Folder is where files are kept. The zero Folder keeps nothing: all that would need a folder is an error.
type Folder struct {
	Dir string
	// Limit is how many bytes may stay, though never more than a tenth of the disk. What was not used for longest goes first.
	Limit int64

	nowhere error // why there is no Dir
}

// User is a folder of the user: of that name below aiopt in $XDG_CACHE_HOME, or where the system keeps such files. One whose
// system has no such place keeps nothing.
func User(name string, limit int64) Folder {
	dir, err := os.UserCacheDir()
	if given := os.Getenv(variable); err != nil && given != "" && !filepath.IsAbs(given) {
		return Folder{Limit: limit, nowhere: fmt.Errorf("%s=%s: expected a path from the root, such as %s", variable, given, absolute(given))}
	}
	if err != nil {
		return Folder{Limit: limit, nowhere: fmt.Errorf("no folder is known to keep files in: %w; set HOME or XDG_CACHE_HOME", err)}
	}
	return Folder{Dir: filepath.Join(dir, "aiopt", name), Limit: limit}
}

// variable names the folder where the user keeps files of this kind.
const variable = "XDG_CACHE_HOME"

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return "/" + path
}

// Path is where a file of that name is, or would be: for programs that take no open file.
func (f *Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

// Ready makes the folder where there is none. The error says why nothing can be kept in it, or trusted that is.
func (f *Folder) Ready() error { return f.makeAnd(func(*os.Root) error { return nil }) }

// makeAnd calls a function with the folder, open and checked, which is made where there is none.
func (f *Folder) makeAnd(use func(*os.Root) error) error {
	root, err := f.open()
	if f.Dir != "" && errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(f.Dir, private); err != nil {
			return fmt.Errorf("the folder %s cannot be made: %w", f.Dir, cause(err))
		}
		root, err = f.open()
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return use(root)
}

// with calls a function with the folder, open and checked.
func (f *Folder) with(use func(*os.Root) error) error {
	root, err := f.open()
	if err != nil {
		return err
	}
	defer root.Close()
	return use(root)
}

// Open opens a file. The error is fs.ErrNotExist where there is none.
func (f *Folder) Open(name string) (file *os.File, bytes int64, err error) {
	err = f.with(func(root *os.Root) error {
		if file, err = root.Open(name); err != nil {
			return err
		}
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is not a file", f.Path(name))
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
		bytes = info.Size()
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return file, bytes, nil
}

// Read gives the bytes of a file, which may be so many at most.
func (f *Folder) Read(name string, most int64) ([]byte, error) {
	file, size, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if size > most {
		return nil, fmt.Errorf("%s has %d bytes, expected at most %d", f.Path(name), size, most)
	}
	data := make([]byte, size)
	_, err = io.ReadFull(file, data)
	return data, err
}

// Used notes that a file was of use now. Only the order of removal depends on that.
func (f *Folder) Used(name string) {
	now := time.Now()
	_ = f.with(func(root *os.Root) error { return root.Chtimes(name, now, now) })
}

// Write keeps a file made of parts, which appears under its name whole or not at all. A folder of the name that there is not is made.
// Nothing is synced: what a crash leaves half written has to be found by who reads it.
func (f *Folder) Write(name string, parts ...[]byte) error {
	return f.makeAnd(func(root *os.Root) error {
		var file *os.File
		temporary, err := unused(newPrefix, func(name string) (err error) {
			file, err = root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			return err
		})
		if err != nil {
			return f.unwritable(err)
		}
		defer root.Remove(temporary) // nothing, once it is renamed
		for _, p := range parts {
			if err == nil {
				_, err = file.Write(p)
			}
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		if dir := filepath.Dir(name); dir != "." {
			if err := root.MkdirAll(dir, private); err != nil {
				return err
			}
		}
		return rename(root, temporary, name)
	})
}

// Take gives a file that was built another name, in place of whatever has that now.
func (f *Folder) Take(built, name string) error {
	return f.with(func(root *os.Root) error { return errors.Join(root.Chmod(built, private), rename(root, built, name)) })
}

func rename(root *os.Root, from, to string) error {
	err := root.Rename(from, to)
	if err == nil {
		return nil
	}
	if info, found := root.Lstat(to); found != nil || !info.IsDir() {
		return err
	}
	if err := root.RemoveAll(to); err != nil { // a folder, which is not of our making
		return err
	}
	return root.Rename(from, to)
}

// Build makes an empty folder within this one, for who makes a file in steps, and gives its name. It has to be removed.
func (f *Folder) Build() (name string, err error) {
	err = f.makeAnd(func(root *os.Root) error {
		if name, err = unused(buildPrefix, func(name string) error { return root.Mkdir(name, private) }); err != nil {
			return f.unwritable(err)
		}
		return nil
	})
	return name, err
}

// Remove takes a file away, or a folder with all that is in it.
func (f *Folder) Remove(name string) error {
	return f.with(func(root *os.Root) error { return root.RemoveAll(name) })
}

// unused completes a prefix to a name that create finds nothing under.
func unused(prefix string, create func(name string) error) (name string, err error) {
	for range 100 {
		name = prefix + strconv.FormatUint(uint64(rand.Uint32()), 10)
		if err = create(name); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return name, err
}

// unwritable leaves out the name of a file that was not made: it is another one each time.
func (f *Folder) unwritable(err error) error {
	return fmt.Errorf("nothing can be made in %s: %w", f.Dir, cause(err))
}

// cause leaves out what was done to which file.
func cause(err error) error {
	if p := new(fs.PathError); errors.As(err, &p) {
		return p.Err
	}
	return err
}
