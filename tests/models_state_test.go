package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestModelsSpecialize: a function for fixed sizes gives what the dynamic one gives for them, bit for bit, and has no
// open size; with one size fixed, the others stay open. The dynamic function still runs.
func TestModelsSpecialize(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, name := range []string{"llama_dyn", "gemma3_dyn", "phi3_dyn", "timm_vit_dynbatch", "tv_resnet50_dynbatch"} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: name})
			dynamic := m.build(t, "decompose")
			want := m.outputs(t, dynamic, 1)
			sizes := sizesOf(t, dynamic.Funcs[0], m.calls[0].In)
			for k := range sizes {
				options := strings.Join(sizes[:k+1], ", ")
				for _, pipeline := range []string{"decompose, specialize{%s}", "specialize{%s}, decompose", "decompose, fuse, specialize{%s}"} {
					built := m.build(t, fmt.Sprintf(pipeline, options))
					if len(built.Funcs) != 2 || built.Funcs[0].Name != "main" {
						t.Fatalf("%s: found %d functions, expected @main and a copy", options, len(built.Funcs))
					}
					static := built.Funcs[1]
					if open := len(dynamic.Funcs[0].Dims) - k - 1; len(static.Dims) != open {
						t.Errorf("%s: @%s has %d open sizes, expected %d", options, static.Name, len(static.Dims), open)
					}
					for _, fn := range built.Funcs {
						calls := slices.Clone(m.calls)
						for i := range calls {
							calls[i].Func = fn.Name
						}
						got, err := m.run(t.Context(), built, 1, calls, nil)
						if err != nil {
							t.Fatalf("%s: %v", options, err)
						}
						if err := sameBytes(got, want); err != nil {
							t.Errorf("%s: @%s: %v", fmt.Sprintf(pipeline, options), fn.Name, err)
						}
					}
				}
			}
		})
	}
}

// sizesOf gives the options of specialize that the shapes of inputs make.
func sizesOf(t *testing.T, f *ir.Func, in []*host.Tensor) []string {
	t.Helper()
	args := make([]*host.Tensor, len(f.Params))
	k := 0
	for i, p := range f.Params {
		if p.Role == ir.Input {
			args[i] = in[k]
			k++
		}
	}
	bound, err := backend.BindInputs(f, args)
	if err != nil {
		t.Fatal(err)
	}
	var options []string
	for _, d := range f.Dims {
		n, ok := bound.Get(d.Name)
		if !ok {
			t.Fatalf("the inputs do not decide %s", d.Name)
		}
		options = append(options, fmt.Sprintf("%s=%d", d.Name, n))
	}
	return options
}

// TestModelsKVCache: every write to a cache of these models happens in place, the results stay the same bit for bit, and
// the marks outlive fuse.
func TestModelsKVCache(t *testing.T) {
	t.Parallel()
	c := openCorpus(t, "models")
	for i, k := range []struct {
		name    string
		updates int
	}{
		{"kv_slice_core", 4},
		{"kv_index_copy", 4},
		{"kv_slice", 4},
		{"kv_index_put_core", 4},
		{"kv_two_functions", 8},
		{"hf_static_cache_llama", 4},
	} {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			m := openModel(t, c, spineModel{name: k.name})
			want := m.outputs(t, m.build(t, "decompose"), 1)
			for _, pipeline := range []string{"decompose, kv-cache", "decompose, fold, cse, canonicalize, dce, kv-cache, fuse"} {
				built := m.build(t, pipeline)
				marked, updates := 0, 0
				built.Walk(func(op *ir.Op) {
					if op.Def.Traits.Has(ir.InPlace) {
						updates++
					}
					if op.MarkedInPlace() {
						marked++
					}
				})
				if marked != k.updates || updates != k.updates {
					t.Errorf("%s: %d of %d updates happen in place, expected %d", pipeline, marked, updates, k.updates)
				}
				got := m.outputs(t, built, 1)
				if err := sameBytes(got, want); err != nil {
					t.Errorf("%s: %v", pipeline, err)
				}
			}
		})
	}
}
