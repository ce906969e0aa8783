package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/tests/corpus"
	"github.com/aiopt/aiopt/tools/gendocs/docs"
)

// fixtures are what several tests read: each zip is unpacked once a run, in a folder that goes with it.
type fixtures struct {
	root string

	mu       sync.Mutex
	unpacked map[string]func() (string, error)
}

var shared = &fixtures{unpacked: map[string]func() (string, error){}}

// readCorpus counts what the zips of cases hold, once a run.
var readCorpus = sync.OnceValues(func() (*docs.Corpus, error) { return docs.ReadCorpus(".") })

// folder gives a test a folder of its own with the files of a zip, such as corpus/ops. They are links: a test may put
// files beside them, and must not write into them.
func (s *fixtures) folder(t testing.TB, zip string) string {
	t.Helper()
	s.mu.Lock()
	once := s.unpacked[zip]
	if once == nil {
		once = sync.OnceValues(func() (string, error) { return s.unpack(zip) })
		s.unpacked[zip] = once
	}
	s.mu.Unlock()
	from, err := once()
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range files {
		if err := os.Link(filepath.Join(from, f.Name()), filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (s *fixtures) unpack(zip string) (string, error) {
	dir, err := os.MkdirTemp(s.root, "unpacked-")
	if err != nil {
		return "", err
	}
	if err := corpus.Unpack(filepath.FromSlash(zip+".zip"), dir); err != nil {
		return "", fmt.Errorf("%s: %w", zip, err)
	}
	return dir, nil
}
