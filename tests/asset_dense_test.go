package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir/asset"
)

// denseAssets put as much as fits into the parts that are read on opening: what repeats, and what stands around it.
var denseAssets = []struct{ name, part, before, item, after string }{
	{"functions", "manifest.json", `{"format":"airpkg","version":1,"functions":[`, `{},`, `{}]}`},
	{"empty shapes", "manifest.json", `{"format":"airpkg","version":1,"states":[{"shape":[`, `1,`, `1]}]}`},
	{"nested", "manifest.json", `{"format":"airpkg","version":1,"functions":[`, `{"inputs":[{}]},`, `{}]}`},
	{"long strings", "manifest.json", `{"format":"airpkg","version":1,"x":"`, `\u0041`, `"}`},
	{"tensors", "weights.safetensors", `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, `,"#":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, `}`},
	{"dimensions", "weights.safetensors", `{"a":{"dtype":"U8","shape":[`, `0,`, `0],"data_offsets":[0,0]}}`},
	{"sums", "weights.safetensors", `{"__metadata__":{"a":""`, `,"crc32.#":"00000000"`, `}}`},
}

// denseSizes are those of the parts; the race detector sees in a small one what it sees in a large one.
func denseSizes() []int {
	if testing.Short() {
		return []int{1 << 19}
	}
	return []int{3 << 20, 7 << 20}
}

// TestDenseAssets holds opening to its limit on parts that are nothing but cost: 64 MB and twice the size of the file.
func TestDenseAssets(t *testing.T) {
	for _, d := range denseAssets {
		for _, size := range denseSizes() {
			var b strings.Builder
			b.WriteString(d.before)
			for i := 0; b.Len() < size; i++ {
				b.WriteString(strings.ReplaceAll(d.item, "#", fmt.Sprint(i)))
			}
			b.WriteString(d.after)
			parts := []zipPart{{"program.air", []byte("air 1\n")}, {"weights.safetensors", safetensorsOf("{}")}, {"manifest.json", []byte(`{"format":"airpkg","version":1,"entries":[]}`)}}
			data := []byte(b.String())
			if d.part == "weights.safetensors" {
				data = safetensorsOf(b.String())
			}
			find(parts, d.part).data = data
			file := packAsset(parts, true)
			limit := 64<<20 + 2*uint64(len(file))
			if peak := heapPeak(func() { asset.Read(file, "dense.airpkg") }); peak > limit {
				t.Errorf("%s: opening %d MB took %d MB, expected at most %d MB", d.name, len(file)>>20, peak>>20, limit>>20)
			}
		}
	}
}

// safetensorsOf is a file with a header and no data.
func safetensorsOf(header string) []byte {
	size := len(header)
	return append([]byte{byte(size), byte(size >> 8), byte(size >> 16), byte(size >> 24), 0, 0, 0, 0}, header...)
}
