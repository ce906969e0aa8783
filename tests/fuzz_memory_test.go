package tests

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/frontend/torch"
)

// memoryLimit is what reading a file of a size may take, whatever is in it. The file itself is mapped and does not count.
func memoryLimit(size int) uint64 { return 64<<20 + 4*uint64(size) }

// allocated is what the program has allocated since it started: what a step adds to it is at least its peak.
func allocated() uint64 { return heapMetric("/gc/heap/allocs:bytes") }

func heapMetric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// heapPeak runs a step and gives the most that the heap held meanwhile beyond what it held before. The collector runs at
// every tenth more, as else what other tests keep says how much garbage a step may leave.
func heapPeak(step func()) uint64 {
	const held = "/memory/classes/heap/objects:bytes"
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	before := heapMetric(held)
	stop, done := make(chan bool), make(chan uint64)
	go func() {
		peak := uint64(0)
		for tick := time.NewTicker(200 * time.Microsecond); ; {
			select {
			case <-stop:
				done <- max(peak, heapMetric(held))
				return
			case <-tick.C:
				peak = max(peak, heapMetric(held))
			}
		}
	}()
	step()
	close(stop)
	return max(<-done, before) - before
}

// denseFiles are programs made to cost as much as possible for each of their bytes: name, and the text of the program with
// %s where an item is repeated.
var denseFiles = []struct{ name, program, item string }{
	{"nodes", `{"graph_module":{"graph":{"nodes":[%s]}}}`, `{"target":"x"},`},
	{"arguments", `{"graph_module":{"graph":{"inputs":[%s]}}}`, `{"as_int":1},`},
	{"empty lists", `{"graph_module":{"graph":{"inputs":[%s]}}}`, `{"as_ints":[]},`},
	{"lists of one", `{"graph_module":{"graph":{"inputs":[%s]}}}`, `{"as_ints":[1]},`},
	{"complex numbers", `{"graph_module":{"graph":{"inputs":[%s]}}}`, `{"as_complex":{}},`},
	{"bodies", `{"graph_module":{"graph":{"inputs":[%s]}}}`, `{"as_graph":{"graph":{}}},`},
	{"dictionaries", `{"graph_module":{"graph":{"inputs":[%s]}}}`, `{"as_string_to_argument":{"a":{"as_int":1}}},`},
	{"tensors", `{"graph_module":{"graph":{"tensor_values":{%s}}}}`, `"#":{"dtype":7,"sizes":[],"strides":[]},`},
	{"integers", `{"graph_module":{"graph":{"sym_int_values":{%s}}}}`, `"#":{"as_int":1},`},
	{"signature", `{"graph_module":{"signature":{"input_specs":[%s]}}}`, `{"user_input":{}},`},
	{"ranges", `{"range_constraints":{%s}}`, `"#":{},`},
	{"guards", `{"guards_code":[%s]}`, `"#",`},
	{"names", `{"guards_code":[%s]}`, `"\u0041#",`},
	{"unknown", `{"x":[%s]}`, `[],`},
	{"trees", `{"graph_module":{"module_call_graph":[{"fqn":"","signature":{"in_spec":"[1,{\"children_spec\":[%s]}]"}}]}}`, `{},`},
}

// denseFile repeats the item until the program has a size; # in it counts.
func denseFile(program, item string, size int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(strings.ReplaceAll(item, "#", fmt.Sprint(i)))
	}
	text := strings.Replace(program, "%s", strings.TrimSuffix(b.String(), ","), 1)
	return zipOf([]zipPart{
		{"m/archive_format", []byte("pt2")}, {"m/data/weights/model_weights_config.json", []byte(`{"config":{}}`)},
		{"m/data/constants/model_constants_config.json", []byte(`{"config":{}}`)},
		{"m/models/model.json", append([]byte(text[:len(text)-1]), `,"schema_version":{"major":8,"minor":17}}`...)},
	})
}

// TestReadingTakesLittleMemory holds the reader to its limit on programs that are nothing but cost.
func TestReadingTakesLittleMemory(t *testing.T) {
	for _, d := range denseFiles {
		for _, size := range []int{1 << 20, 6 << 20} {
			if testing.Short() && size > 1<<20 {
				continue
			}
			file := denseFile(d.program, d.item, size)
			before := allocated()
			pt2.Read(file, "dense.pt2")
			if took, limit := allocated()-before, memoryLimit(len(file)); took > limit {
				t.Errorf("%s: reading %d MB took %d MB, expected at most %d MB", d.name, len(file)>>20, took>>20, limit>>20)
			}
		}
	}
}

// TestImportTakesLittleMemory holds the way to a module to the same limit, on models as they are and with the list of
// their nodes made long.
func TestImportTakesLittleMemory(t *testing.T) {
	_, models := fuzzBases(t)
	for i, b := range models {
		if testing.Short() && i%120 > 0 {
			continue
		}
		parts := append([]zipPart(nil), b.parts...)
		for k, p := range parts {
			if doc := b.index()[p.name]; doc != nil && strings.Contains(p.name, "/models/") {
				parts[k].data = longer(doc)
			}
		}
		for _, file := range [][]byte{zipOf(b.parts), zipOf(parts)} {
			peak := heapPeak(func() {
				if a, err := pt2.Read(file, "model.pt2"); err == nil {
					torch.Import(torch.Programs(a, ""), torch.Options{})
				}
			})
			if limit := memoryLimit(len(file)); peak > limit {
				t.Errorf("%s: importing %d KB took %d MB, expected at most %d MB", b.name, len(file)>>10, peak>>20, limit>>20)
			}
		}
	}
}

// longer repeats a program's nodes up to some megabytes.
func longer(doc *jsonDoc) []byte {
	var edits []jsonEdit
	for _, i := range doc.byKey[doc.keyAt["nodes[]"]] {
		v := doc.values[i]
		edits = append(edits, jsonEdit{v.end, v.end, strings.Repeat(","+string(doc.at(i)), max(1, 4<<20/len(doc.text)))})
	}
	return doc.apply(edits)
}
