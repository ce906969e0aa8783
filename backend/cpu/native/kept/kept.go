// Package kept keeps files in a folder that is the user's alone and does not grow without bounds.
//
// An entry is all files KEY.*, where the key is a hash of what they were made from, in 64 hexadecimal digits. A note is a
// small file NAME.note. What is being made is new-N or build-N; a process that is killed leaves that behind.
package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	if err != nil {
		return Folder{Limit: limit, nowhere: fmt.Errorf("no folder is known to keep files in: %w; set HOME or XDG_CACHE_HOME", err)}
	}
	return Folder{Dir: filepath.Join(dir, "aiopt", name), Limit: limit}
}

// Path is where a file of that name is, or would be.
func (f *Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

// Ready makes the folder where there is none. The error says why nothing can be kept in it, or trusted that is.
func (f *Folder) Ready() error {
	err := f.Check()
	if f.Dir == "" || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(f.Dir, private); err != nil {
		return fmt.Errorf("the folder %s cannot be made: %w", f.Dir, cause(err))
	}
	return f.Check()
}

// File gives the path of a file and its bytes. The error is fs.ErrNotExist where there is none.
func (f *Folder) File(name string) (path string, bytes int64, err error) {
	if err := f.Check(); err != nil {
		return "", 0, err
	}
	path = f.Path(name)
	info, err := os.Lstat(path)
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("%s is not a file", path)
	}
	return path, info.Size(), nil
}

// Used notes that a file was of use now. Only the order of removal depends on that.
func (f *Folder) Used(name string) {
	now := time.Now()
	_ = os.Chtimes(f.Path(name), now, now)
}

// Write keeps a file made of parts, which appears under its name whole or not at all. It is not synced: what a crash leaves
// half written has to be found by who reads it.
func (f *Folder) Write(name string, parts ...[]byte) error {
	if err := f.Ready(); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.Dir, newPrefix)
	if err != nil {
		return f.unwritable(err)
	}
	defer os.Remove(file.Name()) // nothing, once it is renamed
	for _, p := range parts {
		if err == nil {
			_, err = file.Write(p)
		}
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return f.Take(file.Name(), name)
}

// Take keeps the file of a path of the same disk, in place of whatever has its name now.
func (f *Folder) Take(path, name string) error {
	to := f.Path(name)
	err := os.Rename(path, to)
	if err == nil {
		return nil
	}
	if info, found := os.Lstat(to); found != nil || !info.IsDir() {
		return err
	}
	if err := os.RemoveAll(to); err != nil { // a folder, which is not of our making
		return err
	}
	return os.Rename(path, to)
}

// Build makes an empty folder within this one, for who makes a file in steps. It has to be removed.
func (f *Folder) Build() (dir string, err error) {
	if err := f.Ready(); err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(f.Dir, buildPrefix); err != nil {
		return "", f.unwritable(err)
	}
	return dir, nil
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
