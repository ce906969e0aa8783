package core

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// MetalKernel is a kernel in Metal's language that a user wrote.
var MetalKernel = &ir.OpDef{
	Name: "core.metal_kernel",
	Doc: "Run a kernel that the user wrote in the Metal Shading Language. The body says what it computes: engines without Metal " +
		"run that, and `aiopt metal --check` compares the two. Operands and then results are bound to the buffers of the kernel " +
		"as Metal 4 tensors, extent 0 innermost, so none has rank 0. The types are the text's: no pass changes them. " +
		"See docs/custom-kernels.md.",
	Operands: []ir.Arg{ir.Many("args", ir.AnyElem)},
	Results:  []ir.Arg{ir.Many("results", ir.AnyElem)},
	Attrs: []ir.AttrDef{
		ir.Require("name", ir.KindString, "what its author calls it"),
		ir.Require("function", ir.KindString, "the kernel in the text"),
		ir.Require("source", ir.KindString, "the whole text"),
		ir.Default("inputs", ir.KindStrings, ir.Ints{}, "what the text calls the operands"),
		ir.Require("gives", ir.KindStrings, "what the text calls the results"),
		ir.Default("builtins", ir.KindStrings, ir.Ints{}, "the parameters that are attributes of the thread, each as `TYPE NAME ATTRIBUTE`"),
		ir.Require("threads", ir.KindDims, "the threads of the grid in three dimensions"),
		ir.Require("threadgroup", ir.KindInts, "the threads of a threadgroup in three dimensions"),
		ir.Default("places", ir.KindStrings, ir.Ints{}, "where runs of lines of the text come from, each as `FIRST COUNT LINE FILE`"),
		ir.Default("sizes", ir.KindDims, ir.Ints{}, "sizes that had a value in the author's example"),
		ir.Default("example", ir.KindInts, ir.Ints{}, "their values there"),
	},
	Bodies: []ir.BodyDef{{Name: "reference", Doc: "takes the operands, gives the results"}},
	Traits: ir.Typed | ir.Inline | ir.Foreign,
	Infer:  inferMetalKernel,
	Eval: func(c *ir.EvalCtx, op *ir.Op, in []*host.Tensor) ([]*host.Tensor, error) {
		return c.Call(op.Bodies[0], in)
	},
}

// The limits of a kernel in Metal.
const (
	MetalParameters = 31   // attributes of the thread among them
	MetalThreads    = 1024 // of a threadgroup
	metalRank       = 8    // of a tensor
)

// metalTypes are what Metal calls element types; there is no f64.
var metalTypes = map[host.Elem]string{
	host.F32: "float", host.F16: "half", host.BF16: "bfloat", host.Bool: "bool",
	host.I8: "char", host.I16: "short", host.I32: "int", host.I64: "long",
	host.U8: "uchar", host.U16: "ushort", host.U32: "uint", host.U64: "ulong",
}

// MetalType is what Metal calls an element type; empty for one that it has not.
func MetalType(e host.Elem) string { return metalTypes[e] }

// MetalName is the form of names in Metal.
var MetalName = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*$`)

func inferMetalKernel(c *ir.InferCtx, op *ir.Op) ([]ir.Type, error) {
	types := statedTypes(op)
	inputs, gives, builtins := op.Strings("inputs"), op.Strings("gives"), op.Strings("builtins")
	if len(inputs) != len(op.Operands) || len(gives) != len(types) || len(gives) == 0 {
		return nil, op.Errorf("names %d operands and %d results, it has %d and %d", len(inputs), len(gives), len(op.Operands), len(types))
	}
	names := append(slices.Clone(inputs), gives...)
	for _, b := range builtins {
		parts := strings.Fields(b)
		if len(parts) != 3 {
			return nil, op.Errorf("the parameter %q is not of the form `TYPE NAME ATTRIBUTE`", b)
		}
		names = append(names, parts[1])
	}
	if len(names) > MetalParameters {
		return nil, op.Errorf("has %d parameters, Metal takes at most %d", len(names), MetalParameters)
	}
	for i, name := range append(names, op.Str("function")) {
		if !MetalName.MatchString(name) {
			return nil, op.Errorf("the name %q is none in Metal: expected letters, digits and underscores", name)
		}
		if slices.Contains(names[:min(i, len(names))], name) {
			return nil, op.Errorf("the name %q is given twice", name)
		}
	}
	for i, t := range append(typesOf(op.Operands), types...) {
		if why := MetalTensor(t); why != "" {
			return nil, op.Errorf("%s is %s: %s", names[i], t, why)
		}
	}
	if err := CheckThreads(op.Dims("threads"), op.Ints("threadgroup")); err != nil {
		return nil, op.Errorf("%v", err)
	}
	if len(op.Dims("sizes")) != len(op.Ints("example")) {
		return nil, op.Errorf("has %d values for %d sizes", len(op.Ints("example")), len(op.Dims("sizes")))
	}
	return types, checkBody(c, op, op.Bodies[0], typesOf(op.Operands), types)
}

// MetalTensor says why a type cannot be that of a tensor in Metal; empty where it can.
func MetalTensor(t ir.Type) string {
	switch {
	case MetalType(t.Elem) == "":
		return "Metal has no such element type; it has f32, f16, bf16, bool and integers of 8 to 64 bits"
	case t.Rank() == 0:
		return "a tensor without dimensions cannot be read in Metal; give a number, or a tensor of one element"
	case t.Rank() > metalRank:
		return fmt.Sprintf("a tensor in Metal has at most %d dimensions", metalRank)
	}
	return ""
}

// CheckThreads holds a grid and its threadgroups against Metal's limits.
func CheckThreads(threads []ir.Dim, group []int) error {
	if len(threads) != 3 || len(group) != 3 {
		return fmt.Errorf("the grid has %d dimensions and the threadgroup %d, expected 3 of each", len(threads), len(group))
	}
	total := 1
	for i, n := range group {
		if n < 1 || n > MetalThreads {
			return fmt.Errorf("a threadgroup of %v, expected sides of 1 to %d", group, MetalThreads)
		}
		total *= n
		if d, ok := threads[i].IsConst(); ok && d < 1 {
			return fmt.Errorf("a grid of %v threads, expected sides of 1 or more", threads)
		}
	}
	if total > MetalThreads {
		return fmt.Errorf("a threadgroup of %v has %d threads, expected at most %d", group, total, MetalThreads)
	}
	return nil
}
