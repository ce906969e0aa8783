package kept

import (
	"bytes"
	"crypto/sha256"
	"os"
)

// noteEnding is that of small files beside the entries: what was found out once and need not be again.
const noteEnding = ".note"

// mostNote bounds what is read of a note.
const mostNote = 1 << 20

// Note gives what was noted under a name; nil where there is nothing, or it is damaged.
func (f *Folder) Note(name string) []byte {
	path, size, err := f.File(name + noteEnding)
	if err != nil || size > mostNote {
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

// PutNote notes something in place of what was noted under the name.
func (f *Folder) PutNote(name string, data []byte) error {
	sum := sha256.Sum256(data)
	return f.Write(name+noteEnding, data, sum[:])
}
