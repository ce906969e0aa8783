package zipfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
)

var options = Options{MaxEntries: 8, MaxDirectory: 16 << 10, Advice: Advice{Copy: "copy it", Make: "make it", Store: "store it"}}

// memory is a Target in memory.
type memory struct{ bytes.Buffer }

func (m *memory) WriteAt(p []byte, at int64) (int, error) { return copy(m.Bytes()[at:], p), nil }

type content struct{ name, data string }

var contents = []content{{"a.txt", "hello"}, {"empty", ""}, {"folder/b.bin", strings.Repeat("xyz", 100)}}

// written is a file as Writer makes it; large is the least size that needs 64 bits.
func written(t testing.TB, large int64, entries ...content) []byte {
	t.Helper()
	out := &memory{}
	z := NewWriter(out)
	z.large = large
	for _, c := range entries {
		_, err := z.Add(c.name, int64(len(c.data)), func(w io.Writer) error {
			_, err := io.WriteString(w, c.data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestWriter reads what Writer writes with the standard library and with this package, with fields of 32 and 64 bits.
func TestWriter(t *testing.T) {
	for _, large := range []int64{max32, 200, 1, 0} {
		data := written(t, large, contents...)
		std, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("large %d: %v", large, err)
		}
		f, err := Read(data, "x.zip", options)
		if err != nil {
			t.Fatalf("large %d: %v", large, err)
		}
		if err := f.CheckLayout(); err != nil {
			t.Errorf("large %d: %v", large, err)
		}
		for i, c := range contents {
			r, err := std.File[i].Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || std.File[i].Name != c.name || string(got) != c.data {
				t.Errorf("large %d: found %s %q, %v", large, std.File[i].Name, got, err)
			}
			e, _ := f.Entry(c.name)
			if string(e.Data) != c.data || e.Check() != nil || e.offset%Alignment != 0 {
				t.Errorf("large %d: %s: %q at %d, %v", large, c.name, e.Data, e.offset, e.Check())
			}
		}
	}
}

func TestWriterChecksSizes(t *testing.T) {
	z := NewWriter(&memory{})
	if _, err := z.Add("x", 3, func(w io.Writer) error { _, err := io.WriteString(w, "four"); return err }); err == nil {
		t.Error("4 bytes were taken for 3")
	}
}

// std is a file as other programs make it.
func std(change func(h *zip.FileHeader), entries ...content) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, c := range entries {
		size := uint64(len(c.data))
		h := &zip.FileHeader{Name: c.name, CRC32: crc32.ChecksumIEEE([]byte(c.data)), CompressedSize64: size, UncompressedSize64: size}
		if change != nil {
			change(h)
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			panic(err)
		}
		io.WriteString(f, c.data)
	}
	w.Close()
	return out.Bytes()
}

// patched changes bytes at a distance behind the nth mark.
func patched(data []byte, mark string, nth, at int, put ...byte) []byte {
	data = slices.Clone(data)
	from := 0
	for range nth {
		from += bytes.Index(data[from:], []byte(mark)) + 1
	}
	copy(data[from+bytes.Index(data[from:], []byte(mark))+at:], put)
	return data
}

func u32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

// hostile are files that are no good, and what is said of them.
var hostile = []struct {
	name string
	make func(good []byte) []byte
	want string
}{
	{"empty", func([]byte) []byte { return nil }, "found no zip file"},
	{"no zip", func([]byte) []byte { return []byte("hello") }, "found no zip file"},
	{"cut", func(b []byte) []byte { return b[:len(b)-1] }, "no valid directory at its end"},
	{"half", func(b []byte) []byte { return b[:len(b)/2] }, "no valid directory"},
	{"many", func([]byte) []byte {
		var list []content
		for range 9 {
			list = append(list, content{strings.Repeat("x", len(list)+1), ""})
		}
		return std(nil, list...)
	}, "found 9 zip entries, expected at most 8"},
	{"directory", func([]byte) []byte { return std(nil, content{strings.Repeat("x", 20000), ""}) }, "the zip directory has more than 16384 bytes"},
	{"count", func(b []byte) []byte { return patched(b, endMark, 0, 8, 0xff, 0x7f, 0xff, 0x7f) }, "no valid directory"},
	{"duplicate", func([]byte) []byte { return std(nil, contents[0], contents[0]) }, "a.txt: the zip directory lists this entry twice"},
	{"parent", func([]byte) []byte { return std(nil, content{"../x", ""}) }, `"../x" is not a plain relative path`},
	{"absolute", func([]byte) []byte { return std(nil, content{"/x", ""}) }, `"/x" is not a plain relative path`},
	{"backslash", func([]byte) []byte { return std(nil, content{`a\x`, ""}) }, "is not a plain relative path"},
	{"zero byte", func([]byte) []byte { return std(nil, content{"a\x00", ""}) }, "is not a plain relative path"},
	{"encrypted", func([]byte) []byte { return std(func(h *zip.FileHeader) { h.Flags |= 1 }, contents...) }, "a.txt: the entry is encrypted"},
	{"compressed", func([]byte) []byte { return std(func(h *zip.FileHeader) { h.Method = zip.Deflate }, contents...) }, "a.txt: the entry is compressed (zip method 8), expected stored bytes (method 0); store it"},
	{"symbolic link", func([]byte) []byte { return std(func(h *zip.FileHeader) { h.SetMode(0o777 | 1<<27) }, contents...) }, "a.txt: the entry is a symbolic link"},
	{"two sizes", func(b []byte) []byte { return patched(b, centralMark, 0, 24, u32(6)...) }, "states 5 stored bytes and 6 bytes of content"},
	{"bomb", func(b []byte) []byte { return patched(b, centralMark, 0, 20, append(u32(1<<30), u32(1<<30)...)...) }, "a.txt: the entry states 1073741824 bytes from offset"},
	{"offset", func(b []byte) []byte { return patched(b, centralMark, 0, 42, u32(1<<30)...) }, "a.txt: the directory points to no local header"},

	// What only CheckLayout refuses.
	{"overlap", func(b []byte) []byte {
		f, _ := Read(b, "", options)
		return patched(b, centralMark, 2, 42, u32(int(f.Entries[0].offset)-64)...) // the third entry's header is the first one's
	}, "its data begins at byte"},
	{"gap", func(b []byte) []byte {
		return append([]byte(localMark+strings.Repeat(".", 60)), b...)
	}, "found bytes of no entry"},
	{"other name", func(b []byte) []byte { return patched(b, localMark, 0, localSize, 'b') }, `a.txt: its local header names it "b.txt"`},
	{"other sum", func(b []byte) []byte { return patched(b, localMark, 0, 14, 1, 2, 3, 4) }, "a.txt: its local header and the directory differ"},
	{"other size", func(b []byte) []byte { return patched(b, localMark, 0, 22, 1) }, "a.txt: its local header and the directory differ"},
	{"time", func(b []byte) []byte { return patched(b, localMark, 0, 10, 1) }, "a.txt: its local header gives it a time"},
	{"date in the directory", func(b []byte) []byte { return patched(b, centralMark, 1, 14, 2) }, "the directory gives it a time, expected the beginning of 1980"},
	{"not aligned", func([]byte) []byte { return std(nil, contents...) }, "its data begins at byte 35, expected a multiple of 64"},
	{"comment", func(b []byte) []byte { return append(patched(b, endMark, 0, 20, 3, 0), "abc"...) }, "found bytes behind the end of the zip directory, or a comment"},
	{"more bytes", func(b []byte) []byte { return append(slices.Clone(b), "abc"...) }, "found bytes behind the end of the zip directory"},
}

func TestHostileFiles(t *testing.T) {
	good := written(t, max32, contents...)
	for _, h := range hostile {
		f, err := Read(h.make(good), "x.zip", options)
		if err == nil {
			err = f.CheckLayout()
		}
		var located *Error
		if !errors.As(err, &located) || !strings.HasPrefix(err.Error(), "x.zip: ") || !strings.Contains(err.Error(), h.want) {
			t.Errorf("%s: %v, expected ... %s", h.name, err, h.want)
		}
	}
}

func TestDamagedEntry(t *testing.T) {
	data := written(t, max32, contents...)
	data[Alignment] ^= 1
	f, err := Read(data, "x.zip", options)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Entries[0].Check(); err == nil || !strings.Contains(err.Error(), "a.txt: the bytes are damaged: their CRC32 is") {
		t.Error(err)
	}
}
