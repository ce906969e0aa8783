package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// function makes a function with inputs of one number.
func function(name string, inputs ...string) *ir.Func {
	f := &ir.Func{Name: name}
	for _, in := range inputs {
		f.AddParam(in, ir.StaticType(host.F32, 1), ir.Input)
	}
	return f
}

// TestSampleNames: the names in a file say which functions are called in which order, and with what.
func TestSampleNames(t *testing.T) {
	one, two := []*ir.Func{function("main", "x", "y")}, []*ir.Func{function("prefill", "ids"), function("decode", "ids", "at")}
	for _, c := range []struct {
		funcs []*ir.Func
		names []string // their tensors are numbered from 0
		want  string   // the calls, or a part of the error
	}{
		{one, []string{"y", "x"}, "main[1 0]"},
		{one, []string{"in0", "in1", "buf:k"}, "main[0 1]"},
		{one, []string{"s0.x", "s0.y", "s1.x", "s1.y"}, "main[0 1] main[2 3]"},
		{one, []string{"s1.in0", "s1.in1", "s0.in0", "s0.in1"}, "main[2 3] main[0 1]"},
		{one, []string{"x", "y", "z"}, `the model has no input "z"`},
		{one, []string{"x"}, `@main: the input "y" (tensor<1xf32>) is missing; given are x`},
		{one, []string{"s0.x", "s0.y", "s2.x", "s2.y"}, `the input "s1.x" (tensor<1xf32>) is missing`},
		{two, []string{"prefill.ids"}, "prefill[0]"},
		{two, []string{"s0.prefill.in0", "s1.decode.ids", "s1.decode.at", "s2.decode.in0", "s2.decode.in1"}, "prefill[0] decode[1 2] decode[3 4]"},
		{two, []string{"ids"}, "the model has the functions prefill, decode: choose one, such as --function=prefill, or begin the names of inputs with it, prefill.x; found ids"},
		{two, []string{"prefill.ids", "decode.ids"}, "the names prefill.* and decode.* are of two functions in one call; number the calls: s0.prefill.*, s1.decode.*"},
	} {
		path := filepath.Join(t.TempDir(), "sample.safetensors")
		var entries []safetensors.Entry
		for i, name := range c.names {
			x := host.New(host.F32, 1)
			host.SetFloat(x, 0, float64(i))
			entries = append(entries, safetensors.Entry{Name: name, Elem: x.Elem, Shape: x.Shape, Data: x.Bytes()})
		}
		if _, err := safetensors.Write(path, entries); err != nil {
			t.Fatal(err)
		}
		got, err := sampleCalls(&ir.Module{Funcs: c.funcs}, path)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%v: found %q, expected %q", c.names, got, c.want)
		}
	}
}

func sampleCalls(m *ir.Module, path string) (string, error) {
	samples, err := openSamples(m, path, "")
	if err != nil {
		return "", err
	}
	var list []string
	for s, err := range samples.All {
		if err != nil {
			return "", err
		}
		for _, c := range s.Calls {
			var in []float64
			for _, x := range c.In {
				in = slices.Concat(in, host.Values[float64](x))
			}
			list = append(list, fmt.Sprint(c.Func, in))
		}
	}
	return strings.Join(list, " "), nil
}
