package operators_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	torchdialect "github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/frontend/torch"
	"github.com/aiopt/aiopt/ir"
)

// Every example gives the arguments of its schema, in order and of the types that the schema states.
func TestExamplesFitTheirSchemas(t *testing.T) {
	checked := 0
	for _, f := range parseExamples(t).Funcs {
		schema, ok := torch.LookupSchema(f.Name)
		if !ok {
			continue
		}
		checked++
		if err := fits(callOf(t, f), schema); err != nil {
			t.Errorf("%s: %v; the schema is %s", f.Name, err, schema.Line())
		}
	}
	if checked < 900 {
		t.Errorf("found %d examples with a schema, expected 900 or more", checked)
	}
}

func TestFits(t *testing.T) {
	schema, _ := torch.LookupSchema("aten.softmax.int") // (Tensor self, int dim, ScalarType? dtype=None)
	self, dim, dtype := ir.Set("self", ir.Ref(0)), ir.Set("dim", ir.Int(1)), ir.Set("dtype", ir.None{})
	callee := ir.Set("callee", ir.String("aten.softmax.int"))
	for _, tt := range []struct {
		attrs ir.Attrs
		ok    bool
	}{
		{ir.Attrs{callee, self, dim, dtype}, true},
		{ir.Attrs{callee, self, dim, ir.Set("dtype", ir.Elem(0))}, true},
		{ir.Attrs{callee, self, dim}, false},
		{ir.Attrs{callee, dim, self, dtype}, false},
		{ir.Attrs{callee, self, dim, dtype, ir.Set("more", ir.Int(1))}, false},
		{ir.Attrs{callee, self, ir.Set("dim", ir.Float(1)), dtype}, false},
		{ir.Attrs{callee, ir.Set("self", ir.None{}), dim, dtype}, false},
		{ir.Attrs{callee, ir.Set("self", ir.List{ir.Ref(0)}), dim, dtype}, false},
		{ir.Attrs{callee, self, ir.Set("dim", ir.Ints{1}), dtype}, false},
	} {
		call := ir.NewOp(torchdialect.Call, tt.attrs, []ir.Type{{}}, nil, nil, nil)
		if err := fits(call, schema); (err == nil) != tt.ok {
			t.Errorf("%v: %v", tt.attrs, err)
		}
	}
}

// fits holds a call against a schema.
func fits(call *ir.Op, schema *torch.Schema) error {
	var want, have []string
	for _, a := range schema.Args {
		want = append(want, a.Name)
	}
	for _, a := range call.Attrs {
		if a.Name != "callee" && a.Name != "binds" {
			have = append(have, a.Name)
		}
	}
	if !slices.Equal(want, have) {
		return fmt.Errorf("the arguments are %v, expected %v", have, want)
	}
	if most := mostResults(schema); len(call.Results) > most {
		return fmt.Errorf("the call has %d results, expected at most %d", len(call.Results), most)
	}
	for _, a := range schema.Args {
		if v, _ := call.Attrs.Get(a.Name); !fitsArg(a, v) {
			return fmt.Errorf("argument %s is %#v, expected %s", a.Name, v, a.Type)
		}
	}
	return nil
}

// mostResults counts the results and, behind them, the new values of arguments that the operator changes. Import leaves
// out results that are plain numbers.
func mostResults(schema *torch.Schema) int {
	n := len(schema.Returns)
	for _, a := range schema.Args {
		if a.Written {
			n++
		}
	}
	if slices.ContainsFunc(schema.Returns, func(r torch.SchemaArg) bool { return r.List }) {
		return math.MaxInt // a list has any number
	}
	return n
}

func fitsArg(a torch.SchemaArg, v ir.Attr) bool {
	if _, none := v.(ir.None); none {
		return a.Optional
	}
	if !a.List {
		return fitsType(a, v)
	}
	switch list := v.(type) {
	case ir.List:
		return !slices.ContainsFunc(list, func(item ir.Attr) bool { return !fitsArg(single(a), item) })
	case ir.Ints:
		return len(list) == 0 || fitsType(a, ir.Int(list[0]))
	case ir.Dims:
		return fitsType(a, ir.DimAttr{Dim: list[0]})
	}
	return false
}

// single is an argument for one item of a list.
func single(a torch.SchemaArg) torch.SchemaArg {
	a.List = false
	return a
}

// fitsType reports whether one value is of an argument's type. A number that the data decides is a tensor.
func fitsType(a torch.SchemaArg, v ir.Attr) bool {
	kind := ""
	switch v.(type) {
	case ir.Ref:
		kind = "Tensor"
	case ir.Int, ir.DimAttr:
		kind = "int"
	case ir.Float:
		kind = "float"
	case ir.Bool:
		kind = "bool"
	case ir.Complex:
		kind = "complex"
	case ir.String:
		kind = "str"
	case ir.Elem:
		kind = "ScalarType"
	}
	return slices.Contains(kinds[a.Type], kind)
}

// kinds are the values that an argument of a type may have. Python's operators pass numbers for tensors.
var kinds = map[string][]string{
	"Tensor": {"Tensor", "int", "float", "bool", "complex"}, "int": {"int", "Tensor"}, "SymInt": {"int", "Tensor"}, "float": {"float", "Tensor"}, "bool": {"bool", "Tensor"},
	"Scalar": {"int", "float", "bool", "complex", "Tensor"}, "complex": {"complex"}, "str": {"str"},
	"ScalarType": {"ScalarType"}, "Layout": {"str"}, "Device": {"str"}, "MemoryFormat": {"str"},
}
