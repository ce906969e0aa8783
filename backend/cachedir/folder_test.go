package cachedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// key is one that sorts by its digit.
func key(digit string) string { return strings.Repeat(digit, 64) }

func folder(t *testing.T, limit int64) *Folder {
	t.Helper()
	return &Folder{Dir: filepath.Join(t.TempDir(), "a", "cache"), Limit: limit}
}

func write(t *testing.T, f *Folder, name string, bytes int, age time.Duration) {
	t.Helper()
	if err := f.Write(name, make([]byte, bytes)); err != nil {
		t.Fatal(err)
	}
	setAge(t, f.Path(name), age)
}

func setAge(t *testing.T, path string, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, f := range files {
		list = append(list, strings.TrimLeft(f.Name(), "0123456789abcdef")+" ") // without the digits of keys
	}
	return strings.TrimSpace(strings.Join(list, ""))
}

func TestWrite(t *testing.T) {
	f := folder(t, 1<<20)
	if _, _, err := f.Open("x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found the error %v before there was a folder, expected %v", err, fs.ErrNotExist)
	}
	for _, parts := range [][][]byte{{[]byte("one"), []byte("two")}, {[]byte("another")}, nil} {
		if err := f.Write("x", parts...); err != nil {
			t.Fatal(err)
		}
		want := ""
		for _, p := range parts {
			want += string(p)
		}
		if data, err := f.Read("x", 10); err != nil || string(data) != want {
			t.Errorf("found %q (%v), expected %q", data, err, want)
		}
	}
	info, err := os.Stat(f.Dir)
	if err != nil || info.Mode().Perm() != private {
		t.Errorf("the folder is %v (%v), expected the mode %o", info, err, private)
	}
	if err := f.Write("x", make([]byte, 11)); err != nil {
		t.Fatal(err)
	}
	if data, err := f.Read("x", 10); err == nil {
		t.Errorf("found %d bytes, expected an error for more than 10", len(data))
	}
	if left := names(t, f.Dir); left != "x" {
		t.Errorf("found the files %s, expected x", left)
	}
}

// TestNoFolder has all methods say that there is no folder, in the words for why.
func TestNoFolder(t *testing.T) {
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	user := User("cpu", 1)
	for want, f := range map[string]*Folder{"set HOME or XDG_CACHE_HOME": &user, "there is no folder": {}} {
		_, listed := f.List()
		_, built := f.Build()
		_, _, filed := f.Open("x")
		for what, err := range map[string]error{"Ready": f.Ready(), "Check": f.Check(), "Write": f.Write("x"), "Clear": f.Clear(), "Shrink": f.Shrink(), "List": listed, "Build": built, "File": filed} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: found the error %v, expected %q", what, err, want)
			}
		}
		if f.Note("x") != nil {
			t.Error("found a note")
		}
	}
}

// TestOthersHaveNoWay has folders that others may use or have made: they are not used, and the error says what to do.
func TestOthersHaveNoWay(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(dir string) error
		want string // in the error
	}{
		{"all may write", func(dir string) error { return errors.Join(os.Mkdir(dir, private), os.Chmod(dir, 0o777)) }, "chmod 700"},
		{"a group may write", func(dir string) error { return errors.Join(os.Mkdir(dir, private), os.Chmod(dir, 0o720)) }, "aiopt cache clear"},
		{"all may read", func(dir string) error { return errors.Join(os.Mkdir(dir, private), os.Chmod(dir, 0o755)) }, "0755, expected 0700; run `chmod 700"},
		{"a link", func(dir string) error {
			return errors.Join(os.Mkdir(dir+"2", private), os.Symlink(dir+"2", dir))
		}, "is a link, expected a folder"},
		{"a file", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "is not a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &Folder{Dir: filepath.Join(t.TempDir(), "cache"), Limit: 1 << 20}
			if err := c.make(f.Dir); err != nil {
				t.Fatal(err)
			}
			_, _, found := f.Open("x")
			for what, err := range map[string]error{"Ready": f.Ready(), "Write": f.Write("x"), "File": found} {
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), f.Dir) {
					t.Errorf("%s: found the error %v, expected one with %q", what, err, c.want)
				}
			}
		})
	}
}

func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	info, err := os.Lstat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owner, ok := ownerOf(info)
	if err := ownedBy(dir, info, owner); err != nil {
		t.Error(err)
	}
	if err := ownedBy(dir, info, owner+1); ok && (err == nil || !strings.Contains(err.Error(), "belongs to the user")) {
		t.Errorf("found the error %v for the folder of another user", err)
	}
}

// TestReplacedFolder has another folder take the name of one that is open, which stays the one that is used.
func TestReplacedFolder(t *testing.T) {
	f := folder(t, 1<<20)
	write(t, f, "x", 1, 0)
	path, done, err := f.Reach("x")
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	replace := func() error {
		return errors.Join(os.Rename(f.Dir, f.Dir+"2"), os.Mkdir(f.Dir, private), os.WriteFile(f.Path("x"), []byte("others'"), 0o600))
	}
	err = f.with(func(root *os.Root) error {
		if err := replace(); err != nil {
			return err
		}
		if _, err := f.opened(root, nil); err == nil || !strings.Contains(err.Error(), "was replaced") {
			t.Errorf("found the error %v for another folder of the name", err)
		}
		return rename(root, "x", "y")
	})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(filepath.Dir(path), "y")); runtime.GOOS == "linux" && (err != nil || len(data) != 1) {
		t.Errorf("found %q (%v) in the open folder, expected one byte", data, err)
	}
	if _, err := os.Lstat(f.Path("y")); err == nil {
		t.Error("the file was moved in the folder that had the name by then")
	}
}

// TestNamesStayInside has names that lead out of the folder.
func TestNamesStayInside(t *testing.T) {
	f := folder(t, 1<<20)
	write(t, f, "x", 1, 0)
	outside := filepath.Join(filepath.Dir(f.Dir), "y")
	if err := errors.Join(os.WriteFile(outside, nil, 0o600), os.Symlink(outside, f.Path("link"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../y", outside, "link"} {
		_, _, opened := f.Open(name)
		for what, err := range map[string]error{"Open": opened, "Take": f.Take("x", "../z"), "Write": f.Write("../z")} {
			if err == nil {
				t.Errorf("%s: found no error for %s", what, name)
			}
		}
	}
}

// TestFolders has an entry that is a folder of files.
func TestFolders(t *testing.T) {
	f := folder(t, 1<<20)
	for _, name := range []string{key("1") + ".h/a", key("1") + ".h/b"} {
		write(t, f, name, 10, time.Hour)
		if data, err := f.Read(name, 10); err != nil || len(data) != 10 {
			t.Errorf("found %d bytes of %s (%v)", len(data), name, err)
		}
	}
	if list, err := f.List(); err != nil || len(list) != 1 || list[0].Bytes != 20 {
		t.Errorf("found %v (%v), expected an entry of 20 bytes", list, err)
	}
	build, err := f.Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(f.Path(build+"/made"), nil, 0o600), f.Take(build+"/made", key("2")+".o"), f.Remove(build)); err != nil {
		t.Fatal(err)
	}
	if left := names(t, f.Dir); left != ".h .o" {
		t.Errorf("found the files %s", left)
	}
}

// TestUncreatable has a file where a folder above should be.
func TestUncreatable(t *testing.T) {
	above := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(above, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := &Folder{Dir: filepath.Join(above, "cache")}
	if err := f.Ready(); err == nil {
		t.Error("a folder below a file is ready")
	}
	if err := f.Clear(); err == nil {
		t.Error("a folder below a file was cleared")
	}
}

// TestGarbage has folders where files should be, which are replaced, and files of no entry, which stay.
func TestGarbage(t *testing.T) {
	f := folder(t, 1<<20)
	entry := key("a") + ".so"
	for _, name := range []string{entry, "x.note", "mine"} {
		if err := os.MkdirAll(filepath.Join(f.Dir, name, "deeper"), private); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Dir, name, "deeper", "file"), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := f.Open(entry); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("found the error %v for a folder", err)
	}
	if list, err := f.List(); err != nil || len(list) != 1 || list[0].Bytes != 100 {
		t.Errorf("found %v (%v), expected one entry of 100 bytes", list, err)
	}
	write(t, f, entry, 10, 0)
	if err := f.PutNote("x", []byte("text")); err != nil || string(f.Note("x")) != "text" {
		t.Errorf("found the note %q (%v)", f.Note("x"), err)
	}
	if err := os.MkdirAll(filepath.Join(f.Dir, key("b")+".so", "deeper"), private); err != nil {
		t.Fatal(err)
	}
	if err := f.Clear(); err != nil {
		t.Fatal(err)
	}
	if left := names(t, f.Dir); left != "mine" {
		t.Errorf("%s was left, expected what is not ours", left)
	}
}

// TestClear has the folder of names that are ours, and of some that are nearly so; it is open to all, which Clear does not mind.
func TestClear(t *testing.T) {
	f := folder(t, 1<<20)
	for _, name := range []string{key("0") + ".so", key("0") + ".json", "llc.note", "new-17"} {
		write(t, f, name, 1, 0)
	}
	if _, err := f.Build(); err != nil {
		t.Fatal(err)
	}
	strangers := []string{"new-", "new-a1", "build-log", "news", "library.so", key("A") + ".so", key("a"), key("a")[1:] + ".so"}
	for _, name := range strangers {
		write(t, f, name, 1, 0)
	}
	if err := os.Chmod(f.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := f.List(); err == nil {
		t.Error("a folder that is open to all is listed")
	}
	if err := f.Clear(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(f.Dir)
	if err != nil || len(files) != len(strangers) {
		t.Errorf("%v are left (%v), expected %v", files, err, strangers)
	}
}

func TestShrink(t *testing.T) {
	f := folder(t, 1000)
	for i, digit := range []string{"1", "2", "3", "4"} {
		write(t, f, key(digit)+".so", 300, time.Duration(i+1)*time.Minute)
		write(t, f, key(digit)+".json", 10, 10*time.Hour)
	}
	write(t, f, "new-1", 300, 2*time.Minute)
	write(t, f, "new-2", 300, 2*time.Hour)
	old, err := f.Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.Path(old+"/0.o"), make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	setAge(t, f.Path(old+"/0.o"), 2*time.Hour)
	setAge(t, f.Path(old), 2*time.Hour)
	if err := f.Shrink(key("4")); err != nil {
		t.Fatal(err)
	}
	list, err := f.List()
	kept := ""
	for _, e := range list {
		kept += e.Key[:1]
		if len(e.Files) != 2 || e.Bytes != 310 {
			t.Errorf("found %v of %d bytes, expected two of 310", e.Files, e.Bytes)
		}
	}
	if err != nil || kept != "124" { // 300 bytes are being made, 620 stay, and the one that must
		t.Errorf("found %s (%v), expected 1, 2 and 4", kept, err)
	}
	for name, want := range map[string]bool{"new-1": true, "new-2": false, old: false} {
		if _, err := os.Lstat(f.Path(name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.Used(key("4") + ".json")
	if list, err := f.List(); err != nil || list[0].Key != key("4") {
		t.Errorf("found %v (%v), expected the one that was used last", list, err)
	}
}

// TestMost holds that the disk bounds what is kept.
func TestMost(t *testing.T) {
	for _, limit := range []int64{1, 1 << 62} {
		f := &Folder{Dir: t.TempDir(), Limit: limit}
		want := limit
		if n, ok := diskBytes(f.Dir); ok {
			want = min(limit, n/10)
		}
		if got := f.Most(); got != want {
			t.Errorf("found %d for the limit %d, expected %d", got, limit, want)
		}
	}
}
