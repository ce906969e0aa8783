package zipfile

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"sync"

	"github.com/edsrzf/mmap-go"

	"github.com/aiopt/aiopt/ir/mapped"
)

// Options bound a file's directory and say what its errors suggest.
type Options struct {
	MaxEntries   int // how many entries it lists; each takes some hundred bytes of memory
	MaxDirectory int // how many bytes it has in the file
	Advice       Advice
	// NotZip says what bytes are that do not begin as a zip file; nil for a plain message.
	NotZip func(data []byte) error
	// Kind says what a zip file is by the names in its directory when an entry cannot be read; nil where it cannot tell.
	Kind func(names []string) error
}

// File is a zip file with uncompressed entries, mapped into memory.
type File struct {
	Path    string
	Entries []Entry // in directory order, without folders

	data   []byte
	index  map[string]int // by Entry.Name
	advice Advice
	unmap  func() error
}

// Entry is a file inside a zip file. Data aliases the mapped file and is valid until Close.
type Entry struct {
	Name string
	Size int64  // in bytes
	CRC  uint32 // as the directory states it; see Check
	Data []byte

	offset int64 // of Data in the file
	try    string
	hashed *hashed // shared by the copies of an entry
}

// hashed is the CRC32 of an entry's bytes, computed when it is first asked for.
type hashed struct {
	once  sync.Once
	crc32 uint32
}

// Check compares the CRC32 of the entry's bytes with the one in the directory. The bytes are read the first time only.
// The error does not name the file.
func (e Entry) Check() error {
	h := e.hashed
	if h == nil {
		h = &hashed{}
	}
	h.once.Do(func() { h.crc32 = crc32.ChecksumIEEE(e.Data) })
	if found := h.crc32; found != e.CRC {
		return problem(e.Name, e.try, "the bytes are damaged: their CRC32 is %08x, the zip directory states %08x", found, e.CRC)
	}
	return nil
}

// Open maps a zip file and checks its directory. No entry is read.
func Open(path string, opt Options) (*File, error) {
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
		return Read(nil, path, opt)
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be mapped: %w", path, err)
	}
	f, err := Read(data, path, opt)
	if err != nil {
		data.Unmap()
		return nil, err
	}
	f.unmap = data.Unmap
	return f, nil
}

// Read is Open over bytes that the caller keeps unchanged; name stands for the path in errors.
func Read(data []byte, name string, opt Options) (*File, error) {
	f := &File{Path: name, data: data, advice: opt.Advice}
	if err := f.read(opt); err != nil {
		return nil, f.locate(err)
	}
	return f, nil
}

// Close ends the mapping; no Entry.Data may be used afterwards.
func (f *File) Close() error {
	unmap := f.unmap
	f.unmap = nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

// Release says that some of the file's bytes are not read for a while. They stay valid.
func (f *File) Release(part []byte) {
	if f.unmap != nil {
		mapped.Release(part)
	}
}

// Entry finds an entry by its name.
func (f *File) Entry(name string) (Entry, bool) {
	i, ok := f.index[name]
	if !ok {
		return Entry{}, false
	}
	return f.Entries[i], true
}

// Size is the number of bytes of the whole file.
func (f *File) Size() int64 { return int64(len(f.data)) }

// locate names the file in an error of this package.
func (f *File) locate(err error) error {
	if e, ok := err.(*Error); ok && e.File == "" {
		e.File = f.Path
	}
	return err
}

func (f *File) read(opt Options) error {
	if !bytes.HasPrefix(f.data, []byte(localMark)) {
		if opt.NotZip != nil {
			return opt.NotZip(f.data)
		}
		return problem("", f.advice.Make, "found no zip file")
	}
	source := &directoryReader{ReaderAt: bytes.NewReader(f.data), left: opt.MaxDirectory}
	reader, err := zip.NewReader(source, int64(len(f.data)))
	if source.left < 0 {
		return problem("", f.advice.Make, "the zip directory has more than %d bytes", opt.MaxDirectory)
	}
	source.left = math.MaxInt // entries may be found
	if err != nil {
		return problem("", f.advice.Copy, "the file begins as a zip archive but has no valid directory at its end; it is cut short or damaged")
	}
	if len(reader.File) > opt.MaxEntries {
		return problem("", f.advice.Make, "found %d zip entries, expected at most %d", len(reader.File), opt.MaxEntries)
	}
	f.Entries = make([]Entry, 0, len(reader.File))
	f.index = make(map[string]int, len(reader.File))
	sums := make([]hashed, len(reader.File))
	total := int64(0)
	for i, z := range reader.File {
		if strings.HasSuffix(z.Name, "/") && z.UncompressedSize64 == 0 {
			continue // a folder
		}
		e, err := f.entry(z)
		if err != nil {
			if opt.Kind != nil {
				err = cmp.Or(opt.Kind(namesOf(reader)), err) // what it is says more than that it cannot be read
			}
			return err
		}
		if total += e.Size; total > int64(len(f.data)) {
			return problem(z.Name, f.advice.Make, "the entries together state more bytes than the file of %d bytes has; they overlap", len(f.data))
		}
		if _, ok := f.index[e.Name]; ok {
			return problem(z.Name, f.advice.Make, "the zip directory lists this entry twice")
		}
		e.hashed, e.try = &sums[i], f.advice.Copy
		f.index[e.Name] = len(f.Entries)
		f.Entries = append(f.Entries, e)
	}
	return nil
}

// Names lists a directory as it stands, whose entries may not be readable; nil where there is none.
func Names(r io.ReaderAt, size int64, opt Options) []string {
	reader, err := zip.NewReader(&directoryReader{ReaderAt: r, left: opt.MaxDirectory}, size)
	if err != nil {
		return nil
	}
	return namesOf(reader)
}

func namesOf(reader *zip.Reader) []string {
	names := make([]string, len(reader.File))
	for i, z := range reader.File {
		names[i] = z.Name
	}
	return names
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

// entry checks one entry of the directory against the file's bytes.
func (f *File) entry(z *zip.File) (Entry, error) {
	try := f.advice
	if !fs.ValidPath(z.Name) || strings.ContainsFunc(z.Name, func(r rune) bool { return r == '\\' || r < ' ' }) {
		return Entry{}, problem("", try.Make, "the zip entry name %q is not a plain relative path", z.Name)
	}
	if z.Flags&1 != 0 {
		return Entry{}, problem(z.Name, try.Make, "the entry is encrypted")
	}
	if !z.Mode().IsRegular() {
		return Entry{}, problem(z.Name, try.Make, "the entry is a symbolic link, folder or device, expected a plain file")
	}
	if z.Method != zip.Store {
		return Entry{}, problem(z.Name, try.Store, "the entry is compressed (zip method %d), expected stored bytes (method 0)", z.Method)
	}
	if z.CompressedSize64 != z.UncompressedSize64 {
		return Entry{}, problem(z.Name, try.Copy, "the directory states %d stored bytes and %d bytes of content, expected equal sizes",
			z.CompressedSize64, z.UncompressedSize64)
	}
	offset, err := z.DataOffset()
	if err != nil || offset < 0 || offset > int64(len(f.data)) {
		return Entry{}, problem(z.Name, try.Copy, "the directory points to no local header inside the file of %d bytes", len(f.data))
	}
	rest := f.data[offset:]
	if z.UncompressedSize64 > uint64(len(rest)) {
		return Entry{}, problem(z.Name, try.Copy, "the entry states %d bytes from offset %d on, but the file has %d bytes in all",
			z.UncompressedSize64, offset, len(f.data))
	}
	size := int(z.UncompressedSize64)
	return Entry{Name: z.Name, Size: int64(size), CRC: z.CRC32, Data: rest[:size:size], offset: offset}, nil
}
