package asset

import (
	"bytes"
	"fmt"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
)

// Describe gives what the manifest of a module says of its functions, states and variants.
func Describe(m *ir.Module) *Manifest {
	d := &Manifest{Format: Format, Version: Version, Functions: []Function{}, States: []Port{}, Variants: []Variant{}, Entries: []Part{}}
	d.Origin = Origin{Program: m.Program, Passes: m.Passes}
	for _, s := range m.States {
		p := port(s.Name, s.Type)
		p.Initial = s.Init
		d.States = append(d.States, p)
	}
	for _, f := range m.Funcs {
		d.Functions = append(d.Functions, function(f))
		if base, sizes := m.VariantOf(f); base != nil {
			v := Variant{Function: f.Name, Of: base.Name, Target: "any"}
			for _, s := range sizes {
				v.Sizes = append(v.Sizes, At{s.Symbol, s.Value})
			}
			d.Variants = append(d.Variants, v)
		}
	}
	return d
}

func function(f *ir.Func) Function {
	d := Function{Name: f.Name, Inputs: []Port{}, Outputs: []Port{}}
	for _, s := range f.Dims {
		r := Range{Name: s.Name, Min: s.Min}
		if s.Max != ir.Unbounded {
			r.Max = &s.Max
		}
		d.Sizes = append(d.Sizes, r)
	}
	for _, g := range f.Guards {
		d.Guards = append(d.Guards, g.String())
	}
	for _, p := range f.Params {
		if p.Role == ir.StateIn {
			d.States = append(d.States, p.State)
			continue
		}
		in := port(p.Value.Name, p.Value.Type)
		in.Binds = p.Binds
		if p.Role == ir.ConstArg {
			in.DType, in.Constant = "none", text.PrintAttr(p.Const)
		}
		d.Inputs = append(d.Inputs, in)
	}
	for _, r := range f.Results {
		if r.Role == ir.Update {
			d.Updates = append(d.Updates, r.Target)
			continue
		}
		d.Outputs = append(d.Outputs, port(r.Name, r.Type))
	}
	return d
}

func port(name string, t ir.Type) Port {
	p := Port{Name: name, DType: t.Elem.String(), Shape: []Size{}}
	for _, d := range t.Shape {
		p.Shape = append(p.Shape, Size(d.String()))
	}
	return p
}

// differ compares what a manifest says with what the program is; the error names the first line that differs.
func (m *Manifest) differ(program *Manifest) error {
	for _, part := range []struct {
		name         string
		found, wants any
	}{
		{"functions", m.Functions, program.Functions},
		{"states", m.States, program.States},
		{"variants", m.Variants, program.Variants},
		{"origin.program_sha256", m.Origin.Program, program.Origin.Program},
	} {
		found, want := encode(part.found), encode(part.wants)
		if bytes.Equal(found, want) {
			continue
		}
		f, w := bytes.Split(found, []byte("\n")), bytes.Split(want, []byte("\n"))
		for i := range min(len(f), len(w)) {
			if !bytes.Equal(f[i], w[i]) {
				return fmt.Errorf("%s differ from program.air: found %s, expected %s", part.name, bytes.TrimSpace(f[i]), bytes.TrimSpace(w[i]))
			}
		}
	}
	return nil
}
