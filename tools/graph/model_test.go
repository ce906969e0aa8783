package graph

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

func parse(t testing.TB, src string) *ir.Module {
	t.Helper()
	m, err := text.Parse("test.air", []byte(src), aiopt.Standard().Ops)
	if err == nil {
		err = ir.Verify(m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// model writes the text of a function with locations.
type model struct {
	body, locs strings.Builder
	modules    map[string]int
	values     int
}

func newModel() *model { return &model{modules: map[string]int{}} }

const vector = "tensor<4xf32>"

func (m *model) op(name, module string, operands ...string) string {
	loc, ok := m.modules[module]
	if !ok {
		loc = len(m.modules) + 1
		m.modules[module] = loc
		fmt.Fprintf(&m.locs, "  loc #%d = %q:%d in %q\n", loc, "model.py", loc, module)
	}
	v := fmt.Sprintf("%%v%d", m.values)
	m.values++
	fmt.Fprintf(&m.body, "    %s = %s(%s) : %s loc(#%d)\n", v, name, strings.Join(operands, ", "), vector, loc)
	return v
}

func (m *model) text(params []string, results ...string) string {
	var sig, ret []string
	for _, p := range params {
		sig = append(sig, p+": "+vector)
	}
	for range results {
		ret = append(ret, vector)
	}
	return fmt.Sprintf("air 1\nmodule @m {\n  func @main(%s) -> (%s) {\n%s    core.return(%s)\n  }\n%s}\n",
		strings.Join(sig, ", "), strings.Join(ret, ", "), m.body.String(), strings.Join(results, ", "), m.locs.String())
}

// decoder is a stack of blocks in the manner of a language model, 26 operations each; all take the same three values.
func decoder(t testing.TB, blocks int, nested bool) *ir.Module {
	m := newModel()
	in := func(path string) string {
		if nested {
			return path
		}
		return ""
	}
	cos, sin, mask := m.op("tensor.cos", in("rotary"), "%p"), m.op("tensor.sin", in("rotary"), "%p"), m.op("tensor.neg", in("mask"), "%p")
	x := m.op("tensor.exp", in("embed"), "%x")
	for b := range blocks {
		path := fmt.Sprintf("layers.%d", b)
		norm := func(name, x string) string {
			sq := m.op("tensor.mul", in(path+"."+name), x, x)
			return m.op("tensor.mul", in(path+"."+name), m.op("tensor.rsqrt", in(path+"."+name), m.op("tensor.add", in(path+"."+name), sq, sq)), x)
		}
		h := norm("norm1", x)
		rope := func(y string) string {
			return m.op("tensor.add", in(path+".attn"), m.op("tensor.mul", in(path+".attn"), y, cos), m.op("tensor.mul", in(path+".attn"), m.op("tensor.neg", in(path+".attn"), y), sin))
		}
		q, k, v := m.op("tensor.abs", in(path+".attn.q"), h), m.op("tensor.abs", in(path+".attn.k"), h), m.op("tensor.abs", in(path+".attn.v"), h)
		s := m.op("tensor.add", in(path+".attn"), m.op("tensor.mul", in(path+".attn"), rope(q), rope(k)), mask)
		o := m.op("tensor.abs", in(path+".attn.o"), m.op("tensor.mul", in(path+".attn"), m.op("tensor.exp", in(path+".attn"), s), v))
		x = m.op("tensor.add", in(path), x, o)
		h = norm("norm2", x)
		up, gate := m.op("tensor.abs", in(path+".mlp.up"), h), m.op("tensor.tanh", in(path+".mlp.gate"), h)
		x = m.op("tensor.add", in(path), x, m.op("tensor.abs", in(path+".mlp.down"), m.op("tensor.mul", in(path+".mlp"), up, gate)))
	}
	return parse(t, m.text([]string{"%x", "%p"}, x))
}

// random is a graph without rhyme or reason: operations of any earlier values in modules that they keep coming back to.
func random(t testing.TB, r *rand.Rand, ops int, nested bool) *ir.Module {
	m := newModel()
	paths := []string{"", "a", "a.b", "a.b.c", "a.d", "e", "e.f", "g.0", "g.1"}
	values := []string{"%x", "%p"}
	path := ""
	for range ops {
		if nested && r.IntN(3) == 0 {
			path = paths[r.IntN(len(paths))]
		}
		recent := func() string { return values[max(len(values)-1-r.IntN(1+r.IntN(len(values))), 0)] }
		if r.IntN(3) == 0 {
			values = append(values, m.op("tensor.neg", path, recent()))
		} else {
			values = append(values, m.op("tensor.add", path, recent(), recent()))
		}
	}
	return parse(t, m.text([]string{"%x", "%p"}, values[len(values)-1], values[len(values)/2]))
}
