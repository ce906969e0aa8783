// Package metaltext makes the text of a kernel that a user wrote in the Metal Shading Language, and the operation that
// calls it: the user gives what stands between the braces and names around it, types come with each call.
package metaltext

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
)

// Kernel is a kernel as its author wrote it.
type Kernel struct {
	Name      string
	Inputs    []Input
	Results   []string
	Builtins  []Builtin
	Templates []Template
	Source    Part  // what stands between the braces
	Helpers   Part  // what stands before the kernel
	Defined   Place // where the author makes the kernel
}

// Kind is what an input is.
type Kind string

// A tensor is a parameter of the kernel; a number is written into its text as a constant of that name.
const (
	Tensor Kind = "tensor"
	Int    Kind = "int"
	Float  Kind = "float"
	Bool   Kind = "bool"
)

// Input is an input of a kernel.
type Input struct {
	Name string
	Kind Kind
}

// Builtin is a parameter that is an attribute of the thread.
type Builtin struct {
	Type string // such as uint3
	Name string
	Attr string // such as thread_position_in_grid
}

// Template is a name that stands in the text for what Metal calls the element type of an input.
type Template struct{ Input, Name string }

// Part is a part of the text that the author wrote.
type Part struct {
	Text string
	At   Place // of its first line
}

// Place is a line of a file.
type Place struct {
	File string // empty where it is not known
	Line int
}

// String gives file:line.
func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Mistake is what is wrong with a kernel.
type Mistake struct {
	Kernel string
	At     Place // in the author's file
	Line   int   // of the source or the helpers; 0 where it is about neither
	Part   string
	Text   string
}

// Error puts the places before the text.
func (m *Mistake) Error() string {
	var b strings.Builder
	if m.At.File != "" {
		fmt.Fprintf(&b, "%s: ", m.At)
	}
	fmt.Fprintf(&b, "kernel %s", m.Kernel)
	if m.Line > 0 {
		fmt.Fprintf(&b, ", line %d of its %s", m.Line, m.Part)
	}
	return b.String() + ": " + m.Text
}

// builtinTypes are the types of each attribute of a thread: Metal Shading Language Specification, section 5.2.3.6. They are
// those that the checker runs.
var builtinTypes = map[string][]string{
	"thread_position_in_grid": vectors, "threadgroup_position_in_grid": vectors, "thread_position_in_threadgroup": vectors,
	"threads_per_grid": vectors, "threadgroups_per_grid": vectors, "threads_per_threadgroup": vectors,
	"dispatch_threads_per_threadgroup": vectors, "thread_index_in_threadgroup": numbers, "thread_index_in_simdgroup": numbers,
	"simdgroup_index_in_threadgroup": numbers, "simdgroups_per_threadgroup": numbers, "dispatch_simdgroups_per_threadgroup": numbers,
	"threads_per_simdgroup": numbers, "thread_execution_width": numbers, "thread_index_in_quadgroup": numbers,
	"quadgroup_index_in_threadgroup": numbers, "quadgroups_per_threadgroup": numbers,
}

var (
	numbers = []string{"uint", "ushort"}
	vectors = []string{"uint", "uint2", "uint3", "ushort", "ushort2", "ushort3"}
)

// Check gives everything that is wrong with a kernel whatever it is called with, each a *Mistake.
func (k *Kernel) Check() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, &Mistake{Kernel: k.Name, At: k.Defined, Text: fmt.Sprintf(format, args...)})
	}
	name := func(what, name string) {
		switch {
		case !core.MetalName.MatchString(name):
			wrong("%s %q: expected a name of letters, digits and underscores", what, name)
		case slices.Contains(words, name):
			wrong("%s %q is a word of Metal's own; take another name", what, name)
		case strings.HasPrefix(name, "__") || strings.HasPrefix(strings.ToLower(name), "aiopt"):
			wrong("%s %q: names that begin with two underscores or with aiopt are taken", what, name)
		}
	}
	name("the name", k.Name)
	seen := map[string]bool{}
	parameters := 0
	add := func(what, n string) {
		name(what, n)
		if seen[n] {
			wrong("the name %q is given twice", n)
		}
		seen[n] = true
		parameters++
	}
	kinds := map[string]Kind{}
	for _, in := range k.Inputs {
		add("input", in.Name)
		kinds[in.Name] = in.Kind
		switch in.Kind {
		case Tensor:
		case Int, Float, Bool:
			parameters--
		default:
			wrong("input %s is of kind %q, expected %s, %s, %s or %s", in.Name, in.Kind, Tensor, Int, Float, Bool)
		}
	}
	for _, r := range k.Results {
		add("result", r)
	}
	if len(k.Results) == 0 {
		wrong("it has no result")
	}
	for _, b := range k.Builtins {
		add("parameter", b.Name)
		types, ok := builtinTypes[b.Attr]
		switch {
		case !ok:
			wrong("parameter %s: Metal has no attribute %q%s", b.Name, b.Attr, nearestAttribute(b.Attr))
		case !slices.Contains(types, b.Type):
			wrong("parameter %s: %s is %s, found %q", b.Name, b.Attr, strings.Join(types, ", "), b.Type)
		}
	}
	if parameters > core.MetalParameters {
		wrong("it has %d parameters, Metal takes at most %d", parameters, core.MetalParameters)
	}
	k.checkTemplates(kinds, wrong)
	errs = append(errs, k.checkPart("helpers", k.Helpers)...)
	errs = append(errs, k.checkPart("source", k.Source)...)
	errs = append(errs, k.checkNames()...)
	return errors.Join(errs...)
}

func (k *Kernel) checkTemplates(kinds map[string]Kind, wrong func(string, ...any)) {
	inputs, names := map[string]bool{}, map[string]bool{}
	for _, t := range k.Templates {
		switch kind, ok := kinds[t.Input]; {
		case !ok:
			wrong("template_dtypes names %q, which is no input", t.Input)
		case kind != Tensor:
			wrong("template_dtypes names %s, which is a number and has no element type", t.Input)
		}
		switch {
		case !core.MetalName.MatchString(t.Name):
			wrong("the template %q of input %s: expected a name of letters, digits and underscores", t.Name, t.Input)
		case names[t.Name]:
			wrong("the template %q stands for two inputs", t.Name)
		case inputs[t.Input]:
			wrong("the input %s has two templates", t.Input)
		}
		inputs[t.Input], names[t.Name] = true, true
	}
}

// nearestAttribute lists the attributes that have a word in common with a mistyped one.
func nearestAttribute(attr string) string {
	var near []string
	for name := range builtinTypes {
		if len(attr) > 3 && (strings.Contains(name, attr) || strings.Contains(attr, name) || strings.HasPrefix(name, attr[:min(len(attr), 9)])) {
			near = append(near, name)
		}
	}
	slices.Sort(near)
	if len(near) == 0 {
		return "; the usual one is thread_position_in_grid"
	}
	return "; near it are " + strings.Join(near, ", ")
}
