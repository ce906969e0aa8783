package packed

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aiopt/aiopt/backend/cachedir"
)

func newCache(t *testing.T) *Cache {
	t.Helper()
	return &Cache{cachedir.Folder{Dir: filepath.Join(t.TempDir(), "packed"), Limit: 1 << 20}}
}

func put(t *testing.T, c *Cache, k Key, data []byte) {
	t.Helper()
	if err := c.Put(context.Background(), k, data); err != nil {
		t.Fatal(err)
	}
}

func TestKeptConstant(t *testing.T) {
	c, want := newCache(t), bytes.Repeat([]byte("weights"), 1000)
	if _, err := c.Open(Key{1}, len(want)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found the error %v in an empty cache, expected %v", err, fs.ErrNotExist)
	}
	put(t, c, Key{1}, want)
	r, err := c.Open(Key{1}, len(want))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.Data[:len(want)], want) {
		t.Error("the bytes are others")
	}
	if err := c.Clear(); err != nil { // what is mapped stays readable
		t.Fatal(err)
	}
	if !bytes.Equal(r.Data[:len(want)], want) {
		t.Error("the bytes are others after the file has gone")
	}
	if err := r.Free(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("%v were left (%v)", left, err)
	}
}

func TestDamagedConstants(t *testing.T) {
	data := bytes.Repeat([]byte{7}, 5000)
	for _, tt := range []struct {
		name   string
		damage func(c *Cache, path string) error
	}{
		{"a changed bit", func(_ *Cache, path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[4000] ^= 4
			return os.WriteFile(path, b, 0o600)
		}},
		{"cut", func(_ *Cache, path string) error { return os.Truncate(path, 100) }},
		{"longer", func(_ *Cache, path string) error { return os.Truncate(path, 1<<20) }},
		{"nothing", func(_ *Cache, path string) error { return os.Truncate(path, 0) }},
		{"of another key", func(c *Cache, path string) error {
			if err := c.Put(context.Background(), Key{2}, data); err != nil {
				return err
			}
			return os.Rename(c.Path(fileName(Key{2})), path)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCache(t)
			put(t, c, Key{1}, data)
			if err := tt.damage(c, c.Path(fileName(Key{1}))); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Open(Key{1}, len(data)); !errors.Is(err, ErrDamaged) {
				t.Errorf("found the error %v, expected %v", err, ErrDamaged)
			}
			put(t, c, Key{1}, data)
			r, err := c.Open(Key{1}, len(data))
			if err != nil {
				t.Fatalf("packed anew: %v", err)
			}
			if err := r.Free(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestShrinkPacked(t *testing.T) {
	c := newCache(t)
	for i := range byte(4) {
		put(t, c, Key{i}, make([]byte, 400<<10))
		at := time.Now().Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(c.Path(fileName(Key{i})), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Shrink(); err != nil {
		t.Fatal(err)
	}
	list, err := c.List()
	if err != nil || len(list) != 2 || list[0].Files[0] != fileName(Key{3}) || list[1].Files[0] != fileName(Key{2}) {
		t.Errorf("found %v (%v), expected the two that were used last", list, err)
	}
}

func TestNoRoom(t *testing.T) {
	c := newCache(t)
	put(t, c, Key{1}, make([]byte, 2<<20))
	off := &Cache{cachedir.Folder{Dir: c.Dir}}
	put(t, off, Key{2}, make([]byte, 10))
	for _, k := range []Key{{1}, {2}} {
		if _, err := c.Open(k, 10); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("found the error %v, expected %v", err, fs.ErrNotExist)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Put(cancelled, Key{3}, make([]byte, 10)); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v, expected %v", err, context.Canceled)
	}
	if left, err := c.List(); err != nil || len(left) > 0 {
		t.Errorf("found %v (%v), expected nothing", left, err)
	}
	t.Setenv(Switch, "off")
	if user := UserCache(); user.Limit != 0 {
		t.Errorf("found the limit %d, expected the user's cache to be off", user.Limit)
	}
}
