package native

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
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

	known []byte // the note as it was found
	begun sync.WaitGroup
	ended atomic.Bool // what is not opened yet need not be

	mu    sync.Mutex
	files map[packed.Key]*aheadFile // what nobody has taken
}

// aheadFile is a file that is opened once, by who comes first.
type aheadFile struct {
	key    packed.Key
	bytes  int
	once   sync.Once
	region *memory.Region
	err    error
}

// aheadNote begins the names of notes of what a file's model took: keys, each before a number of bytes.
const (
	aheadNote      = "ahead-"
	mostAheadNotes = 256
	aheadWords     = len(packed.Key{}) + 8
)

// Ahead is the backend for the model of a file, whose packed constants it begins to look for. Each goes to the first Compile that asks
// for it. done gives back those that none has taken; it may be called more than once, and Compile works after it as without Ahead.
func (b Backend) Ahead(path string) (with Backend, done func() error) {
	c, err := newCompiler(b)
	if err != nil {
		return b, func() error { return nil } // Compile says what is wrong
	}
	a := &ahead{notes: c.proven.cache, path: path, files: map[packed.Key]*aheadFile{}}
	b.ahead = a
	name, ok := a.name(path)
	if !ok || a.notes == nil {
		return b, a.close
	}
	a.known = a.notes.Note(name)
	var list []*aheadFile
	for data := a.known; len(data) >= aheadWords; data = data[aheadWords:] {
		f := &aheadFile{key: packed.Key(data), bytes: int(binary.LittleEndian.Uint64(data[len(packed.Key{}):]))}
		if a.files[f.key] == nil {
			a.files[f.key] = f
			list = append(list, f)
		}
	}
	a.begun.Go(func() {
		for _, f := range list {
			if a.ended.Load() {
				return
			}
			f.open(c.packed)
		}
	})
	return b, a.close
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

func (f *aheadFile) open(cache *packed.Cache) {
	f.once.Do(func() { f.region, f.err = cache.Open(f.key, f.bytes) })
}

// take gives the file of a key to who asks first; nil to all others.
func (a *ahead) take(k packed.Key, n int) *aheadFile {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.files[k]
	if f == nil || f.bytes != n {
		return nil
	}
	delete(a.files, k)
	return f
}

// open is packed.Cache.Open, which may have been begun.
func (a *ahead) open(cache *packed.Cache, k packed.Key, n int) (*memory.Region, error) {
	if f := a.take(k, n); f != nil {
		f.open(cache)
		return f.region, f.err
	}
	return cache.Open(k, n)
}

// note writes down what was packed.
func (a *ahead) note(list []*packing) {
	if a == nil || a.notes == nil {
		return
	}
	var data []byte
	for _, j := range list {
		if j.cacheable {
			data = append(data, j.key[:]...)
			data = binary.LittleEndian.AppendUint64(data, uint64(j.pack.Bytes))
		}
	}
	if name, ok := a.name(a.path); ok && !bytes.Equal(data, a.known) {
		_ = a.notes.PutNote(name, data)
		_ = a.notes.ShrinkNotes(aheadNote, mostAheadNotes)
	}
}

// close gives back what nobody took.
func (a *ahead) close() error {
	a.mu.Lock()
	rest := a.files
	a.files = nil
	a.mu.Unlock()
	a.ended.Store(true)
	a.begun.Wait()
	var errs []error
	for _, f := range rest {
		errs = append(errs, f.region.Free())
	}
	return errors.Join(errs...)
}
