// Package packed keeps constants in the order in which kernels read them, so that a program that runs again maps them in
// place of packing them.
package packed

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/edsrzf/mmap-go"

	"github.com/aiopt/aiopt/backend/cpu/memory"
)

// Cache is a folder of files, each one packed constant.
type Cache struct {
	Dir   string
	Limit int64 // bytes that may stay; the least recently used go first
}

// The size that a cache is kept to: the smaller of the two.
const (
	DefaultLimit = 4 << 30
	diskShare    = 10 // one in so many bytes of the disk
)

// Switch is the environment variable that turns the user's cache off, by the value off.
const Switch = "AIOPT_PACKED_CACHE"

// UserCache is the cache of the user: packed below aiopt in $XDG_CACHE_HOME, or where the system keeps such files.
func UserCache() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	c := &Cache{Dir: filepath.Join(dir, "aiopt", "packed"), Limit: DefaultLimit}
	if os.Getenv(Switch) == "off" {
		c.Limit = 0
	}
	return c, nil
}

// Key names a packed constant: a hash of the constants, and of the code that packs them.
type Key [32]byte

const ending = ".packed"

func (c *Cache) path(k Key) string { return filepath.Join(c.Dir, hex.EncodeToString(k[:])+ending) }

// A file is the constant and a footer: magic, the bytes of the constant and their CRC-32C, little endian, and the key.
const (
	magic      = "aiopt packed 1\n\x00"
	footerSize = len(magic) + 8 + 4 + len(Key{})
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func footer(k Key, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64([]byte(magic), uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(data, castagnoli))
	return append(b, k[:]...)
}

// ErrDamaged is in the error for a file that does not hold what its name says.
var ErrDamaged = errors.New("the packed constant is damaged")

// Open maps the constant of a key, which has n bytes. The error is fs.ErrNotExist where the cache has none, and ErrDamaged
// for a file that holds anything else; who gets an error packs anew.
func (c *Cache) Open(k Key, n int) (*memory.Region, error) {
	if c.Limit <= 0 {
		return nil, fs.ErrNotExist
	}
	path := c.path(k)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping outlives the descriptor
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() != int64(n)+int64(footerSize) {
		return nil, fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	data, err := mmap.MapRegion(f, int(info.Size()), mmap.RDONLY, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &memory.Region{Data: data}
	if !bytes.Equal(data[n:], footer(k, data[:n])) {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrDamaged), r.Free())
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // only the order of removal depends on it
	return r, nil
}

// Put writes a constant, which appears whole or not at all. What the cache cannot hold is left out.
func (c *Cache) Put(ctx context.Context, k Key, data []byte) error {
	if int64(len(data)) > c.Limit {
		return nil
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.Dir, "new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing, once it is renamed
	_, err = f.Write(data)
	if err == nil {
		_, err = f.Write(footer(k, data))
	}
	if err = errors.Join(err, f.Close(), ctx.Err()); err != nil {
		return err
	}
	return os.Rename(f.Name(), c.path(k)) // not synced: what a crash leaves half written is found damaged
}

// Entry is one file of a cache.
type Entry struct {
	Name  string
	Bytes int64
	Used  time.Time
}

// List gives what is in the cache, most recently used first.
func (c *Cache) List() ([]Entry, error) {
	files, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !strings.HasSuffix(f.Name(), ending) { // another process has removed it
			continue
		}
		list = append(list, Entry{f.Name(), info.Size(), info.ModTime()})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		if n := b.Used.Compare(a.Used); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

// Clear removes every file. What is mapped stays readable.
func (c *Cache) Clear() error { return c.shrink(0) }

// Shrink removes what was not used for longest until the rest fits.
func (c *Cache) Shrink() error {
	limit := c.Limit
	if n, ok := diskBytes(c.Dir); ok {
		limit = min(limit, n/diskShare)
	}
	return c.shrink(limit)
}

func (c *Cache) shrink(limit int64) error {
	list, err := c.List()
	total := int64(0)
	for _, e := range list {
		if total += e.Bytes; total <= limit {
			continue
		}
		if gone := os.Remove(filepath.Join(c.Dir, e.Name)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		total -= e.Bytes
	}
	return err
}
