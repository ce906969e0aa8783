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

	"github.com/edsrzf/mmap-go"

	"github.com/aiopt/aiopt/backend/cachedir"
	"github.com/aiopt/aiopt/backend/cpu/memory"
)

// Cache is a folder of files, each one packed constant.
type Cache struct{ cachedir.Folder }

// DefaultLimit is the size that a cache is kept to.
const DefaultLimit = 4 << 30

// NewCache is a cache in a folder of the caller's choice.
func NewCache(dir string) *Cache { return &Cache{cachedir.Folder{Dir: dir, Limit: DefaultLimit}} }

// Switch is the environment variable that turns the user's cache off, by the value off.
const Switch = "AIOPT_PACKED_CACHE"

// UserCache is the cache of the user.
func UserCache() *Cache {
	c := &Cache{cachedir.User("packed", DefaultLimit)}
	if os.Getenv(Switch) == "off" {
		c.Limit = 0
	}
	return c
}

// Key names a packed constant: a hash of the constants, and of the code that packs them.
type Key [32]byte

func fileName(k Key) string { return hex.EncodeToString(k[:]) + ".packed" }

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
	f, size, err := c.Folder.Open(fileName(k))
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping outlives the descriptor
	path := c.Path(fileName(k))
	if size != int64(n)+int64(footerSize) {
		return nil, fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	data, err := mmap.MapRegion(f, int(size), mmap.RDONLY, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &memory.Region{Data: data}
	if !bytes.Equal(data[n:], footer(k, data[:n])) {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrDamaged), r.Free())
	}
	c.Used(fileName(k))
	return r, nil
}

// Put writes a constant, which appears whole or not at all. What the cache cannot hold is left out.
func (c *Cache) Put(ctx context.Context, k Key, data []byte) error {
	if int64(len(data)) > c.Limit {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.Write(fileName(k), data, footer(k, data))
}
