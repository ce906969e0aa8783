package tests

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/tests/corpus"
)

// fuzzBase is an archive that mutations start from.
type fuzzBase struct {
	name  string
	parts []zipPart
	index func() map[string]*jsonDoc // the JSON of its entries, by name
}

type zipPart struct {
	name string
	data []byte
}

func newFuzzBase(name string, archive []byte) (*fuzzBase, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	b := &fuzzBase{name: name}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		b.parts = append(b.parts, zipPart{f.Name, data})
	}
	b.index = sync.OnceValue(func() map[string]*jsonDoc {
		docs := map[string]*jsonDoc{}
		for _, p := range b.parts {
			if strings.HasSuffix(p.name, ".json") {
				docs[p.name] = newJSONDoc(p.data)
			}
		}
		return docs
	})
	return b, nil
}

// program is the JSON of the first model.
func (b *fuzzBase) program() *jsonDoc {
	for _, p := range b.parts {
		if strings.Contains(p.name, "/models/") {
			return b.index()[p.name]
		}
	}
	return newJSONDoc([]byte("{}"))
}

// maxFuzzBase keeps the models out that take long to run.
const maxFuzzBase = 1 << 20

// fuzzBases reads the archives of the corpora, of the examples and of the readers' own tests: operators first, models
// then. Tests change copies.
func fuzzBases(t testing.TB) (ops, models []*fuzzBase) {
	t.Helper()
	all, err := allFuzzBases()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1]
}

var allFuzzBases = sync.OnceValues(readFuzzBases)

func readFuzzBases() (all [2][]*fuzzBase, err error) {
	add := func(to int, name string, data []byte) error {
		if len(data) > maxFuzzBase {
			return nil
		}
		b, err := newFuzzBase(name, data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all[to] = append(all[to], b)
		return nil
	}
	for i := range all {
		zip := filepath.Join("corpus", corpora[i]+".zip")
		if err := corpus.Each(zip, "*.pt2", func(name string, data []byte) error { return add(i, name, data) }); err != nil {
			return all, err
		}
	}
	for _, pattern := range []string{"../examples/*/*.pt2", "custom/*.pt2", "../frontend/*/testdata/*.pt2"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			return all, fmt.Errorf("%s: no archives: %v", pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err == nil {
				err = add(1, path, data)
			}
			if err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// hostileFile makes a file that a script says: mostly a good archive with other JSON in it, for what is behind the checks
// of the container, and at times one with a broken container.
func hostileFile(s *script, ops, models []*fuzzBase) []byte {
	from := ops
	if s.pick(3) == 2 {
		from = models
	}
	b, donor := one(s, from), one(s, from)
	parts := slices.Clone(b.parts)
	kind := s.pick(16)
	if kind != 0 {
		for i, p := range parts {
			doc := b.index()[p.name]
			if doc != nil && len(doc.byKey) > 1 && (strings.Contains(p.name, "/models/") || s.pick(8) == 7) {
				parts[i].data = doc.mutate(s, donor.program())
			}
		}
	}
	if kind <= 2 {
		for range 1 + s.pick(2) {
			parts = one(s, partMutations)(s, parts)
		}
	}
	file := zipOf(parts)
	if kind == 0 {
		for range 1 + s.pick(3) {
			file = one(s, zipMutations)(s, file)
		}
	}
	return file
}

// zipOf writes an archive as torch does, with sums that are right.
func zipOf(parts []zipPart) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range parts {
		size := uint64(len(p.data))
		f, err := w.CreateRaw(&zip.FileHeader{Name: p.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(p.data), CompressedSize64: size, UncompressedSize64: size})
		if err != nil {
			panic(err)
		}
		f.Write(p.data) // refused for the name of a folder, which is as hostile
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// partMutations change what entries an archive has.
var partMutations = []func(s *script, parts []zipPart) []zipPart{
	func(s *script, parts []zipPart) []zipPart { // missing
		i := s.pick(max(len(parts), 1))
		return append(parts[:min(i, len(parts)):min(i, len(parts))], parts[min(i+1, len(parts)):]...)
	},
	func(s *script, parts []zipPart) []zipPart { return append(parts, one(s, parts)) }, // twice
	func(s *script, parts []zipPart) []zipPart { // another name
		p := &parts[s.pick(len(parts))]
		p.name = one(s, []string{"", "/", "../x", "x", "a/b/c", p.name + "/", p.name + "x", strings.ToUpper(p.name), "other/" + p.name, "a\\b", "\x00", parts[0].name,
			strings.Replace(p.name, "model", "other", 1)})
		return parts
	},
	func(s *script, parts []zipPart) []zipPart { // another's content
		parts[s.pick(len(parts))].data = one(s, parts).data
		return parts
	},
	func(s *script, parts []zipPart) []zipPart { // cut short
		p := &parts[s.pick(len(parts))]
		p.data = p.data[:s.pick(len(p.data)+1)]
		return parts
	},
	func(s *script, parts []zipPart) []zipPart { // a second program
		for _, p := range parts {
			if name := strings.Replace(p.name, "models/model", "models/second", 1); name != p.name {
				parts = append(parts, zipPart{name, p.data})
			}
			if name := strings.Replace(p.name, "/model_", "/second_", 1); name != p.name {
				parts = append(parts, zipPart{name, p.data})
			}
		}
		return parts
	},
}

// zipMutations change the bytes of the container.
var zipMutations = []func(s *script, file []byte) []byte{
	func(s *script, file []byte) []byte { return file[:s.pick(len(file)+1)] },
	func(s *script, file []byte) []byte { return append(file, file[:s.pick(len(file)+1)]...) },
	func(s *script, file []byte) []byte {
		if len(file) > 0 {
			file[s.pick(len(file))] = byte(s.pick(256))
		}
		return file
	},
	func(s *script, file []byte) []byte { // the end of the directory: counts, size, offset, comment
		return setField(s, file, "PK\x05\x06", [][2]int{{8, 2}, {10, 2}, {12, 4}, {16, 4}, {20, 2}})
	},
	// a line of the directory: flags, method, sums, sizes, lengths of names, offset
	directoryField, directoryField, directoryField,
	func(s *script, file []byte) []byte { // a local header
		return setField(s, file, "PK\x03\x04", [][2]int{{6, 2}, {8, 2}, {14, 4}, {18, 4}, {22, 4}, {26, 2}, {28, 2}})
	},
}

func directoryField(s *script, file []byte) []byte {
	return setField(s, file, "PK\x01\x02", [][2]int{{8, 2}, {10, 2}, {16, 4}, {20, 4}, {24, 4}, {28, 2}, {30, 2}, {32, 2}, {42, 4}})
}

// setField sets one of the fields (place and width) of one of the records that begin with a mark.
func setField(s *script, file []byte, mark string, fields [][2]int) []byte {
	var at []int
	for from := 0; ; {
		i := bytes.Index(file[from:], []byte(mark))
		if i < 0 {
			break
		}
		at = append(at, from+i)
		from += i + 4
	}
	if len(at) == 0 {
		return file
	}
	field := one(s, fields)
	place := one(s, at) + field[0]
	if place+4 > len(file) {
		return file
	}
	n := uint32(one(s, []int64{0, 1, 2, 8, 46, 0x7fff, 0xffff, 0x7fffffff, 0xfffffffe, 0xffffffff, int64(len(file)), int64(len(file)) - 1, int64(place)}))
	if field[1] == 2 {
		binary.LittleEndian.PutUint16(file[place:], uint16(n))
	} else {
		binary.LittleEndian.PutUint32(file[place:], n)
	}
	return file
}
