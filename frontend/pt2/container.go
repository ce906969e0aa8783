package pt2

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"sync"

	"github.com/edsrzf/mmap-go"
)

// maxEntries bounds the directory in memory; the largest models have some ten thousand entries.
const maxEntries = 1 << 18

// maxDirectory bounds the directory in the file, in bytes.
const maxDirectory = 16 << 20

// Container is a zip file with uncompressed entries, mapped into memory: a .pt2 archive, or any other that a .air
// file takes weights from.
type Container struct {
	Path    string
	Root    string  // the one folder that holds every entry; empty when there is none
	Entries []Entry // in directory order

	index map[string]int // by Entry.Name
	unmap func() error
}

// Entry is a file inside a container. Data aliases the mapped file and is valid until Close.
type Entry struct {
	Name string // relative to the container's root folder
	Size int64  // in bytes
	CRC  uint32 // as the directory states it; see Check
	Data []byte

	hashed *hashed // shared by the copies of an entry of a container
}

// hashed is the CRC32 of an entry's bytes, computed when it is first asked for.
type hashed struct {
	once  sync.Once
	crc32 uint32
}

// Check compares the CRC32 of the entry's bytes with the one in the directory. The bytes are read the first time only.
func (e Entry) Check() error {
	h := e.hashed
	if h == nil {
		h = &hashed{}
	}
	h.once.Do(func() { h.crc32 = crc32.ChecksumIEEE(e.Data) })
	if found := h.crc32; found != e.CRC {
		return problem(e.Name, tryCopy, "the bytes are damaged: their CRC32 is %08x, the zip directory states %08x", found, e.CRC)
	}
	return nil
}

// OpenContainer maps a zip file and checks its directory. No entry is read.
func OpenContainer(path string) (*Container, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the mapping outlives the descriptor
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: path, What: "found a folder or device, expected a file"}
	}
	if info.Size() == 0 {
		return ReadContainer(nil, path)
	}
	mapped, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be mapped: %w", path, err)
	}
	c, err := ReadContainer(mapped, path)
	if err != nil {
		mapped.Unmap()
		return nil, err
	}
	c.unmap = mapped.Unmap
	return c, nil
}

// ReadContainer is OpenContainer over bytes that the caller keeps unchanged; name stands for the path in errors.
func ReadContainer(data []byte, name string) (*Container, error) {
	c := &Container{Path: name}
	if err := c.readDirectory(data); err != nil {
		return nil, c.locate(err)
	}
	return c, nil
}

// Close ends the mapping; no Entry.Data may be used afterwards.
func (c *Container) Close() error {
	unmap := c.unmap
	c.unmap = nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

// Entry finds an entry by its name below the root folder, by its full name, or, for weights and constants, by its
// bare file name as the configurations in the archive spell it (weight_0).
func (c *Container) Entry(name string) (Entry, error) {
	for _, prefix := range [...]string{"", stores[Weights].folder, stores[Constants].folder} {
		if e, ok := c.lookup(prefix + name); ok {
			return e, nil
		}
	}
	if below, ok := strings.CutPrefix(name, c.Root+"/"); ok && c.Root != "" {
		if e, ok := c.lookup(below); ok {
			return e, nil
		}
	}
	return Entry{}, &Error{File: c.Path, What: fmt.Sprintf("there is no entry %q", name),
		Try: "check that this is the file that the name was taken from"}
}

// Bytes finds an entry as Entry does and compares what another file noted about it with the zip directory: a
// container that was replaced since is an error, and so are damaged bytes.
func (c *Container) Bytes(name string, size int64, crc uint32) ([]byte, error) {
	e, err := c.Entry(name)
	if err != nil {
		return nil, err
	}
	if e.Size != size || e.CRC != crc {
		return nil, &Error{File: c.Path, At: name,
			What: fmt.Sprintf("found %d bytes with CRC32 %08x, expected %d bytes with CRC32 %08x: the file was changed",
				e.Size, e.CRC, size, crc),
			Try: "bring the original file back, or import the model again"}
	}
	return c.Checked(e)
}

// Checked gives the bytes of one of the container's entries; an error names the file and the entry where they are damaged.
func (c *Container) Checked(e Entry) ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, c.locate(err)
	}
	return e.Data, nil
}

func (c *Container) lookup(name string) (Entry, bool) {
	i, ok := c.index[name]
	if !ok {
		return Entry{}, false
	}
	return c.Entries[i], true
}

// hasPrefix reports whether any entry's name begins so.
func (c *Container) hasPrefix(prefix string) bool {
	for i := range c.Entries {
		if strings.HasPrefix(c.Entries[i].Name, prefix) {
			return true
		}
	}
	return false
}

// locate names the file in an error of this package.
func (c *Container) locate(err error) error {
	if e, ok := err.(*Error); ok && e.File == "" {
		e.File = c.Path
	}
	return err
}

func (c *Container) readDirectory(data []byte) error {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return notZip(data)
	}
	source := &directoryReader{ReaderAt: bytes.NewReader(data), left: maxDirectory}
	reader, err := zip.NewReader(source, int64(len(data)))
	if source.left < 0 {
		return problem("", trySave, "the zip directory has more than %d bytes", maxDirectory)
	}
	source.left = math.MaxInt // entries may be found
	if err != nil {
		return problem("", tryCopy, "the file begins as a zip archive but has no valid directory at its end; it is cut short or damaged")
	}
	if len(reader.File) > maxEntries {
		return problem("", trySave, "found %d zip entries, expected at most %d", len(reader.File), maxEntries)
	}
	c.Root = commonRoot(reader.File)
	c.Entries = make([]Entry, 0, len(reader.File))
	c.index = make(map[string]int, len(reader.File))
	sums := make([]hashed, len(reader.File))
	total := int64(0)
	for i, f := range reader.File {
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
			continue // a folder
		}
		e, err := readEntry(data, f)
		if err != nil {
			if other := asRelative(namesBelow(c.Root, reader.File)); other != nil {
				return other // what it is says more than that it cannot be read
			}
			return err
		}
		if total += e.Size; total > int64(len(data)) {
			return problem(f.Name, trySave, "the entries together state more bytes than the file of %d bytes has; they overlap", len(data))
		}
		if c.Root != "" {
			e.Name = e.Name[len(c.Root)+1:]
		}
		if _, ok := c.index[e.Name]; ok {
			return problem(f.Name, trySave, "the zip directory lists this entry twice")
		}
		e.hashed = &sums[i]
		c.index[e.Name] = len(c.Entries)
		c.Entries = append(c.Entries, e)
	}
	return nil
}

// directoryReader ends the reading of a directory that is larger than any real one: each of its lines becomes several
// times larger in memory.
type directoryReader struct {
	io.ReaderAt
	left int
}

// ReadAt reads no more than is left.
func (r *directoryReader) ReadAt(p []byte, off int64) (int, error) {
	if r.left -= len(p); r.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return r.ReaderAt.ReadAt(p, off)
}

// commonRoot is the folder that all entries lie in, which torch names after the file as it was when saved.
func commonRoot(files []*zip.File) string {
	if len(files) == 0 {
		return ""
	}
	root, _, ok := strings.Cut(files[0].Name, "/")
	if !ok {
		return ""
	}
	for _, f := range files {
		if first, _, ok := strings.Cut(f.Name, "/"); !ok || first != root {
			return ""
		}
	}
	return root
}

// readEntry checks one entry of the directory against the file's bytes.
func readEntry(data []byte, f *zip.File) (Entry, error) {
	if !fs.ValidPath(f.Name) || strings.ContainsFunc(f.Name, func(r rune) bool { return r == '\\' || r < ' ' }) {
		return Entry{}, problem("", trySave, "the zip entry name %q is not a plain relative path", f.Name)
	}
	if f.Flags&1 != 0 {
		return Entry{}, problem(f.Name, trySave, "the entry is encrypted")
	}
	if f.Method != zip.Store {
		return Entry{}, problem(f.Name, tryStored, "the entry is compressed (zip method %d), expected stored bytes (method 0)", f.Method)
	}
	if f.CompressedSize64 != f.UncompressedSize64 {
		return Entry{}, problem(f.Name, tryCopy, "the directory states %d stored bytes and %d bytes of content, expected equal sizes",
			f.CompressedSize64, f.UncompressedSize64)
	}
	offset, err := f.DataOffset()
	if err != nil || offset < 0 || offset > int64(len(data)) {
		return Entry{}, problem(f.Name, tryCopy, "the directory points to no local header inside the file of %d bytes", len(data))
	}
	rest := data[offset:]
	if f.UncompressedSize64 > uint64(len(rest)) {
		return Entry{}, problem(f.Name, tryCopy, "the entry states %d bytes from offset %d on, but the file has %d bytes in all",
			f.UncompressedSize64, offset, len(data))
	}
	size := int(f.UncompressedSize64)
	return Entry{Name: f.Name, Size: int64(size), CRC: f.CRC32, Data: rest[:size:size]}, nil
}
