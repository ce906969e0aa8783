package cachedir

import (
	"errors"
	"os"
	"testing"
)

// TestWhole damages a file, or its sum.
func TestWhole(t *testing.T) {
	f := folder(t, 1<<20)
	name := key("1") + ".exe"
	take := func() {
		t.Helper()
		dir, err := f.Build()
		if err != nil {
			t.Fatal(err)
		}
		built := dir + "/made"
		if err := errors.Join(os.WriteFile(f.Path(built), []byte("text"), 0o600), f.TakeWhole(built, name), f.Remove(dir)); err != nil {
			t.Fatal(err)
		}
	}
	if f.Whole(name) {
		t.Error("a file is whole that is not there")
	}
	for what, damage := range map[string]func() error{
		"changed": func() error { return os.WriteFile(f.Path(name), []byte("test"), 0o600) },
		"cut":     func() error { return os.Truncate(f.Path(name), 3) },
		"emptied": func() error { return os.Truncate(f.Path(name), 0) },
		"longer":  func() error { return os.WriteFile(f.Path(name), []byte("text."), 0o600) },
		"gone":    func() error { return f.Remove(name) },
		"no sum":  func() error { return f.Remove(name + sumEnding) },
		"cut sum": func() error { return os.Truncate(f.Path(name+sumEnding), 31) },
	} {
		take()
		if !f.Whole(name) {
			t.Errorf("%s: the file is not whole to begin with", what)
		}
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if f.Whole(name) {
			t.Errorf("%s: the file is whole", what)
		}
	}
	take()
	if list, err := f.List(); err != nil || len(list) != 1 || len(list[0].Files) != 2 {
		t.Errorf("found %v (%v), expected an entry of two files", list, err)
	}
}
