package metaltext

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Call is a call of a kernel.
type Call struct {
	Tensors     []ir.Type // of the inputs that are tensors
	Numbers     []ir.Attr // of the inputs that are numbers: ir.Int, ir.Float or ir.Bool
	Results     []ir.Type
	Threads     []ir.Dim
	Threadgroup []int
	At          Place            // of the call, where that is known
	Example     map[string]int64 // values that sizes have in the author's example; may be nil
}

// Attrs gives the attributes of the core.metal_kernel that makes a call; an error is one or more of *Mistake.
func (k *Kernel) Attrs(c *Call) (ir.Attrs, error) {
	if err := errors.Join(k.Check(), k.checkCall(c)); err != nil {
		return nil, err
	}
	var tensors []string
	for _, in := range k.Inputs {
		if in.Kind == Tensor {
			tensors = append(tensors, in.Name)
		}
	}
	var builtins []string
	for _, b := range k.Builtins {
		builtins = append(builtins, b.Type+" "+b.Name+" "+b.Attr)
	}
	draft, _ := k.text(c, tensors, k.Name)
	sum := sha256.Sum256([]byte(draft))
	function := k.Name + "_" + hex.EncodeToString(sum[:4]) // the same name stands for another text at other types
	text, places := k.text(c, tensors, function)
	attrs := ir.Attrs{
		ir.Set("name", ir.String(k.Name)), ir.Set("function", ir.String(function)), ir.Set("source", ir.String(text)),
		ir.Set("inputs", strs(tensors)), ir.Set("gives", strs(k.Results)), ir.Set("builtins", strs(builtins)),
		ir.Set("threads", ir.OfDims(c.Threads...)), ir.Set("threadgroup", ir.OfInts(c.Threadgroup...)), ir.Set("places", strs(places)),
	}
	var sizes []ir.Dim
	var example []int64
	for _, s := range slices.Sorted(maps.Keys(c.Example)) {
		sizes, example = append(sizes, ir.Sym(s)), append(example, c.Example[s])
	}
	return append(attrs, ir.Set("sizes", ir.OfDims(sizes...)), ir.Set("example", ir.OfInts(example...))), nil
}

func strs(list []string) ir.Attr {
	out := make([]ir.Attr, len(list))
	for i, s := range list {
		out[i] = ir.String(s)
	}
	return ir.NormalList(out)
}

// checkCall finds what is wrong with the values of a call.
func (k *Kernel) checkCall(c *Call) error {
	var errs []error
	wrong := func(format string, args ...any) {
		at := c.At
		if at.File == "" {
			at = k.Defined
		}
		errs = append(errs, &Mistake{Kernel: k.Name, At: at, Text: fmt.Sprintf(format, args...)})
	}
	tensors, numbers := 0, 0
	for _, in := range k.Inputs {
		if in.Kind != Tensor {
			if numbers < len(c.Numbers) {
				if _, err := literal(in, c.Numbers[numbers]); err != nil {
					wrong("input %s: %v", in.Name, err)
				}
			}
			numbers++
			continue
		}
		if tensors < len(c.Tensors) {
			if why := core.MetalTensor(c.Tensors[tensors]); why != "" {
				wrong("input %s is %s: %s", in.Name, c.Tensors[tensors], why)
			}
		}
		tensors++
	}
	if tensors != len(c.Tensors) || numbers != len(c.Numbers) || len(k.Results) != len(c.Results) {
		wrong("it takes %d tensors and %d numbers and gives %d results, found %d, %d and %d", tensors, numbers, len(k.Results), len(c.Tensors), len(c.Numbers), len(c.Results))
		return errors.Join(errs...)
	}
	for i, t := range c.Results {
		if why := core.MetalTensor(t); why != "" {
			wrong("result %s is %s: %s", k.Results[i], t, why)
		}
	}
	if err := core.CheckThreads(c.Threads, c.Threadgroup); err != nil {
		wrong("%v", err)
	} else if one := ir.Const(1); len(k.Builtins) == 0 && slices.ContainsFunc(c.Threads, func(d ir.Dim) bool { return !d.Equal(one) }) {
		wrong("a grid of %v threads, and no parameter tells one from another: declare MetalParameter(\"gid\", \"uint3\", \"thread_position_in_grid\")", c.Threads)
	}
	return errors.Join(errs...)
}

// literal writes a number as Metal has it.
func literal(in Input, v ir.Attr) (string, error) {
	switch in.Kind {
	case Bool:
		if b, ok := v.(ir.Bool); ok {
			return fmt.Sprintf("const bool %s = %t;", in.Name, b), nil
		}
	case Int:
		n, ok := v.(ir.Int)
		switch {
		case ok && (n < math.MinInt32 || n > math.MaxInt32):
			return "", fmt.Errorf("%d does not fit an int of 32 bits", n)
		case ok && n == math.MinInt32: // 2147483648 is no int
			return fmt.Sprintf("const int %s = -2147483647 - 1;", in.Name), nil
		case ok:
			return fmt.Sprintf("const int %s = %d;", in.Name, n), nil
		}
	case Float:
		f, ok := v.(ir.Float)
		if n, isInt := v.(ir.Int); isInt {
			f, ok = ir.Float(n), true
		}
		narrow := float32(f)
		switch {
		case ok && (math.IsNaN(float64(f)) || math.IsInf(float64(narrow), 0)):
			return "", fmt.Errorf("%v is no finite float of 32 bits", f)
		case ok:
			text := strconv.FormatFloat(float64(narrow), 'g', -1, 32)
			if !strings.ContainsAny(text, ".e") {
				text += ".0"
			}
			return fmt.Sprintf("const float %s = %sf;", in.Name, text), nil
		}
	}
	return "", fmt.Errorf("expected a number of type %s that is known when the model is exported", in.Kind)
}

const prologue = `#include <metal_stdlib>
#include <metal_tensor>
#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>
using namespace metal;
using namespace mpp::tensor_ops;
`

// text writes the whole text, and where its lines come from.
func (k *Kernel) text(c *Call, tensors []string, function string) (text string, places []string) {
	var b strings.Builder
	part := func(p Part) {
		body := k.replaced(p.Text, c)
		if body == "" {
			return
		}
		if p.At.File != "" {
			places = append(places, fmt.Sprintf("%d %d %d %s", 1+strings.Count(b.String(), "\n"), 1+strings.Count(body, "\n"), p.At.Line, p.At.File))
		}
		b.WriteString(body)
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "// The kernel %s of a model, made by aiopt: its own lines stand where its author wrote them.\n%s", k.Name, prologue)
	part(k.Helpers)
	var params []string
	tensor := func(name string, t ir.Type) {
		params = append(params, fmt.Sprintf("tensor<device %s, dextents<int, %d>, tensor_handle> %s [[buffer(%d)]]", core.MetalType(t.Elem), t.Rank(), name, len(params)))
	}
	for i, name := range tensors {
		tensor(name, c.Tensors[i])
	}
	for i, name := range k.Results {
		tensor(name, c.Results[i])
	}
	for _, p := range k.Builtins {
		params = append(params, fmt.Sprintf("%s %s [[%s]]", p.Type, p.Name, p.Attr))
	}
	fmt.Fprintf(&b, "kernel void %s(\n    %s) {\n", function, strings.Join(params, ",\n    "))
	number := 0
	for _, in := range k.Inputs {
		if in.Kind != Tensor {
			line, _ := literal(in, c.Numbers[number]) // checkCall has seen it
			fmt.Fprintf(&b, "%s\n", line)
			number++
		}
	}
	part(k.Source)
	b.WriteString("}\n")
	return b.String(), places
}

// word is a run of letters and digits: one that begins with a digit is a number.
var word = regexp.MustCompile(`\w+`)

// vectorWidth is what Metal writes behind the type of an element for vectors and matrices of it.
var vectorWidth = regexp.MustCompile(`^(\d+(x\d+)?)?$`)

// replaced puts the element types of inputs in place of the templates' names, where these stand alone or before a width: TYPE4 is half4, and
// with T for a name INFINITY and Tile stay. The longest name goes first, and what was put in is not looked at again.
func (k *Kernel) replaced(text string, c *Call) string {
	names := slices.Clone(k.Templates)
	slices.SortStableFunc(names, func(a, b Template) int { return len(b.Name) - len(a.Name) })
	return word.ReplaceAllStringFunc(text, func(found string) string {
		for _, t := range names {
			if width, ok := strings.CutPrefix(found, t.Name); ok && vectorWidth.MatchString(width) {
				return core.MetalType(k.elem(t.Input, c)) + width
			}
		}
		return found
	})
}
func (k *Kernel) elem(input string, c *Call) host.Elem {
	at := 0
	for _, in := range k.Inputs {
		switch {
		case in.Name == input:
			return c.Tensors[at].Elem
		case in.Kind == Tensor:
			at++
		}
	}
	return host.F32
}

func sortedAttributes() []string { return slices.Sorted(maps.Keys(builtinTypes)) }
