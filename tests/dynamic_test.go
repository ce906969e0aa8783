package tests

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
)

// dynamicGroups are the files of tests/dynamic, which tests/dynamic.py makes.
var dynamicGroups = []string{"features", "models"}

// dynamicCase is a model with open sizes and calls at several of them: a line of a manifest.
type dynamicCase struct {
	corpusCase
	Args    []map[string]int64 `json:"args"` // of each call, its integers
	Refused []struct {
		Sizes map[string]int   `json:"sizes"`
		Args  map[string]int64 `json:"args"`
		Says  string           `json:"says"`
	} `json:"refused"`
	dir string
}

// TestDynamic runs models at sizes they were not traced at, by the function with open sizes and by one that specialize
// makes for the sizes of the last call, and holds both to PyTorch. Sizes out of range are refused. With -short, every
// tenth case runs.
func TestDynamic(t *testing.T) {
	t.Parallel()
	var cases []dynamicCase
	for _, group := range dynamicGroups {
		cases = append(cases, openDynamic(t, group)...)
	}
	if len(cases) < 50 {
		t.Fatalf("found %d cases only", len(cases))
	}
	step := 1
	if testing.Short() {
		step = 10
	}
	failures := make([]error, len(cases))
	host.InParallel(runtime.GOMAXPROCS(0), (len(cases)+step-1)/step, func(i int) { failures[i*step] = cases[i*step].run(t.Context(), i%2 == 0) })
	for i, err := range failures {
		if err != nil {
			t.Errorf("%s: %v", cases[i].Name, err)
		}
	}
}

func openDynamic(t *testing.T, group string) []dynamicCase {
	t.Helper()
	dir, cases := unpack[dynamicCase](t, "dynamic/"+group)
	for i := range cases {
		cases[i].dir = dir
	}
	return cases
}

// run makes all calls of a case; specializeFirst puts that pass before decompose instead of behind it.
func (k dynamicCase) run(ctx context.Context, specializeFirst bool) error {
	open, err := k.build(ctx, "decompose,fuse")
	if err != nil {
		return err
	}
	main := open.Funcs[0].Name
	var errs []error
	for i, ints := range k.Args {
		if err := k.call(ctx, open, main, fmt.Sprint(i), ints); err != nil {
			errs = append(errs, fmt.Errorf("call %d: %w", i, err))
		}
	}
	for i, r := range k.Refused {
		err := k.call(ctx, open, main, fmt.Sprintf("r%d", i), r.Args)
		switch says := regexp.MustCompile(r.Says); {
		case err == nil:
			errs = append(errs, fmt.Errorf("sizes %v run; expected the error %q", r.Sizes, r.Says))
		case !says.MatchString(err.Error()):
			errs = append(errs, fmt.Errorf("sizes %v give %q; expected the error %q", r.Sizes, err, r.Says))
		}
	}
	last := len(k.Args) - 1
	sizes, err := k.sizes(open.Funcs[0], fmt.Sprint(last), k.Args[last])
	if err != nil || sizes == "" { // a program may leave no size open
		return errors.Join(append(errs, err)...)
	}
	pipeline := "decompose,specialize{" + sizes + "},fuse"
	if specializeFirst {
		pipeline = "specialize{" + sizes + "},decompose,fuse"
	}
	both, err := k.build(ctx, pipeline)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("%s: %w", pipeline, err))...)
	}
	for _, f := range both.Funcs {
		if err := k.call(ctx, both, f.Name, fmt.Sprint(last), k.Args[last]); err != nil {
			errs = append(errs, fmt.Errorf("%s: @%s: %w", pipeline, f.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (k dynamicCase) build(ctx context.Context, pipeline string) (*ir.Module, error) {
	tk := aiopt.Standard()
	m, err := tk.Load(filepath.Join(k.dir, k.Name+".pt2"), aiopt.LoadOptions{})
	if err != nil {
		return nil, err
	}
	return m, tk.Build(ctx, m, pipeline, aiopt.BuildOptions{})
}

// inputs reads the arguments of a call: one a parameter, nil for a constant.
func (k dynamicCase) inputs(f *ir.Func, name string, ints map[string]int64) ([]*host.Tensor, error) {
	file, err := safetensors.Open(filepath.Join(k.dir, k.Name+"."+name+".in.safetensors"))
	if err != nil {
		return nil, err
	}
	args := make([]*host.Tensor, len(f.Params))
	for i, p := range f.Params {
		if p.Role != ir.Input {
			continue
		}
		if n, ok := ints[fmt.Sprintf("in%d", i)]; ok {
			args[i], err = host.Scalar(host.I64, n)
		} else {
			args[i], err = file.Tensor(fmt.Sprintf("in%d", i))
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

// call runs a function and compares what it gives: outputs by their place, changed inputs by that of the input.
func (k dynamicCase) call(ctx context.Context, m *ir.Module, fn, name string, ints map[string]int64) error {
	f := m.Func(fn)
	args, err := k.inputs(f, name, ints)
	if err != nil {
		return err
	}
	p, err := interp.Backend{}.Compile(ctx, m, backend.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	got, err := p.NewSession().Call(ctx, fn, slices.DeleteFunc(args, func(x *host.Tensor) bool { return x == nil }), nil)
	if err != nil || strings.HasPrefix(name, "r") {
		return err
	}
	want, err := safetensors.Open(filepath.Join(k.dir, k.Name+"."+name+".out.safetensors"))
	if err != nil {
		return err
	}
	outputs := backend.SignatureOf(f).Outputs
	if len(outputs) != len(want.Names()) {
		return fmt.Errorf("found %d outputs, expected %d", len(outputs), len(want.Names()))
	}
	for i, r := range outputs {
		of := fmt.Sprintf("out%d", i)
		if r.Role == ir.Update {
			of = fmt.Sprintf("mut%d", slices.IndexFunc(f.Params, func(p *ir.Param) bool { return p.Value.Name == r.Target }))
		}
		w, err := want.Tensor(of)
		if err != nil {
			return err
		}
		if err := k.differ(got[i], w); err != nil {
			return fmt.Errorf("%s: %w", of, err)
		}
	}
	return nil
}

// sizes are the options of specialize for the sizes of a call.
func (k dynamicCase) sizes(f *ir.Func, name string, ints map[string]int64) (string, error) {
	args, err := k.inputs(f, name, ints)
	if err != nil {
		return "", err
	}
	bound, err := backend.BindInputs(f, args)
	if err != nil {
		return "", err
	}
	var options []string
	for _, d := range f.Dims {
		if n, ok := bound.Get(d.Name); ok {
			options = append(options, fmt.Sprintf("%s=%d", d.Name, n))
		}
	}
	return strings.Join(options, ", "), nil
}
