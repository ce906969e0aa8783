package sides_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/inputs"
	"github.com/aiopt/aiopt/tools/intermediates"
	"github.com/aiopt/aiopt/tools/sides"
)

const counter = `air 1
module @counter {
  state @n : tensor<f32> = zero
  func @NAME(%x: tensor<2xf32>, state @n %n: tensor<f32>) -> (%y: tensor<2xf32>, update @n: tensor<f32>) {
    %y = tensor.add(%x, %n) : tensor<2xf32>
    core.return(%y, %n)
  }
OTHER}
`

const other = `  func @other(%z: tensor<2xf32>) -> (%y: tensor<2xf32>) {
    %y = tensor.exp(%z) : tensor<2xf32>
    core.return(%y)
  }
`

// module is counter with its function under a name.
func module(t *testing.T, name, rest string) *ir.Module {
	t.Helper()
	src := strings.NewReplacer("NAME", name, "OTHER", rest).Replace(counter)
	m, err := text.Parse("counter.air", []byte(src), aiopt.Standard().Ops)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func numbers(t *testing.T, values ...float32) *host.Tensor {
	t.Helper()
	x, err := host.FromValues(host.F32, []int{len(values)}, values)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// given has inputs of some names.
func given(t *testing.T, names ...string) *inputs.Given {
	in := inputs.New()
	for i, n := range names {
		if n == "buf:n" {
			in.Set(n, scalar(7))
			continue
		}
		in.Set(n, numbers(t, float32(i+1), 0))
	}
	return in
}

func scalar(x float64) *host.Tensor {
	t := host.New(host.F32)
	host.SetFloat(t, 0, x)
	return t
}

// TestChoose: the first source that has inputs gives them, to both sides.
func TestChoose(t *testing.T) {
	main := module(t, "main", "")
	try := func(ctx context.Context, m *ir.Module) (backend.Program, error) {
		return aiopt.Standard().Backend("interp").Compile(ctx, m, backend.Options{})
	}
	export := []pass.Call{{Func: "main", In: []*host.Tensor{numbers(t, 9, 9)}}}
	for _, c := range []struct {
		name   string
		both   [2]*ir.Module
		asked  string
		choice sides.Choice
		from   sides.Source
		calls  string // of the tested and the reference side: functions with the first number of the first input
		err    string
	}{
		{"given", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "x"), Export: export}, sides.Given, "main 1, main 1", ""},
		{"given by place", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "in0")}, sides.Given, "main 1, main 1", ""},
		{"several calls", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "s0.x", "s1.x")}, sides.Given, "main 1 main 2, main 1 main 2", ""},
		{"a state", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "x", "buf:n")}, sides.Given, "main 1 from 7, main 1 from 7", ""},
		{"a name too many", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "x", "w")}, sides.Given, "", `no input "w"`},
		{"a name too many for another model", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "x", "w"), Loose: true}, sides.Given, "main 1, main 1", ""},
		{"a name too few", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "w")}, sides.Given, "", `the input "x"`},
		{"those of another model", [2]*ir.Module{main, main}, "", sides.Choice{Given: given(t, "w"), Loose: true, Export: export}, sides.Export, "main 9, main 9", ""},
		{"exported", [2]*ir.Module{main, module(t, "forward", "")}, "", sides.Choice{Export: export}, sides.Export, "main 9, forward 9", ""},
		{"an asset and a model of its own", [2]*ir.Module{module(t, "decode", other), main}, "decode", sides.Choice{Given: given(t, "x")}, sides.Given, "decode 1, main 1", ""},
		{"which function", [2]*ir.Module{main, module(t, "decode", other)}, "", sides.Choice{Try: try}, sides.Made, "", "choose one with --function"},
		{"no such function", [2]*ir.Module{module(t, "decode", other), main}, "", sides.Choice{Export: export}, sides.Export, "", `the tested side has no function "main"`},
		{"other inputs", [2]*ir.Module{main, main}, "", sides.Choice{Export: []pass.Call{{Func: "main"}}}, sides.Export, "", "takes 1 input on the tested side and has 0 on the other"},
	} {
		both := [2]sides.Side{{Module: c.both[0]}, {Module: c.both[1]}}
		var functions []string
		if c.asked != "" {
			functions = []string{c.asked}
		}
		sides.Align(&both, functions)
		calls, from, err := sides.Choose(t.Context(), both, c.choice)
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: found the error %v, expected %s", c.name, err, c.err)
		case c.err == "" && (err != nil || from != c.from || spelled(calls) != c.calls):
			t.Errorf("%s: found %s from %s (%v), expected %s from %s", c.name, spelled(calls), from, err, c.calls, c.from)
		}
	}
	both := [2]sides.Side{{Module: main}, {Module: main}}
	first, from, err := sides.Choose(t.Context(), both, sides.Choice{Try: try})
	again, _, _ := sides.Choose(t.Context(), both, sides.Choice{Try: try})
	if err != nil || from != sides.Made || spelled(first) != spelled(again) {
		t.Errorf("made inputs: %s and %s from %s (%v)", spelled(first), spelled(again), from, err)
	}
}

func spelled(both [2]sides.Calls) string {
	var list [2]string
	for at, calls := range both {
		var words []string
		for _, c := range calls.List {
			words = append(words, c.Func, strconv.FormatFloat(host.FloatAt(c.In[0], 0), 'g', -1, 64))
		}
		if n := calls.States["n"]; n != nil {
			words = append(words, "from", strconv.FormatFloat(host.FloatAt(n, 0), 'g', -1, 64))
		}
		list[at] = strings.Join(words, " ")
	}
	return strings.Join(list[:], ", ")
}

// TestSavedFirst: values that were saved are compared on the inputs that they came from, whatever else is at hand.
func TestSavedFirst(t *testing.T) {
	const dir = "../../tests/detector/"
	tk := aiopt.Standard()
	m, err := tk.Load(dir+"detector.pt2", aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := intermediates.Open(dir + "detector.intermediates.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	calls, from, err := sides.Choose(t.Context(), [2]sides.Side{{Module: m}, {Saved: set}}, sides.Choice{Given: given(t, "image", "words")})
	if err != nil || from != sides.Saved || len(calls[0].List) != 1 || len(calls[1].List) != 0 {
		t.Fatalf("found %d and %d calls from %s (%v)", len(calls[0].List), len(calls[1].List), from, err)
	}
	in := calls[0].List[0].In
	image, err := set.Tensor(set.Find("image"))
	if err != nil || !slices.Equal(in[0].Bytes(), image.Bytes()) {
		t.Errorf("the image is another one (%v)", err)
	}
}

// TestPasses: what a reference is opened with, and how a configuration is added.
func TestPasses(t *testing.T) {
	if a, b := sides.ReferencePasses("x/model.pt2"), sides.ReferencePasses("model.airpkg"); a != sides.Original || b != "" {
		t.Errorf("found %q and %q", a, b)
	}
	lowered := module(t, "main", "")
	asExported, err := aiopt.Standard().Load("../../examples/mlp/mlp.pt2", aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		passes, config string
		m              *ir.Module
		want           string
	}{
		{"@cpu", "", asExported, "@cpu"}, {"", "", asExported, ""}, {"", "w4.yaml", asExported, `decompose, compress{config="w4.yaml"}`},
		{"", "w4.yaml", lowered, `compress{config="w4.yaml"}`}, {"@cpu", `a "b".yaml`, lowered, `@cpu, compress{config="a \"b\".yaml"}`},
	} {
		if got := sides.WithConfig(c.passes, c.config, c.m); got != c.want {
			t.Errorf("%q with %q: found %s, expected %s", c.passes, c.config, got, c.want)
		}
	}
}
