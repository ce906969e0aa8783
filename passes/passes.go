package passes

import (
	"slices"

	"github.com/aiopt/aiopt/passes/kernels"
	"github.com/aiopt/aiopt/passes/lower"
	"github.com/aiopt/aiopt/passes/pass"
)

// Standard is the one list of passes, in the order in which a pipeline normally uses them. The table says how decompose
// lowers PyTorch's operators, and the other one which Metal kernels there are for operations.
func Standard(table *lower.Table, own *kernels.Table) []func() *pass.Pass {
	return slices.Concat([]func() *pass.Pass{
		func() *pass.Pass { return Decompose(table) },
		Recompose,
		Expand,
		Fold,
		CSE,
		Canonicalize,
		DCE,
		Specialize,
		Layout,
		SplitHeads,
		LinearToConv,
		MaxRank,
		FP16,
		SmoothQuant,
		AWQ,
		GPTQ,
	}, WeightPasses(), []func() *pass.Pass{
		Compress,
		Auto,
		Pack,
		A8,
		Int16,
		KV8,
		KVCache,
		func() *pass.Pass { return MetalKernels(own) },
		Fuse,
		StripDebug,
	})
}

// Named is a pipeline with a name.
type Named struct{ Name, Doc, Text string }

// Pipelines lists the named pipelines.
func Pipelines() []Named {
	return []Named{
		{"cpu", "what `run` does to a .pt2: lower it, simplify it, update caches in place, put channels last where convolutions gain by it, and group it into kernels",
			"decompose, fold, cse, canonicalize, kv-cache, dce, layout{convs=dense}, fuse"},
		{"metal", "what is right for Apple's GPUs: as @cpu, with all convolutions channels last, so that threads side by side read channels side by side",
			"decompose, fold, cse, canonicalize, kv-cache, layout, cse, dce, fuse"},
		{"ane", "what is right for Apple's Neural Engine: attention by heads with the keys as channels, channels in front of rows, convolutions for linear " +
			"layers, at most four axes, f16, caches updated in place. It wants fixed sizes, so specialize before, and compresses nothing by itself: " +
			"`decompose, specialize{B=1, S=256}, pal4{group=16}, @ane`",
			"decompose, fold, cse, canonicalize, kv-cache, layout{to=channels-first}, split-heads{hidden=-40000}, expand{only=nn.rope}, linear-to-conv, " +
				"fold, cse, canonicalize, max-rank, fp16, dce"},
	}
}
