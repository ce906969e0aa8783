package tests

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/passes/numeric"
	"github.com/aiopt/aiopt/passes/pass"
)

// spineModel is a model of the corpus that every promise about passes is checked on.
type spineModel struct {
	name    string
	kernel  string  // the tensor of PyTorch whose kernel the golden of TestModels shows
	dynamic bool    // it has sizes of its inputs open
	w4      float64 // dB of signal to noise that w4 must leave in the outputs; some below what it leaves now
	short   bool    // runs with -short too
}

// spineModels are between them: dense, recurrent and convolutional layers, both export levels, attention with and without
// masks, several functions, states of both kinds, open sizes, and control flow.
var spineModels = []spineModel{
	{name: "mlp", kernel: "relu", w4: 20, short: true},
	{name: "lstm", kernel: "getitem_1", w4: 26},
	{name: "llama", kernel: "scaled_dot_product_attention", w4: 15},
	{name: "llama_dyn", kernel: "and_2", w4: 14, dynamic: true, short: true},
	{name: "qwen3_core", kernel: "mul_18", w4: 14},
	{name: "bert", kernel: "scaled_dot_product_attention", w4: 17},
	{name: "vit", kernel: "gelu", w4: 32},
	{name: "swin", kernel: "roll", w4: 10.5},
	{name: "tv_resnet50_dynbatch", kernel: "relu__3", w4: 17, dynamic: true},
	{name: "whisper_full", kernel: "gelu", w4: 20},
	{name: "cond_hop", kernel: "false_graph_0/sub", w4: 35},
	{name: "kv_index_copy", kernel: "add_1", w4: 17},
	{name: "kv_slice", kernel: "add_1", w4: 17, dynamic: true},
	{name: "kv_two_functions", kernel: "scaled_dot_product_attention", w4: 17, short: true},
}

// TestModels checks on each model of the spine what passes promise.
func TestModels(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for _, s := range spineModels {
		if testing.Short() && !s.short {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, s)
			t.Run("kernels", m.checkKernels)
			t.Run("numeric", m.checkNumeric)
			t.Run("claims", m.checkClaims)
			t.Run("commute", m.checkCommute)
			t.Run("deterministic", m.checkDeterministic)
			t.Run("native", m.checkNative)
		})
	}
}

// model is a model with the calls of its case.
type model struct {
	spineModel
	path   string
	tk     *aiopt.Toolkit
	calls  []numeric.Case
	states map[string]*host.Tensor // what states are before the first call
}

func openModel(t *testing.T, c *unpacked, s spineModel) *model {
	t.Helper()
	m := &model{spineModel: s, path: filepath.Join(c.dir, s.name+".pt2"), tk: aiopt.Standard(), states: map[string]*host.Tensor{}}
	at := slices.IndexFunc(c.cases, func(k corpusCase) bool { return k.Name == s.name })
	if at < 0 {
		t.Fatalf("the corpus has no case %s", s.name)
	}
	f, err := safetensors.Open(filepath.Join(c.dir, s.name+".in.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	tensor := func(name string) *host.Tensor {
		x, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	loaded := m.load(t)
	for _, name := range f.Names() {
		if st, ok := strings.CutPrefix(name, "buf:"); ok && loaded.State(st) != nil {
			m.states[st] = tensor(name)
		}
	}
	functions, prefix := []string{loaded.Funcs[0].Name}, func(int) string { return "" }
	if steps := c.cases[at].steps(); len(steps) > 0 {
		functions, prefix = steps, func(k int) string { return fmt.Sprintf("s%d.", k) }
	}
	for k, fn := range functions {
		if loaded.Func(fn) == nil { // a file of one function calls it by its own name
			fn = loaded.Funcs[0].Name
		}
		call := numeric.Case{Func: fn}
		for i := range backend.SignatureOf(loaded.Func(fn)).Inputs {
			call.In = append(call.In, tensor(fmt.Sprintf("%sin%d", prefix(k), i)))
		}
		m.calls = append(m.calls, call)
	}
	return m
}

func (m *model) load(t *testing.T) *ir.Module {
	t.Helper()
	loaded, err := m.tk.Load(m.path, aiopt.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// given are the case's calls as calibration data.
func (m *model) given() *pass.Samples {
	s := pass.Sample{Name: m.name}
	for _, c := range m.calls {
		s.Calls = append(s.Calls, pass.Call{Func: c.Func, In: c.In})
	}
	return &pass.Samples{Count: 1, All: func(yield func(pass.Sample, error) bool) { yield(s, nil) }}
}

// build loads the model anew and runs a pipeline over it.
func (m *model) build(t *testing.T, pipeline string, hooks ...pass.Hook) *ir.Module {
	t.Helper()
	built, err := m.tryBuild(t, pipeline, hooks...)
	if err != nil {
		t.Fatalf("%s: %v", pipeline, err)
	}
	return built
}

func (m *model) tryBuild(t *testing.T, pipeline string, hooks ...pass.Hook) (*ir.Module, error) {
	t.Helper()
	built := m.load(t)
	return built, m.tk.Build(t.Context(), built, pipeline, aiopt.BuildOptions{Executor: m, Calibration: m.given(), Hooks: hooks})
}

// Compile lets passes and numeric verification run the model: from the states of the case, on one thread, as the models
// are tested in parallel.
func (m *model) Compile(_ context.Context, built *ir.Module) (pass.Program, error) {
	return &modelProgram{m, built}, nil
}

type modelProgram struct {
	*model
	built *ir.Module
}

// Run makes calls, which share their states.
func (p *modelProgram) Run(ctx context.Context, calls []pass.Call, watch *pass.Watch) (*pass.Results, error) {
	var list []numeric.Case
	for _, c := range calls {
		list = append(list, numeric.Case{Func: c.Func, In: c.In})
	}
	var opt *backend.CallOptions
	if watch != nil {
		opt = &backend.CallOptions{Select: watch.Select, Observe: watch.Observe}
	}
	all, err := p.run(ctx, p.built, 1, list, opt)
	if err != nil {
		return nil, err
	}
	r := &pass.Results{}
	for _, c := range calls {
		n := len(backend.SignatureOf(p.built.Func(c.Func)).Outputs)
		r.Outputs, all = append(r.Outputs, all[:n]), all[n:]
	}
	r.States = all
	return r, nil
}

// Close does nothing: run closes what it compiles.
func (*modelProgram) Close() error { return nil }

// run makes calls, which share their states, and gives all outputs and then the states. What passes narrowed is cast.
func (m *model) run(ctx context.Context, built *ir.Module, threads int, calls []numeric.Case, opt *backend.CallOptions) ([]*host.Tensor, error) {
	p, err := interp.Backend{}.Compile(ctx, built, backend.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return m.callsOf(ctx, p, built, calls, opt)
}

// callsOf makes calls in a new session of a program.
func (m *model) callsOf(ctx context.Context, p backend.Program, built *ir.Module, calls []numeric.Case, opt *backend.CallOptions) (all []*host.Tensor, err error) {
	s := p.NewSession()
	for _, st := range built.States {
		if x := m.states[st.Name]; x != nil {
			if x, err = as(x, st.Type.Elem); err != nil {
				return nil, err
			}
			if err := s.SetState(st.Name, x); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range calls {
		in := slices.Clone(c.In)
		for i, p := range backend.SignatureOf(built.Func(c.Func)).Inputs {
			if in[i], err = as(in[i], p.Value.Type.Elem); err != nil {
				return nil, err
			}
		}
		out, err := s.Call(ctx, c.Func, in, opt)
		if err != nil {
			return nil, err
		}
		all = append(all, out...)
	}
	for _, st := range built.States {
		x, err := s.State(st.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// outputs runs the calls of the case.
func (m *model) outputs(t *testing.T, built *ir.Module, threads int) []*host.Tensor {
	t.Helper()
	out, err := m.run(t.Context(), built, threads, m.calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// as is a tensor in another element type.
func as(x *host.Tensor, e host.Elem) (*host.Tensor, error) {
	if x.Elem == e {
		return x, nil
	}
	out, err := host.Alloc(e, x.Shape)
	if err != nil {
		return nil, err
	}
	return out, host.Cast(host.Serial, out, x)
}

// sameBytes holds tensors to be equal bit for bit.
func sameBytes(got, want []*host.Tensor) error {
	if len(got) != len(want) {
		return fmt.Errorf("found %d tensors, expected %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Elem != w.Elem || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(g.Bytes(), w.Bytes()) {
			return fmt.Errorf("tensor %d: found %s, expected %s with the same bytes", i, g, w)
		}
	}
	return nil
}
