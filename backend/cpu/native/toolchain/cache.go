package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Cache is a folder of shared objects.
type Cache struct {
	Dir   string
	Limit int64 // bytes that may stay; the least recently used go first
}

// DefaultLimit is the size that a cache is kept to.
const DefaultLimit = 512 << 20

// UserCache is the cache of the user: cpu below aiopt in $XDG_CACHE_HOME, or where the system keeps such files.
func UserCache() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return &Cache{Dir: filepath.Join(dir, "aiopt", "cpu"), Limit: DefaultLimit}, nil
}

// Entry is one object of a cache.
type Entry struct {
	Key     string
	Bytes   int64
	Used    time.Time
	Program string // what it was made for
}

// note is what stands beside an object.
type note struct {
	SHA256   string   `json:"sha256"` // of the object
	Features []string `json:"features"`
	LLVM     string   `json:"llvm"`
	Program  string   `json:"program"`

	Refused map[string]string `json:"refused,omitempty"` // see Written
}

// abi counts changes of how kernels are called.
const abi = 2

// Job is what is to be compiled.
type Job struct {
	Program  string // whose code it is, for people who list the cache
	Target   Target
	Modules  []string // texts
	Parallel int
	Keep     string // a folder for the modules' texts where they cannot be compiled; "" for none

	// Write, in place of Modules, writes them when the cache has no object. Sources are all that it goes by, beside the
	// program that runs.
	Sources []string
	Write   func() (*Written, error)
}

// Written are modules, and what they could not be made of.
type Written struct {
	Modules []string
	Refused map[string]string // why, by the symbols that are missing
}

// Object is compiled code in a cache.
type Object struct {
	Path    string
	Refused map[string]string // see Written
}

// key names the job's object by everything that goes into it.
func (t *Tools) key(j *Job) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n%s\n", abi, t.Version, strings.Join(t.flags(j.Target), " "), strings.Join(t.LinkBy, " "))
	if j.Write != nil {
		program, err := ThisProgram()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n%s", len(program), program)
	}
	for _, m := range append(j.Sources[:len(j.Sources):len(j.Sources)], j.Modules...) {
		fmt.Fprintf(h, "%d\n", len(m))
		io.WriteString(h, m)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Object gives the job's object, compiled if the cache has no good one. has are the features of this
// machine's processor.
func (c *Cache) Object(ctx context.Context, t *Tools, j *Job, has []string) (*Object, error) {
	for _, f := range j.Target.Features {
		if !slices.Contains(has, f) {
			return nil, fmt.Errorf("the code needs %s, which this processor lacks", f)
		}
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	key, err := t.key(j)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(c.Dir, key+".so")
	if n, err := c.good(key, has); err == nil {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // only the order of removal depends on it
		return &Object{path, n.Refused}, nil
	}
	w := &Written{Modules: j.Modules}
	if j.Write != nil {
		if w, err = j.Write(); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp(c.Dir, "build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	built := filepath.Join(dir, "object.so")
	if err := t.build(ctx, j.Target, w.Modules, built, dir, j.Parallel); err != nil {
		if j.Keep != "" {
			err = errors.Join(err, keep(j.Keep, key, w.Modules))
		}
		return nil, err
	}
	if err := c.put(key, built, dir, note{Features: j.Target.Features, LLVM: t.Version, Program: j.Program, Refused: w.Refused}); err != nil {
		return nil, err
	}
	return &Object{path, w.Refused}, c.shrink(key)
}

// put moves an object into the cache, its note first: a reader who finds the new note with the old object, or none, sees
// that they disagree and compiles.
func (c *Cache) put(key, built, dir string, n note) error {
	data, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	n.SHA256 = hash(data)
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	temp := filepath.Join(dir, "note.json")
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return err
	}
	if err := os.Chmod(built, 0o700); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(c.Dir, key+".json")); err != nil {
		return err
	}
	return os.Rename(built, filepath.Join(c.Dir, key+".so"))
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// good gives the note of the key's object where the cache has it, whole and for this processor.
func (c *Cache) good(key string, has []string) (*note, error) {
	text, err := os.ReadFile(filepath.Join(c.Dir, key+".json"))
	if err != nil {
		return nil, err
	}
	var n note
	if err := json.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	for _, f := range n.Features {
		if !slices.Contains(has, f) {
			return nil, fmt.Errorf("the cached object needs %s, which this processor lacks", f)
		}
	}
	data, err := os.ReadFile(filepath.Join(c.Dir, key+".so"))
	if err != nil {
		return nil, err
	}
	if hash(data) != n.SHA256 {
		return nil, errors.New("the cached object is not what its note says")
	}
	return &n, nil
}

// List gives what is in the cache, most recently used first.
func (c *Cache) List() ([]Entry, error) {
	files, err := os.ReadDir(c.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, f := range files {
		key, ok := strings.CutSuffix(f.Name(), ".so")
		info, err := f.Info()
		if !ok || err != nil { // another process has removed it
			continue
		}
		var n note
		if text, err := os.ReadFile(filepath.Join(c.Dir, key+".json")); err == nil && json.Unmarshal(text, &n) != nil {
			n = note{}
		}
		list = append(list, Entry{Key: key, Bytes: info.Size(), Used: info.ModTime(), Program: n.Program})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		if n := b.Used.Compare(a.Used); n != 0 {
			return n
		}
		return strings.Compare(a.Key, b.Key)
	})
	return list, nil
}

// Clear removes every object and note. Code that is loaded keeps running.
func (c *Cache) Clear() error {
	list, err := c.List()
	for _, e := range list {
		err = errors.Join(err, c.remove(e.Key))
	}
	return errors.Join(err, c.clearNotes())
}

func (c *Cache) remove(key string) error {
	var errs []error
	for _, ending := range []string{".so", ".json"} {
		if err := os.Remove(filepath.Join(c.Dir, key+ending)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// shrink removes what was not used for longest until the rest fits, and never the key.
func (c *Cache) shrink(key string) error {
	list, err := c.List()
	total := int64(0)
	for _, e := range list {
		if total += e.Bytes; total > c.Limit && e.Key != key {
			err = errors.Join(err, c.remove(e.Key))
			total -= e.Bytes
		}
	}
	return err
}
