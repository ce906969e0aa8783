package aiopt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/asset"
	"github.com/aiopt/aiopt/ir/atomicfile"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/ir/text"
)

// sources opens the files that a text takes its data from, each once and only when data is asked for.
type sources struct {
	text string   // its name
	dirs []string // that it is in

	mu    sync.Mutex
	files map[string]*opened
}

// opened is an open file: bytes finds an entry and checks that it is the one meant, release says that it is not read for a while.
type opened struct {
	bytes   func(entry string, size int64, crc uint32) ([]byte, error)
	release func(entry string)
}

// newSources is for the text of a name, which may be a link.
func newSources(path string) *sources {
	s := &sources{text: path, dirs: []string{filepath.Dir(path)}, files: map[string]*opened{}}
	if to, err := atomicfile.Target(path); err == nil && to != path {
		s.dirs = append(s.dirs, filepath.Dir(to))
	}
	return s
}

// find gives the path of a file that the text names: beside the name of the text or, where only that is a link, beside
// what the link leads to.
func (s *sources) find(name string) string {
	for _, dir := range s.dirs {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	return filepath.Join(s.dirs[0], name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// bind makes the sources of a module's resources openable; their paths become relative to the working directory.
func (s *sources) bind(m *ir.Module) {
	for _, r := range m.Resources {
		src := r.Source
		if src.File == "" || src.Open != nil {
			continue
		}
		path := filepath.FromSlash(src.File)
		if !filepath.IsAbs(path) {
			path = s.find(path)
		}
		src.File = path
		src.Open = func() ([]byte, error) {
			f, err := s.open(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%s takes data from %s, and there is no such file: a text has to stay where its data is; to move or copy a model make one file of it there: aiopt %s -o %s",
					s.text, path, filepath.Base(s.text), strings.TrimSuffix(filepath.Base(s.text), ".air")+".airpkg")
			}
			if err != nil {
				return nil, err
			}
			return f.bytes(src.Entry, src.Size, src.CRC)
		}
		src.Release = func() {
			if f, err := s.open(path); err == nil {
				f.release(src.Entry)
			}
		}
	}
}

func (s *sources) open(path string) (*opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.files[path]; ok {
		return f, nil
	}
	open := openers[filepath.Ext(path)]
	if open == nil {
		open = openArchive // whatever it is called
	}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	s.files[path] = f
	return f, nil
}

// openers open the files that data lies in, by their ending.
var openers = map[string]func(path string) (*opened, error){".safetensors": openTensors, ".airpkg": openAsset, ".pt2": openArchive}

func openTensors(path string) (*opened, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	return &opened{f.Bytes, f.Release}, nil
}

func openAsset(path string) (*opened, error) {
	a, err := asset.Open(path)
	if err != nil {
		return nil, err
	}
	return &opened{a.Bytes, a.Release}, nil
}

func openArchive(path string) (*opened, error) {
	c, err := pt2.OpenContainer(path)
	if err != nil {
		return nil, err
	}
	return &opened{c.Bytes, func(entry string) {
		if e, err := c.Entry(entry); err == nil {
			c.Release(e)
		}
	}}, nil
}

// saveText writes a text and, if passes made data, the safetensors file that holds it. Data that lies in that very file,
// from an earlier save, is carried over.
func saveText(ctx context.Context, m *ir.Module, path string) error {
	path, err := atomicfile.Target(path) // the text names its data from where it is
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	out := shallow(m)
	weights := strings.TrimSuffix(path, ".air") + ".weights.safetensors"
	made, err := madeData(out, weights)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	place := func() error { return nil }
	if len(made) > 0 {
		entries := make([]safetensors.Entry, len(made))
		for i, d := range made {
			entries[i] = d.entry
		}
		f, sums, err := safetensors.Prepare(ctx, weights, entries)
		if err != nil {
			return err
		}
		defer f.Discard()
		for i, d := range made {
			src := &ir.Source{File: weights, Entry: d.entry.Name, Size: int64(len(d.entry.Data)), CRC: sums[i]}
			for _, r := range out.Resources {
				if r.Source == d.source {
					r.Source = src
				}
			}
		}
		place = f.Place
	}
	if err := relativeTo(out, filepath.Dir(path)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return writeText(out, path, weights, place)
}

// datum is data that goes to the weights file, and the source it had before.
type datum struct {
	source *ir.Source
	entry  safetensors.Entry
}

// madeData lists the data that no file holds and, if there is any, what the weights file about to be replaced holds.
func madeData(m *ir.Module, weights string) ([]datum, error) {
	var list []datum
	fresh := false
	seen := map[*ir.Source]bool{}
	for _, r := range m.Resources {
		src := r.Source
		if src.Elided {
			return nil, fmt.Errorf("the data of @%s was left out of the text it came from; start from the original model", r.Name)
		}
		if seen[src] || src.File != "" && !sameFile(src.File, weights) {
			continue
		}
		seen[src] = true
		fresh = fresh || src.File == ""
		data, err := src.Bytes()
		if err != nil {
			return nil, fmt.Errorf("@%s: %w", r.Name, err)
		}
		e := safetensors.Entry{Name: r.Name, Data: data} // plain bytes, where the resource is a part of them
		if shape, ok := r.Type.Static(); ok && r.Strides == nil && r.Offset == 0 {
			if n, err := host.SizeBytes(r.Type.Elem, shape); err == nil && n == len(data) {
				e.Elem, e.Shape = r.Type.Elem, shape
			}
		}
		list = append(list, datum{src, e})
	}
	if !fresh {
		return nil, nil
	}
	return list, nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// relativeTo names the files of sources as a text in dir does.
func relativeTo(m *ir.Module, dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, r := range m.Resources {
		if r.Source.File == "" {
			continue
		}
		from, err := filepath.Abs(r.Source.File)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(absolute, from)
		if err != nil {
			rel = from
		}
		src := *r.Source
		src.File = filepath.ToSlash(rel)
		r.Source = &src
	}
	return nil
}

// writeText writes the text to a temporary file beside path, puts the weights in their place, and only then gives the text
// its name. Where that fails, the old weights come back.
func writeText(m *ir.Module, path, weights string, place func() error) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := text.Print(f, m, text.Options{Locs: true}); err != nil {
		return f.Located(err)
	}
	if err := f.Finish(); err != nil {
		return err
	}
	backup := f.Name() + ".old"
	older, err := atomicfile.Target(weights)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", weights, err)
	}
	kept := os.Link(older, backup) == nil // fails where there are no old weights, or they are elsewhere
	defer os.Remove(backup)
	if err := place(); err != nil {
		return err
	}
	if err := f.Place(); err != nil {
		if kept {
			return errors.Join(err, os.Rename(backup, older))
		}
		return err
	}
	return nil
}
