package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/edsrzf/mmap-go"

	"github.com/aiopt/aiopt/ir/host"
)

// MaxHeader bounds the header, in bytes, as the format's own library does.
const MaxHeader = 100 << 20

// metadataKey is the header's one key that names no tensor, crcPrefix the keys in it that hold checksums.
const (
	metadataKey = "__metadata__"
	crcPrefix   = "crc32."
)

// Entry is one tensor of a file. Types narrower than a byte are stored as U8, a row's bytes instead of its elements.
type Entry struct {
	Name  string
	Elem  host.Elem
	Shape []int
	Data  []byte // row-major, little-endian; in a File it shares the file's memory
}

// Pair is one line of a file's metadata.
type Pair struct{ Key, Value string }

// File is a safetensors file whose bytes stay where they are.
type File struct {
	Path     string // empty where the bytes came from elsewhere
	Entries  []Entry
	Metadata []Pair // without checksums

	index  map[string]int // by Entry.Name
	sums   map[string]uint32
	hashed []hashed // of each entry
	unmap  func() error
}

// hashed is the CRC-32 of an entry's bytes, computed when it is first asked for.
type hashed struct {
	once  sync.Once
	crc32 uint32
}

// Open maps a file into memory and reads its header. The tensors are valid until Close, and as long as nobody changes the
// file.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < 8 { // an empty file cannot be mapped
		return nil, fmt.Errorf("%s: no safetensors file: it has %d bytes, too few for a header", path, info.Size())
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be mapped: %w", path, err)
	}
	f, err := Parse(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), data.Unmap())
	}
	f.Path, f.unmap = path, data.Unmap
	return f, nil
}

// Close gives the memory of an opened file back. Its tensors must not be used any more.
func (f *File) Close() error {
	if f.unmap == nil {
		return nil
	}
	unmap := f.unmap
	f.unmap = nil
	return unmap()
}

// Parse reads a file's bytes, which the caller keeps unchanged.
func Parse(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("no safetensors file: it has %d bytes, too few for a header", len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	switch {
	case size > MaxHeader:
		return nil, fmt.Errorf("no safetensors file: the header would take %d bytes, at most %d are allowed", size, MaxHeader)
	case size > uint64(len(data)-8):
		return nil, fmt.Errorf("the header takes %d bytes, the file has only %d more: it is cut off", size, len(data)-8)
	}
	header := data[8 : 8+size]
	if !bytes.HasPrefix(header, []byte("{")) {
		return nil, errors.New("no safetensors file: the header does not start with {")
	}
	if !utf8.Valid(header) {
		return nil, errors.New("the header is not UTF-8")
	}
	f := &File{index: map[string]int{}, sums: map[string]uint32{}}
	spans, err := f.header(header)
	if err != nil {
		return nil, err
	}
	f.hashed = make([]hashed, len(f.Entries))
	return f, f.place(spans, data[8+size:])
}

// span is where an entry's bytes lie in the data behind the header.
type span struct {
	entry      int
	begin, end uint64
}

// description is how the header describes a tensor.
type description struct {
	Dtype   string   `json:"dtype"`
	Shape   dims     `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

// maxRank bounds a shape before it is decoded, which takes several times the memory of its text.
const maxRank = 64

type dims []int64

// UnmarshalJSON reads a list of integers.
func (d *dims) UnmarshalJSON(text []byte) error {
	if n := bytes.Count(text, []byte(",")); n >= maxRank {
		return fmt.Errorf("the shape has %d dimensions, at most %d are allowed", n+1, maxRank)
	}
	return json.Unmarshal(text, (*[]int64)(d))
}

func (f *File) header(text []byte) ([]span, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil, headerError(err)
	}
	var spans []span
	described := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, headerError(err)
		}
		name := key.(string) // More, inside an object
		if name == metadataKey {
			if described {
				return nil, errors.New("the header has its metadata twice")
			}
			described = true
			if err := f.metadata(dec); err != nil {
				return nil, err
			}
			continue
		}
		if _, twice := f.index[name]; twice {
			return nil, fmt.Errorf("the header has the tensor %q twice", name)
		}
		var d description
		if err := dec.Decode(&d); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, headerError(err))
		}
		s, err := f.describe(name, &d)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		spans = append(spans, s)
	}
	if _, err := dec.Token(); err != nil {
		return nil, headerError(err)
	}
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("the header goes on after its end: %.20q", rest)
	}
	return spans, nil
}

func headerError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the header ends inside its JSON text")
	}
	return fmt.Errorf("the header is no JSON object of tensors: %w", err)
}

func (f *File) metadata(dec *json.Decoder) error {
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errors.New("the header's metadata is no object")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return headerError(err)
		}
		value, err := dec.Token()
		if err != nil {
			return headerError(err)
		}
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("the metadata %q is no string", key)
		}
		if name, isSum := strings.CutPrefix(key.(string), crcPrefix); isSum && len(text) == 8 {
			if sum, err := strconv.ParseUint(text, 16, 32); err == nil {
				f.sums[name] = uint32(sum)
				continue
			}
		}
		f.Metadata = append(f.Metadata, Pair{key.(string), text})
	}
	if _, err := dec.Token(); err != nil {
		return headerError(err)
	}
	return nil
}

func (f *File) describe(name string, d *description) (span, error) {
	e, ok := elemOf(d.Dtype)
	if !ok {
		return span{}, fmt.Errorf("the dtype %q is not known; known are %s", d.Dtype, strings.Join(dtypes(), ", "))
	}
	shape := make([]int, len(d.Shape))
	for i, n := range d.Shape {
		shape[i] = int(n)
		if n < 0 || int64(shape[i]) != n {
			return span{}, fmt.Errorf("dimension %d is %d", i, n)
		}
	}
	size, err := host.SizeBytes(e, shape)
	if err != nil {
		return span{}, err
	}
	if len(d.Offsets) != 2 || d.Offsets[0] > d.Offsets[1] {
		return span{}, fmt.Errorf("data_offsets are %d, expected the begin and the end", d.Offsets)
	}
	if n := d.Offsets[1] - d.Offsets[0]; n != uint64(size) {
		return span{}, fmt.Errorf("%s of shape %v takes %d bytes, data_offsets give it %d", d.Dtype, host.ShapeText(shape), size, n)
	}
	f.index[name] = len(f.Entries)
	f.Entries = append(f.Entries, Entry{Name: name, Elem: e, Shape: shape})
	return span{len(f.Entries) - 1, d.Offsets[0], d.Offsets[1]}, nil
}

// place gives the entries their bytes. The format demands that they fill the data without gaps, in any order.
func (f *File) place(spans []span, data []byte) error {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	at := uint64(0)
	for _, s := range spans {
		e := &f.Entries[s.entry]
		switch {
		case s.begin < at:
			return fmt.Errorf("tensor %q begins at byte %d, inside another one that ends at %d", e.Name, s.begin, at)
		case s.begin > at:
			return fmt.Errorf("tensor %q begins at byte %d, the one before it ends at %d: the format allows no gaps", e.Name, s.begin, at)
		case s.end > uint64(len(data)):
			return fmt.Errorf("tensor %q ends at byte %d, the data has only %d: the file is cut off", e.Name, s.end, len(data))
		}
		e.Data = data[s.begin:s.end:s.end]
		at = s.end
	}
	if at != uint64(len(data)) {
		return fmt.Errorf("the data has %d bytes, the tensors take %d", len(data), at)
	}
	return nil
}

func elemOf(dtype string) (host.Elem, bool) {
	for _, e := range host.Elems() {
		if !e.Packed() && e.Safetensors() == dtype {
			return e, true
		}
	}
	return host.Invalid, false
}

func dtypes() []string {
	var names []string
	for _, e := range host.Elems() {
		if !e.Packed() {
			names = append(names, e.Safetensors())
		}
	}
	return names
}

// Names lists the tensors in the header's order.
func (f *File) Names() []string {
	names := make([]string, len(f.Entries))
	for i, e := range f.Entries {
		names[i] = e.Name
	}
	return names
}

// Entry finds a tensor by name.
func (f *File) Entry(name string) (*Entry, error) {
	i, ok := f.index[name]
	if !ok {
		return nil, f.errorf("there is no tensor %q%s", name, f.has())
	}
	return &f.Entries[i], nil
}

func (f *File) has() string {
	const most = 10
	names := f.Names()
	switch {
	case len(names) == 0:
		return "; the file is empty"
	case len(names) > most:
		return fmt.Sprintf("; there are %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "; there are " + strings.Join(names, ", ")
}

// Tensor gives a tensor that shares the file's bytes, which are checked as Bytes does.
func (f *File) Tensor(name string) (*host.Tensor, error) {
	e, err := f.Entry(name)
	if err != nil {
		return nil, err
	}
	if err := f.check(f.index[name]); err != nil {
		return nil, err
	}
	return host.FromBytes(e.Elem, e.Shape, e.Data)
}

func (f *File) errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if f.Path != "" {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	return err
}
