package native

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/aiopt/aiopt/backend/cpu/memory"
	"github.com/aiopt/aiopt/backend/cpu/native/packed"
	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
)

// ahead opens the packed constants that a model's program took the last time, while the model is being loaded: to check what is in
// their files takes a thread for a while. nil opens nothing ahead.
type ahead struct {
	notes *toolchain.Cache
	path  string // of the model's file

	begun sync.WaitGroup
	files map[packed.Key]*aheadFile
}

// aheadFile is a file that is opened once, by who comes first.
type aheadFile struct {
	bytes  int
	once   sync.Once
	region *memory.Region
	err    error
	taken  atomic.Bool // the region is somebody's
}

// aheadNote begins the names of notes of what a file's model took: keys, each before a number of bytes.
const (
	aheadNote      = "ahead-"
	mostAheadNotes = 256
	aheadWords     = len(packed.Key{}) + 8
)

// Ahead is the backend for the model of a file, whose packed constants it begins to look for.
func (b Backend) Ahead(path string) Backend {
	c, err := newCompiler(b)
	if err != nil {
		return b // Compile says what is wrong
	}
	a := &ahead{notes: c.proven.cache, path: path, files: map[packed.Key]*aheadFile{}}
	b.ahead = a
	name, ok := a.name(path)
	if !ok || a.notes == nil {
		return b
	}
	var list []packed.Key
	for data := a.notes.Note(name); len(data) >= aheadWords; data = data[aheadWords:] {
		k := packed.Key(data)
		list = append(list, k)
		a.files[k] = &aheadFile{bytes: int(binary.LittleEndian.Uint64(data[len(k):]))}
	}
	a.begun.Go(func() {
		for _, k := range list {
			a.files[k].open(c.packed, k)
		}
	})
	return b
}

// name names the note of a file: by its path, size and time.
func (a *ahead) name(path string) (string, bool) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %d", path, info.Size(), info.ModTime().UnixNano()))
	return aheadNote + hex.EncodeToString(sum[:]), true
}

func (f *aheadFile) open(cache *packed.Cache, k packed.Key) {
	f.once.Do(func() { f.region, f.err = cache.Open(k, f.bytes) })
}

// open is packed.Cache.Open, which may have been begun.
func (a *ahead) open(cache *packed.Cache, k packed.Key, n int) (*memory.Region, error) {
	if a != nil {
		if f := a.files[k]; f != nil && f.bytes == n && !f.taken.Swap(true) {
			f.open(cache, k)
			return f.region, f.err
		}
	}
	return cache.Open(k, n)
}

// note writes down what was packed.
func (a *ahead) note(list []*packing) {
	if a == nil || a.notes == nil {
		return
	}
	var data []byte
	same := true
	for _, j := range list {
		if j.kept {
			same = same && a.files[j.key] != nil
			data = append(data, j.key[:]...)
			data = binary.LittleEndian.AppendUint64(data, uint64(j.pack.Bytes))
		}
	}
	if name, ok := a.name(a.path); ok && !(same && len(data) == len(a.files)*aheadWords) {
		_ = a.notes.PutNote(name, data)
		_ = a.notes.ShrinkNotes(aheadNote, mostAheadNotes)
	}
}

// close gives back what nobody took.
func (a *ahead) close() {
	if a == nil {
		return
	}
	a.begun.Wait()
	for _, f := range a.files {
		if !f.taken.Load() {
			_ = f.region.Free()
		}
	}
	a.files = nil
}
