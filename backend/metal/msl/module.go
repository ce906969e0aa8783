package msl

import (
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/ir"
)

// Refusal is why Metal cannot run a kernel. Within the package it is thrown and caught.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refuse(format string, args ...any) { panic(Refusal(fmt.Sprintf(format, args...))) }

// Module gathers kernels that become one text.
type Module struct {
	form      string
	functions []string        // their texts
	taken     map[string]bool // names of functions
	helpers   map[string]bool // those that the functions call
	table     map[kernel.Op]rule
}

// NewModule starts a text whose kernels take their arguments in a form: [launch.Buffers] or [launch.Tensors].
func NewModule(form string) *Module {
	m := &Module{form: form, taken: map[string]bool{}, helpers: map[string]bool{}, table: rules()}
	for _, h := range helpers() {
		m.taken[h.name] = true
	}
	return m
}

// Options are what is known of a kernel beside what it does.
type Options struct {
	Name string // of the function; empty for the kernel's own
	Doc  string // what it computes, in a line or several: the comment above it begins with that

	// Shapes are the dims of global buffers, outermost first, in the form Tensors: open sizes are read from them. A buffer
	// without one is a tensor of rank 1.
	Shapes map[*kernel.Buffer][]ir.Dim
}

// Add gives the module a function for a verified kernel, and tells how it is launched. A [Refusal] says what Metal has not; the
// module is then as it was. The function's name may differ from what was asked for, where that is taken or a word of the language.
func (m *Module) Add(k *kernel.Kernel, o Options) (l launch.Kernel, err error) {
	g := &gen{Module: m, kernel: k, options: o, used: map[string]bool{}}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case Refusal:
			l, err = launch.Kernel{}, fmt.Errorf("kernel %s: %w", k.Name, p)
		default:
			l, err = launch.Kernel{}, fmt.Errorf("internal error in kernel %s: %v", k.Name, p)
		}
	}()
	if m.form != launch.Buffers && m.form != launch.Tensors {
		return l, fmt.Errorf("arguments in the form %q: expected %q or %q", m.form, launch.Buffers, launch.Tensors)
	}
	text, l := g.function()
	if err := l.Validate(); err != nil {
		return launch.Kernel{}, fmt.Errorf("kernel %s: %w", k.Name, err)
	}
	m.functions = append(m.functions, text)
	m.taken[l.Function] = true
	for name := range g.used {
		m.helpers[name] = true
	}
	return l, nil
}

// Text is the whole text: what it includes, the helpers that are called, and the kernels in the order of Add.
func (m *Module) Text() string {
	var b strings.Builder
	b.WriteString("#include <metal_stdlib>\n")
	if m.form == launch.Tensors {
		b.WriteString("#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>\n")
	}
	b.WriteString("using namespace metal;\n")
	if m.form == launch.Tensors {
		b.WriteString("using namespace mpp::tensor_ops;\n")
	}
	for _, h := range helpers() {
		if m.helpers[h.name] {
			b.WriteString("\n" + h.text)
		}
	}
	for _, f := range m.functions {
		b.WriteString("\n" + f)
	}
	return b.String()
}

// Print gives the text of one kernel in a form, and how it is launched.
func Print(k *kernel.Kernel, form string, o Options) (string, launch.Kernel, error) {
	m := NewModule(form)
	l, err := m.Add(k, o)
	if err != nil {
		return "", l, err
	}
	return m.Text(), l, nil
}
