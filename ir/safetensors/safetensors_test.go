package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aiopt/aiopt/ir/host"
)

func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestParse(t *testing.T) {
	f, err := Parse(file(`{"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},"__metadata__":{"format":"pt","crc32.b":"0000000a"},`+
		`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"c":{"dtype":"I64","shape":[0,2],"data_offsets":[7,7]}}  `, 0, 0, 0x80, 0x3f, 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Name: "b", Elem: host.U8, Shape: []int{3}, Data: []byte{1, 2, 3}},
		{Name: "a", Elem: host.F32, Shape: []int{}, Data: []byte{0, 0, 0x80, 0x3f}},
		{Name: "c", Elem: host.I64, Shape: []int{0, 2}},
	}
	if d := cmp.Diff(want, f.Entries, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff([]Pair{{"format", "pt"}}, f.Metadata); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	a, err := f.Tensor("a")
	if err != nil || host.At(a, 0) != 1.0 {
		t.Errorf("got %v, %v", a, err)
	}
	if _, err := f.Tensor("d"); err == nil || err.Error() != `there is no tensor "d"; there are b, a, c` {
		t.Errorf("got %v", err)
	}
}

func TestParseRejects(t *testing.T) {
	tensor := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"x":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	four := []byte{1, 2, 3, 4}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "too few for a header"},
		{"short", make([]byte, 7), "too few for a header"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, 1<<63), "at most 104857600 are allowed"},
		{"header past the end", binary.LittleEndian.AppendUint64(nil, 100), "cut off"},
		{"empty header", file(""), "does not start with {"},
		{"no object", file("[]"), "does not start with {"},
		{"not UTF-8", file("{\"\xff\":1}"), "not UTF-8"},
		{"no JSON", file("{x}"), "no JSON object"},
		{"unfinished", file(`{"x":`), "ends inside"},
		{"unfinished object", file(`{"x":{}`), `the dtype "" is not known`},
		{"more text", file(`{}{}`), "goes on after its end"},
		{"number for tensor", file(`{"x":1}`), "no JSON object of tensors"},
		{"deep", file(`{"x":` + strings.Repeat("[", 100000)), "no JSON object of tensors"},
		{"twice", file(`{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), "twice"},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`), "metadata twice"},
		{"metadata list", file(`{"__metadata__":[]}`), "metadata is no object"},
		{"metadata number", file(`{"__metadata__":{"a":1}}`), "no string"},
		{"dtype", file(tensor("F3", "[4]", "[0,4]"), four...), `the dtype "F3" is not known; known are BOOL, I8`},
		{"negative", file(tensor("U8", "[-4]", "[0,4]"), four...), "dimension 0 is -4"},
		{"fraction", file(tensor("U8", "[1.5]", "[0,4]"), four...), "no JSON object of tensors"},
		{"overflow", file(tensor("U8", "[4294967296,4294967296,4294967296]", "[0,4]"), four...), "too many elements"},
		{"wrong size", file(tensor("F32", "[2]", "[0,4]"), four...), "F32 of shape [2] takes 8 bytes, data_offsets give it 4"},
		{"backwards", file(tensor("U8", "[4]", "[4,0]"), four...), "data_offsets are [4 0]"},
		{"one offset", file(tensor("U8", "[4]", "[4]"), four...), "data_offsets are [4]"},
		{"offset overflow", file(tensor("U8", "[0]", "[18446744073709551615,18446744073709551615]"), four...), "begins at byte 18446744073709551615"},
		{"past the end", file(tensor("U8", "[5]", "[0,5]"), four...), "cut off"},
		{"gap", file(tensor("U8", "[2]", "[2,4]"), four...), "no gaps"},
		{"rest", file(tensor("U8", "[2]", "[0,2]"), four...), "the data has 4 bytes, the tensors take 2"},
		{"overlap", file(`{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, four...), `"y" begins at byte 2, inside another`},
	}
	for _, tt := range tests {
		if _, err := Parse(tt.data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func entries() []Entry {
	packed, err := host.Pack(host.New(host.I8, 2, 3), host.I4)
	if err != nil {
		panic(err)
	}
	return []Entry{
		{Name: "z", Elem: host.BF16, Shape: []int{3}, Data: []byte{1, 2, 3, 4, 5, 6}},
		{Name: "raw", Data: []byte("five!")},
		{Name: `a "quoted" name`, Elem: host.I32, Shape: []int{}, Data: []byte{9, 8, 7, 6}},
		{Name: "packed", Elem: host.I4, Shape: []int{2, 3}, Data: packed.Data},
		{Name: "empty", Elem: host.C128, Shape: []int{0, 7}},
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	in := entries()
	sums, err := Write(path, in, Pair{"made by", "a test"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at := 8 + binary.LittleEndian.Uint64(data); at%alignment != 0 {
		t.Errorf("the data begins at byte %d", at)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := entries()
	want[1].Elem, want[1].Shape = host.U8, []int{5}
	want[3].Elem, want[3].Shape = host.U8, []int{2, 2}
	if d := cmp.Diff(want, f.Entries, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff([]Pair{{"made by", "a test"}}, f.Metadata); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
	for i, e := range in {
		if sums[i] != crc32.ChecksumIEEE(e.Data) {
			t.Errorf("%s: checksum %08x", e.Name, sums[i])
		}
		got, err := f.Bytes(e.Name, int64(len(e.Data)), sums[i])
		if err != nil || !bytes.Equal(got, e.Data) {
			t.Errorf("%s: got %v, %v", e.Name, got, err)
		}
	}
	if _, err := f.Bytes("z", 6, sums[0]+1); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.HasSuffix(err.Error(), "the file was changed") {
		t.Errorf("got %v", err)
	}
	if _, err := f.Bytes("z", 7, sums[0]); err == nil {
		t.Error("a wrong size was accepted")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEncodeDeterministic(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if _, err := Encode(w, entries(), Pair{"k", "v"}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same entries gave other bytes")
	}
	var none bytes.Buffer
	if _, err := Encode(&none, nil); err != nil {
		t.Fatal(err)
	}
	if f, err := Parse(none.Bytes()); err != nil || len(f.Entries) != 0 {
		t.Errorf("an empty file: %v", err)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	var b bytes.Buffer
	if _, err := Encode(&b, entries()); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	data[len(data)-1] ^= 1
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(); err == nil || !strings.Contains(err.Error(), `"packed" is damaged`) {
		t.Errorf("got %v", err)
	}
	for range 2 { // the second answer is remembered
		if _, err := f.Tensor("packed"); err == nil || !strings.Contains(err.Error(), `"packed" is damaged`) {
			t.Errorf("Tensor: found the error %v, expected one about damage", err)
		}
		if _, err := f.Bytes("packed", int64(len(f.Entries[f.index["packed"]].Data)), f.sums["packed"]); err == nil || !strings.Contains(err.Error(), `"packed" is damaged`) {
			t.Errorf("Bytes: found the error %v, expected one about damage", err)
		}
		if _, err := f.Tensor(f.Names()[0]); err != nil {
			t.Errorf("a whole tensor: %v", err)
		}
	}
}

func TestWriteRejects(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	tests := []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"twice", []Entry{{Name: "a"}, {Name: "a"}}, "the name is taken"},
		{"reserved", []Entry{{Name: "__metadata__"}}, "the name is taken"},
		{"name", []Entry{{Name: "\xff"}}, "not UTF-8"},
		{"size", []Entry{{Name: "a", Elem: host.F32, Shape: []int{2}, Data: []byte{1}}}, "takes 8 bytes, found 1"},
		{"shape", []Entry{{Name: "a", Elem: host.F32, Shape: []int{-1}}}, "negative"},
	}
	for _, tt := range tests {
		if _, err := Write(path, tt.entries); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	if _, err := Write(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenRejects(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if _, err := Open(path); err == nil {
		t.Error("opened nothing")
	}
	for _, data := range [][]byte{nil, []byte("short"), file(`{"x":1}`)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%q: got %v", data, err)
		}
	}
}

// FuzzParse holds that Parse never panics and that what it accepts can be written and read again.
func FuzzParse(f *testing.F) {
	f.Add(file(`{"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"__metadata__":{"a":"b"}}`, 1, 2, 3, 4))
	f.Add(file(`{}`))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := Parse(data)
		if err != nil {
			return
		}
		for _, name := range in.Names() {
			if _, err := in.Tensor(name); err != nil {
				t.Fatalf("%q: %v", name, err)
			}
		}
		var b bytes.Buffer
		if _, err := Encode(&b, in.Entries); err != nil {
			t.Fatal(err)
		}
		out, err := Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(in.Entries, out.Entries, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}
