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

// TestMode holds that a new file has the mode that any other program would give it, and a replaced one keeps its own.
func TestMode(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	usual, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.json")
	for _, want := range []os.FileMode{usual.Mode(), 0o600, 0o664, 0o444} {
		if _, err := os.Stat(path); err == nil {
			if err := os.Chmod(path, want); err != nil {
				t.Fatal(err)
			}
		}
		if err := Write(path, func(f *os.File) error { _, err := f.WriteString("x"); return err }); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("got %v (%v), expected %v", info.Mode(), err, want)
		}
	}
}

// TestLink holds that the file which a link leads to is written, beside itself, and the link stays; one that leads nowhere
// yet makes its file.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "x.json")
	for from, to := range map[string]string{link: "second", filepath.Join(dir, "second"): filepath.Join("data", "x.json"), filepath.Join(dir, "loop"): "loop"} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"new", "newer"} {
		if err := Write(link, func(f *os.File) error { _, err := f.WriteString(text); return err }); err != nil {
			t.Fatal(err)
		}
		holdsOnly(t, filepath.Join(dir, "data"), "x.json", text)
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("got %v (%v), expected the link", info.Mode(), err)
		}
	}
	if err := Check(filepath.Join(dir, "loop")); err == nil || !strings.Contains(err.Error(), "loop: too many symbolic links") {
		t.Errorf("%v, expected that the link leads to itself", err)
	}
}
