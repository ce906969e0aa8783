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

	"github.com/aiopt/aiopt/backend/cachedir"
)

// Cache is a folder of shared objects. One that keeps nothing has each object made anew.
type Cache struct{ cachedir.Folder }

// DefaultLimit is the size that a cache is kept to.
const DefaultLimit = 512 << 20

// NewCache is a cache in a folder of the caller's choice.
func NewCache(dir string) *Cache { return &Cache{cachedir.Folder{Dir: dir, Limit: DefaultLimit}} }

// UserCache is the cache of the user.
func UserCache() *Cache { return &Cache{cachedir.User("cpu", DefaultLimit)} }

// Entry is one object of a cache.
type Entry struct {
	cachedir.Entry
	Program string // what it was made for
}

// The files of an object.
const (
	objectEnding = ".so"
	noteEnding   = ".json"
	mostObject   = 1 << 30 // bytes of one
)

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
	Failed   string // a folder for the modules' texts where they cannot be compiled; "" for none

	// Write, in place of Modules, writes them when the cache has no object. Sources are all that it goes by, beside the
	// build of the program that runs (see ThisProgram). An object of an unknown build, "", is not kept.
	Sources []string
	Build   string
	Write   func() (*Written, error)
}

// Written are modules, and what they could not be made of.
type Written struct {
	Modules []string
	Refused map[string]string // why, by the symbols that are missing
}

// key names the job's object by everything that goes into it.
func (t *Tools) key(j *Job) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n%s\n", abi, t.Version, strings.Join(t.flags(j.Target), " "), strings.Join(t.LinkBy, " "))
	if j.Write != nil {
		fmt.Fprintf(h, "%d\n%s", len(j.Build), j.Build)
	}
	for _, m := range append(j.Sources[:len(j.Sources):len(j.Sources)], j.Modules...) {
		fmt.Fprintf(h, "%d\n", len(m))
		io.WriteString(h, m)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Object gives the job's object, compiled if the cache has no good one. has are the features of this machine's processor.
// Where the cache can keep nothing, or its disk is full, the object is made in a temporary folder, of which Load takes care.
func (c *Cache) Object(ctx context.Context, t *Tools, j *Job, has []string) (*Object, error) {
	for _, f := range j.Target.Features {
		if !slices.Contains(has, f) {
			return nil, fmt.Errorf("the code needs %s, which this processor lacks", f)
		}
	}
	key := t.key(j)
	unkept := c.Ready()
	if j.Write != nil && j.Build == "" {
		unkept = errors.New("the file of the program that runs cannot be read, so nothing tells what it compiled from what others did")
	}
	if unkept == nil {
		if n, err := c.good(key, has); err == nil {
			c.Used(key + objectEnding)
			return &Object{Path: c.Path(key + objectEnding), Refused: n.Refused, folder: &c.Folder}, nil
		}
	}
	w := &Written{Modules: j.Modules}
	if j.Write != nil {
		var err error
		if w, err = j.Write(); err != nil {
			return nil, err
		}
	}
	o, err := c.compile(ctx, t, j, key, w, unkept)
	if err != nil {
		return nil, err
	}
	if o.Unkept == nil {
		_ = c.Shrink(key) // the object is good, and the next one shrinks again
	}
	return o, nil
}

// compile compiles and links modules, in the cache or, where that cannot keep it, elsewhere.
func (c *Cache) compile(ctx context.Context, t *Tools, j *Job, key string, w *Written, unkept error) (*Object, error) {
	if unkept == nil {
		o, err := c.kept(ctx, t, j, key, w)
		if !full(err) {
			return o, err
		}
		unkept = &NoRoom{c.Dir, err}
	}
	return c.elsewhere(ctx, t, j, w, unkept)
}

// kept makes the object in the cache. One that it then cannot take stays where it was built.
func (c *Cache) kept(ctx context.Context, t *Tools, j *Job, key string, w *Written) (o *Object, err error) {
	build, unkept := c.Build()
	if unkept != nil {
		return c.elsewhere(ctx, t, j, w, unkept)
	}
	dir := c.Path(build)
	o = &Object{Path: filepath.Join(dir, "object.so"), Refused: w.Refused}
	defer func() {
		if err != nil || o.folder != nil { // else Load takes it away
			os.RemoveAll(dir)
		}
	}()
	if err := t.build(ctx, j.Target, w.Modules, o.Path, dir, j.Parallel); err != nil {
		return nil, c.explain(err, j, w.Modules)
	}
	o.Unkept = c.put(key, filepath.Join(build, filepath.Base(o.Path)), note{Features: j.Target.Features, LLVM: t.Version, Program: j.Program, Refused: w.Refused})
	if o.Unkept != nil && c.Check() != nil {
		return nil, o.Unkept // what lies there now may be of others
	}
	if full(o.Unkept) {
		o.Unkept = &NoRoom{c.Dir, o.Unkept}
	}
	if o.Unkept == nil {
		o.Path, o.folder = c.Path(key+objectEnding), &c.Folder
	}
	return o, nil
}

// elsewhere makes the object in a temporary folder, where the cache cannot keep it.
func (c *Cache) elsewhere(ctx context.Context, t *Tools, j *Job, w *Written, unkept error) (*Object, error) {
	dir, err := os.MkdirTemp("", "aiopt-")
	if err != nil {
		return nil, &Missing{What: fmt.Sprintf("there is no folder to compile in: %v; nor can a temporary one be made: %v; set TMPDIR", unkept, err)}
	}
	o := &Object{Path: filepath.Join(dir, "object.so"), Refused: w.Refused, Unkept: unkept}
	if err := t.build(ctx, j.Target, w.Modules, o.Path, dir, j.Parallel); err != nil {
		os.RemoveAll(dir)
		if full(err) {
			return nil, &Missing{What: fmt.Sprintf("there is no folder to compile in: %v; nor is there room in %s; set TMPDIR", unkept, filepath.Dir(dir))}
		}
		return nil, c.explain(err, j, w.Modules)
	}
	return o, nil
}

// put moves an object into the cache, its note first: a reader who finds the new note with the old object, or none, sees
// that they disagree and compiles.
func (c *Cache) put(key, built string, n note) error {
	data, err := c.Read(built, mostObject)
	if err != nil {
		return err
	}
	n.SHA256 = hash(data)
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := c.Write(key+noteEnding, text); err != nil {
		return err
	}
	return c.Take(built, key+objectEnding)
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// good gives the note of the key's object where the cache has it, whole and for this processor.
func (c *Cache) good(key string, has []string) (*note, error) {
	n, err := c.note(key)
	if err != nil {
		return nil, err
	}
	for _, f := range n.Features {
		if !slices.Contains(has, f) {
			return nil, fmt.Errorf("the cached object needs %s, which this processor lacks", f)
		}
	}
	data, err := c.Read(key+objectEnding, mostObject)
	if err != nil {
		return nil, err
	}
	if hash(data) != n.SHA256 {
		return nil, errors.New("the cached object is not what its note says")
	}
	return n, nil
}

func (c *Cache) note(key string) (*note, error) {
	text, err := c.Read(key+noteEnding, mostObject)
	if err != nil {
		return nil, err
	}
	n := &note{}
	return n, json.Unmarshal(text, n)
}

// List gives what is in the cache, most recently used first.
func (c *Cache) List() ([]Entry, error) {
	all, err := c.Folder.List()
	var list []Entry
	for _, e := range all {
		if !slices.Contains(e.Files, e.Key+objectEnding) {
			continue // what llc died of
		}
		one := Entry{Entry: e}
		if n, err := c.note(e.Key); err == nil {
			one.Program = n.Program
		}
		list = append(list, one)
	}
	return list, err
}
