package toolchain

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// noteEnding is that of small files beside the objects: what was found out once and need not be again.
const noteEnding = ".note"

// mostNote bounds what is read of a note.
const mostNote = 1 << 20

// Note gives what was noted under a name; nil where there is nothing, or it is damaged.
func (c *Cache) Note(name string) []byte {
	path := filepath.Join(c.Dir, name+noteEnding)
	if info, err := os.Stat(path); err != nil || info.Size() > mostNote {
		return nil
	}
	data, err := os.ReadFile(path)
	if n := len(data) - sha256.Size; err == nil && n >= 0 {
		if sum := sha256.Sum256(data[:n]); bytes.Equal(sum[:], data[n:]) {
			return data[:n]
		}
	}
	return nil
}

// PutNote notes something in place of what was noted under the name. A reader finds the old or the new whole.
func (c *Cache) PutNote(name string, data []byte) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.Dir, "new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing, once it is renamed
	sum := sha256.Sum256(data)
	_, err = f.Write(append(bytes.Clone(data), sum[:]...))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(c.Dir, name+noteEnding))
}

// ShrinkNotes removes those of the notes whose names begin with a prefix that were written first, until so many are left.
func (c *Cache) ShrinkNotes(prefix string, most int) error {
	names, err := filepath.Glob(filepath.Join(c.Dir, prefix+"*"+noteEnding))
	if err != nil || len(names) <= most {
		return err
	}
	written := map[string]time.Time{}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			written[name] = info.ModTime()
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return written[a].Compare(written[b]) })
	for _, name := range names[:len(names)-most] {
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// clearNotes removes all notes.
func (c *Cache) clearNotes() error {
	names, err := filepath.Glob(filepath.Join(c.Dir, "*"+noteEnding))
	for _, name := range names {
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
