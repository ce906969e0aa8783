package cachedir

import (
	"bytes"
	"crypto/sha256"
	"io"
)

// sumEnding is that of the file beside an entry's file that has its sum.
const sumEnding = ".sum"

// TakeWhole is [Folder.Take] of a file that [Folder.Whole] knows.
func (f *Folder) TakeWhole(built, name string) error {
	sum, err := f.sum(built)
	if err != nil {
		return err
	}
	if err := f.Take(built, name); err != nil {
		return err
	}
	return f.Write(name+sumEnding, sum)
}

// Whole reports that a file is there, and is what TakeWhole gave that name: nothing of it was lost in a crash or changed since.
func (f *Folder) Whole(name string) bool {
	want, err := f.Read(name+sumEnding, sha256.Size)
	if err != nil {
		return false
	}
	sum, err := f.sum(name)
	return err == nil && bytes.Equal(sum, want)
}

func (f *Folder) sum(name string) ([]byte, error) {
	file, _, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
