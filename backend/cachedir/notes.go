package cachedir

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
)

// noteEnding is that of small files beside the entries: what was found out once and need not be again.
const noteEnding = ".note"

// mostNote bounds the bytes of a note's file. Plans are the largest: some 400 bytes for each kernel of a model, which has thousands.
const mostNote = 8 << 20

// Note gives what was noted under a name; nil where there is nothing, or it is damaged.
func (f *Folder) Note(name string) []byte {
	data, err := f.Read(name+noteEnding, mostNote)
	if n := len(data) - sha256.Size; err == nil && n >= 0 {
		if sum := sha256.Sum256(data[:n]); bytes.Equal(sum[:], data[n:]) {
			f.Used(name + noteEnding)
			return data[:n]
		}
	}
	return nil
}

// PutNote notes something in place of what was noted under the name. What is too long to be read again is refused.
func (f *Folder) PutNote(name string, data []byte) error {
	if most := mostNote - sha256.Size; len(data) > most {
		return fmt.Errorf("the note %s has %d bytes, expected at most %d", name, len(data), most)
	}
	sum := sha256.Sum256(data)
	return f.Write(name+noteEnding, data, sum[:])
}

// ShrinkNotes removes those of the notes whose names begin with a prefix that were not used for longest, until so many are left.
func (f *Folder) ShrinkNotes(prefix string, most int) error {
	return f.with(func(root *os.Root) error {
		c, err := read(root)
		if err != nil {
			return err
		}
		list := slices.DeleteFunc(c.notes, func(e *Entry) bool { return !strings.HasPrefix(e.Key, prefix) })
		return remove(root, list[min(most, len(list)):])
	})
}
