package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	for _, text := range []string{"one", "two"} {
		err := Write(path, func(f *os.File) error { _, err := f.WriteString(text); return err })
		if got, readErr := os.ReadFile(path); err != nil || readErr != nil || string(got) != text {
			t.Errorf("got %q (%v, %v), expected %q", got, err, readErr, text)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("got %v (%v), expected a file that all may read", info.Mode(), err)
	}
	holdsOnly(t, dir, "x.json", "two")
}

// TestFailure holds that an error leaves the older file and nothing else, and never names the temporary file.
func TestFailure(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	elsewhere := &os.PathError{Op: "open", Path: "model.pt2", Err: errors.New("gone")}
	for _, c := range []struct {
		path string
		fill func(*os.File) error
		want string
	}{
		{path, func(f *os.File) error { return elsewhere }, "x.json: open model.pt2: gone"},
		{path, func(f *os.File) error { f.Close(); _, err := f.WriteString("new"); return err }, "x.json: file already closed"},
		{path, func(f *os.File) error { f.Close(); return nil }, "x.json: file already closed"},
		{dir, nil, "it is a folder or device"},
		{filepath.Join(dir, "no", "x.json"), nil, "there is no folder " + filepath.Join(dir, "no") + "; make it first"},
		{filepath.Join(path, "x.json"), nil, "there is no folder " + path},
	} {
		err := Write(c.path, c.fill)
		if err == nil || !strings.HasSuffix(strings.TrimSuffix(err.Error(), "; make it first"), strings.TrimSuffix(c.want, "; make it first")) || strings.Contains(err.Error(), ".aiopt-") {
			t.Errorf("%v, expected ... %s", err, c.want)
		}
	}
	if err := Write(path, func(*os.File) error { return context.Canceled }); err != context.Canceled {
		t.Errorf("%v, expected what the user did", err)
	}
	holdsOnly(t, dir, "x.json", "old")
}

func holdsOnly(t *testing.T, dir, name, text string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	got, readErr := os.ReadFile(filepath.Join(dir, name))
	if err != nil || readErr != nil || len(list) != 1 || string(got) != text {
		t.Errorf("found %v, %s holds %q; expected it alone with %q", list, name, got, text)
	}
}
