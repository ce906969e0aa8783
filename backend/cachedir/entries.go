package cachedir

import (
	"cmp"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Entry is what is kept under one key, or a note.
type Entry struct {
	Key   string   // of a note its name
	Files []string // their names
	Bytes int64    // of all files
	Used  time.Time
}

// What names begin with that os.CreateTemp and os.MkdirTemp complete by digits.
const (
	newPrefix   = "new-"
	buildPrefix = "build-"
)

// forgotten is the age at which what is being made was left behind by a process that is no more.
const forgotten = time.Hour

// diskShare bounds the bytes that stay: one in so many of the disk.
const diskShare = 10

// content is what lies in a folder and is of this package's making, by the names.
type content struct {
	entries    []*Entry // most recently used first
	unfinished []*Entry // each file or folder that is being made, or was left behind
	notes      []*Entry
}

// read looks through the folder. What another process removes meanwhile is left out.
func read(root *os.Root) (*content, error) {
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	c := &content{}
	known := map[string]*Entry{}
	for _, file := range files {
		name := file.Name()
		key, isEntry := keyOf(name)
		switch {
		case isEntry && known[key] == nil:
			known[key] = &Entry{Key: key}
			c.entries = append(c.entries, known[key])
			known[key].add(root, name)
		case isEntry:
			known[key].add(root, name)
		case isUnfinished(name):
			e := &Entry{}
			e.add(root, name)
			c.unfinished = append(c.unfinished, e)
		case strings.HasSuffix(name, noteEnding):
			e := &Entry{Key: strings.TrimSuffix(name, noteEnding)}
			e.add(root, name)
			c.notes = append(c.notes, e)
		}
	}
	newestFirst(c.entries)
	newestFirst(c.notes)
	return c, nil
}

func newestFirst(list []*Entry) {
	slices.SortFunc(list, func(a, b *Entry) int { return cmp.Or(b.Used.Compare(a.Used), strings.Compare(a.Key, b.Key)) })
}

// add counts a file, or a folder with all that is in it.
func (e *Entry) add(root *os.Root, name string) {
	e.Files = append(e.Files, name)
	_ = fs.WalkDir(root.FS(), name, func(_ string, file fs.DirEntry, err error) error {
		if err != nil {
			return nil // it is gone
		}
		if info, err := file.Info(); err == nil {
			if info.Mode().IsRegular() {
				e.Bytes += info.Size()
			}
			if info.ModTime().After(e.Used) {
				e.Used = info.ModTime()
			}
		}
		return nil
	})
}

// keyOf is the key of an entry's file.
func keyOf(name string) (key string, ok bool) {
	key, _, ok = strings.Cut(name, ".")
	digits, err := hex.DecodeString(key)
	return key, ok && err == nil && len(digits) == 32 && key == strings.ToLower(key)
}

func isUnfinished(name string) bool {
	digits, isNew := strings.CutPrefix(name, newPrefix)
	if !isNew {
		var isBuild bool
		if digits, isBuild = strings.CutPrefix(name, buildPrefix); !isBuild {
			return false
		}
	}
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// List gives the entries, most recently used first.
func (f *Folder) List() ([]Entry, error) {
	return f.list(func(c *content) []*Entry { return c.entries })
}

// Notes gives the notes, most recently used first.
func (f *Folder) Notes() ([]Entry, error) {
	return f.list(func(c *content) []*Entry { return c.notes })
}

func (f *Folder) list(which func(*content) []*Entry) (list []Entry, err error) {
	err = f.with(func(root *os.Root) error {
		c, err := read(root)
		if err != nil {
			return err
		}
		for _, e := range which(c) {
			list = append(list, *e)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// Clear removes all entries and notes, and what was left behind. Files that are mapped stay readable. What others may have put into
// the folder goes as well, as long as it is the user's.
func (f *Folder) Clear() error {
	root, _, err := f.openOwned()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	c, err := read(root)
	if err != nil {
		return err
	}
	return remove(root, slices.Concat(c.entries, c.notes, c.unfinished))
}

// Shrink removes what was left behind and, until the rest fits, the entries and notes that were not used for longest; never those of these keys.
func (f *Folder) Shrink(stay ...string) error {
	return f.with(func(root *os.Root) error {
		c, err := read(root)
		if err != nil {
			return err
		}
		var rest []*Entry
		limit, total, now := f.Most(), int64(0), time.Now()
		for _, e := range c.unfinished {
			if now.Sub(e.Used) > forgotten {
				rest = append(rest, e)
			} else {
				total += e.Bytes
			}
		}
		all := slices.Concat(c.entries, c.notes)
		newestFirst(all)
		for _, e := range all {
			if total += e.Bytes; total > limit && !slices.Contains(stay, e.Key) {
				rest = append(rest, e)
				total -= e.Bytes
			}
		}
		return remove(root, rest)
	})
}

// Most is how many bytes may stay.
func (f *Folder) Most() int64 {
	if n, ok := diskBytes(f.Dir); ok {
		return min(f.Limit, n/diskShare)
	}
	return f.Limit
}

// remove takes entries away. A folder of such a name may not be of our making, and goes with all that is in it.
func remove(root *os.Root, list []*Entry) error {
	var errs []error
	for _, e := range list {
		for _, name := range e.Files {
			errs = append(errs, root.RemoveAll(name))
		}
	}
	return errors.Join(errs...)
}
