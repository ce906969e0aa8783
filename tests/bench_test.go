package tests

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/interp"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// layer is one layer of a decoder as torch.export writes it: RMS norm and rotary embedding in small operators, grouped
// attention, a gated MLP. N is the layer, P the one before it.
const layer = `
%pow_N = torch.call(%outP) {callee = "aten.pow.Tensor_Scalar", self = $0, exponent = 2} : tensor<[B]x[S]x64xf32> is "pow_N"
%mean_N = torch.call(%pow_N) {callee = "aten.mean.dim", self = $0, dim = [-1], keepdim = true, dtype = none} : tensor<[B]x[S]x1xf32> is "mean_N"
%eps_N = torch.call(%mean_N) {callee = "aten.add.Tensor", self = $0, other = 1e-06, alpha = 1} : tensor<[B]x[S]x1xf32> is "eps_N"
%rsqrt_N = torch.call(%eps_N) {callee = "aten.rsqrt.default", self = $0} : tensor<[B]x[S]x1xf32> is "rsqrt_N"
%scaled_N = torch.call(%outP, %rsqrt_N) {callee = "aten.mul.Tensor", self = $0, other = $1} : tensor<[B]x[S]x64xf32> is "scaled_N"
%same_N = torch.call(%scaled_N) {callee = "aten.to.dtype", self = $0, dtype = f32, non_blocking = false, copy = false, memory_format = none} : tensor<[B]x[S]x64xf32> is "same_N"
%normw_N = core.constant() {value = @layers.N.norm.weight} : tensor<64xf32>
%norm_N = torch.call(%normw_N, %same_N) {callee = "aten.mul.Tensor", self = $0, other = $1} : tensor<[B]x[S]x64xf32> is "norm_N"
%qw_N = core.constant() {value = @layers.N.q.weight} : tensor<64x64xf32>
%q_N = torch.call(%norm_N, %qw_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x64xf32> is "q_N"
%qv_N = torch.call(%q_N) {callee = "aten.view.default", self = $0, size = [B, S, -1, 16]} : tensor<[B]x[S]x4x16xf32> is "qv_N"
%qt_N = torch.call(%qv_N) {callee = "aten.transpose.int", self = $0, dim0 = 1, dim1 = 2} : tensor<[B]x4x[S]x16xf32> is "qt_N"
%kw_N = core.constant() {value = @layers.N.k.weight} : tensor<32x64xf32>
%k_N = torch.call(%norm_N, %kw_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x32xf32> is "k_N"
%kv_N = torch.call(%k_N) {callee = "aten.view.default", self = $0, size = [B, S, -1, 16]} : tensor<[B]x[S]x2x16xf32> is "kv_N"
%kt_N = torch.call(%kv_N) {callee = "aten.transpose.int", self = $0, dim0 = 1, dim1 = 2} : tensor<[B]x2x[S]x16xf32> is "kt_N"
%vw_N = core.constant() {value = @layers.N.v.weight} : tensor<32x64xf32>
%v_N = torch.call(%norm_N, %vw_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x32xf32> is "v_N"
%vv_N = torch.call(%v_N) {callee = "aten.view.default", self = $0, size = [B, S, -1, 16]} : tensor<[B]x[S]x2x16xf32> is "vv_N"
%vt_N = torch.call(%vv_N) {callee = "aten.transpose.int", self = $0, dim0 = 1, dim1 = 2} : tensor<[B]x2x[S]x16xf32> is "vt_N"
%cosu_N = torch.call(%cos) {callee = "aten.unsqueeze.default", self = $0, dim = 1} : tensor<1x1x[S]x16xf32> is "cosu_N"
%sinu_N = torch.call(%sin) {callee = "aten.unsqueeze.default", self = $0, dim = 1} : tensor<1x1x[S]x16xf32> is "sinu_N"
%qc_N = torch.call(%qt_N, %cosu_N) {callee = "aten.mul.Tensor", self = $0, other = $1} : tensor<[B]x4x[S]x16xf32> is "qc_N"
%qa_N = torch.call(%qt_N) {callee = "aten.slice.Tensor", self = $0, dim = 3, start = 0, end = 8, step = 1} : tensor<[B]x4x[S]x8xf32> is "qa_N"
%qb_N = torch.call(%qt_N) {callee = "aten.slice.Tensor", self = $0, dim = 3, start = 8, end = 9223372036854775807, step = 1} : tensor<[B]x4x[S]x8xf32> is "qb_N"
%qn_N = torch.call(%qb_N) {callee = "aten.neg.default", self = $0} : tensor<[B]x4x[S]x8xf32> is "qn_N"
%qr_N = torch.call(%qn_N, %qa_N) {callee = "aten.cat.default", tensors = [$0, $1], dim = -1} : tensor<[B]x4x[S]x16xf32> is "qr_N"
%qs_N = torch.call(%qr_N, %sinu_N) {callee = "aten.mul.Tensor", self = $0, other = $1} : tensor<[B]x4x[S]x16xf32> is "qs_N"
%qq_N = torch.call(%qc_N, %qs_N) {callee = "aten.add.Tensor", self = $0, other = $1, alpha = 1} : tensor<[B]x4x[S]x16xf32> is "qq_N"
%kz_N = torch.call(%kt_N) {callee = "aten.slice.Tensor", self = $0, dim = 0, start = 0, end = 9223372036854775807, step = 1} : tensor<[B]x2x[S]x16xf32> is "kz_N"
%ku_N = torch.call(%kz_N) {callee = "aten.unsqueeze.default", self = $0, dim = 2} : tensor<[B]x2x1x[S]x16xf32> is "ku_N"
%ke_N = torch.call(%ku_N) {callee = "aten.expand.default", self = $0, size = [B, 2, 2, S, 16], implicit = false} : tensor<[B]x2x2x[S]x16xf32> is "ke_N"
%kr_N = torch.call(%ke_N) {callee = "aten.reshape.default", self = $0, shape = [B, 4, S, 16]} : tensor<[B]x4x[S]x16xf32> is "kr_N"
%vu_N = torch.call(%vt_N) {callee = "aten.unsqueeze.default", self = $0, dim = 2} : tensor<[B]x2x1x[S]x16xf32> is "vu_N"
%ve_N = torch.call(%vu_N) {callee = "aten.expand.default", self = $0, size = [B, 2, 2, S, 16], implicit = false} : tensor<[B]x2x2x[S]x16xf32> is "ve_N"
%vr_N = torch.call(%ve_N) {callee = "aten.reshape.default", self = $0, shape = [B, 4, S, 16]} : tensor<[B]x4x[S]x16xf32> is "vr_N"
%att_N = torch.call(%qq_N, %kr_N, %vr_N) {callee = "aten.scaled_dot_product_attention.default", query = $0, key = $1, value = $2, attn_mask = none, dropout_p = 0.0, is_causal = true, scale = 0.25, enable_gqa = false} : tensor<[B]x4x[S]x16xf32> is "att_N"
%at_N = torch.call(%att_N) {callee = "aten.transpose.int", self = $0, dim0 = 1, dim1 = 2} : tensor<[B]x[S]x4x16xf32> is "at_N"
%ar_N = torch.call(%at_N) {callee = "aten.reshape.default", self = $0, shape = [B, S, -1]} : tensor<[B]x[S]x64xf32> is "ar_N"
%ow_N = core.constant() {value = @layers.N.o.weight} : tensor<64x64xf32>
%o_N = torch.call(%ar_N, %ow_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x64xf32> is "o_N"
%res_N = torch.call(%outP, %o_N) {callee = "aten.add.Tensor", self = $0, other = $1, alpha = 1} : tensor<[B]x[S]x64xf32> is "res_N"
%gw_N = core.constant() {value = @layers.N.gate.weight} : tensor<128x64xf32>
%g_N = torch.call(%res_N, %gw_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x128xf32> is "g_N"
%silu_N = torch.call(%g_N) {callee = "aten.silu.default", self = $0} : tensor<[B]x[S]x128xf32> is "silu_N"
%uw_N = core.constant() {value = @layers.N.up.weight} : tensor<128x64xf32>
%u_N = torch.call(%res_N, %uw_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x128xf32> is "u_N"
%gu_N = torch.call(%silu_N, %u_N) {callee = "aten.mul.Tensor", self = $0, other = $1} : tensor<[B]x[S]x128xf32> is "gu_N"
%dw_N = core.constant() {value = @layers.N.down.weight} : tensor<64x128xf32>
%d_N = torch.call(%gu_N, %dw_N) {callee = "aten.linear.default", input = $0, weight = $1, bias = none} : tensor<[B]x[S]x64xf32> is "d_N"
%outN = torch.call(%res_N, %d_N) {callee = "aten.add.Tensor", self = $0, other = $1, alpha = 1} : tensor<[B]x[S]x64xf32> is "outN"
`

// layerWeights are the resources of one layer.
const layerWeights = `
resource @layers.N.norm.weight : tensor<64xf32> = elided size 256
resource @layers.N.q.weight : tensor<64x64xf32> = elided size 16384
resource @layers.N.k.weight : tensor<32x64xf32> = elided size 8192
resource @layers.N.v.weight : tensor<32x64xf32> = elided size 8192
resource @layers.N.o.weight : tensor<64x64xf32> = elided size 16384
resource @layers.N.gate.weight : tensor<128x64xf32> = elided size 32768
resource @layers.N.up.weight : tensor<128x64xf32> = elided size 32768
resource @layers.N.down.weight : tensor<64x128xf32> = elided size 32768
`

// decoder makes the text of a decoder with at least n operations.
func decoder(n int) []byte {
	var body, weights strings.Builder
	layers := n/(strings.Count(layer, "\n")-1) + 1
	for i := 1; i <= layers; i++ {
		sub := strings.NewReplacer("outP", fmt.Sprintf("out%d", i-1), "outN", fmt.Sprintf("out%d", i), "_N", fmt.Sprintf("_%d", i), "layers.N", fmt.Sprintf("layers.%d", i))
		sub.WriteString(&body, layer)
		sub.WriteString(&weights, layerWeights)
	}
	return fmt.Appendf(nil, "air 1\nmodule @decoder {\nfunc @main(%%out0: tensor<[B]x[S]x64xf32>, %%cos: tensor<1x[S]x16xf32>, %%sin: tensor<1x[S]x16xf32>) -> (%%y: tensor<[B]x[S]x64xf32>) {\n"+
		"dim B in 1..8\ndim S in 2..128\n%score.return(%%out%d)\n}\n%s}\n", body.String(), layers, weights.String())
}

func parseDecoder(tb testing.TB, tk *aiopt.Toolkit, n int) *ir.Module {
	tb.Helper()
	m, err := text.Parse("decoder.air", decoder(n), tk.Ops)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// likeCLI sets the garbage collector as the command line does.
func likeCLI(b *testing.B) {
	old := debug.SetGCPercent(400)
	b.Cleanup(func() { debug.SetGCPercent(old) })
}

// BenchmarkPipeline runs pipelines, verifier included, over models of several sizes: the time per operation should not
// grow with the model.
func BenchmarkPipeline(b *testing.B) {
	likeCLI(b)
	tk := aiopt.Standard()
	for _, size := range []int{3_000, 30_000} {
		m := parseDecoder(b, tk, size)
		for _, pipeline := range []string{"@cpu", "decompose", "expand"} {
			b.Run(fmt.Sprintf("%s/%d", strings.TrimPrefix(pipeline, "@"), size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					run := m.Clone()
					if pipeline == "expand" {
						if err := tk.Build(context.Background(), run, "decompose", aiopt.BuildOptions{}); err != nil {
							b.Fatal(err)
						}
					}
					b.StartTimer()
					if err := tk.Build(context.Background(), run, pipeline, aiopt.BuildOptions{KeepBefore: true}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkVerify verifies a module, as the runner does after each pass.
func BenchmarkVerify(b *testing.B) {
	likeCLI(b)
	tk := aiopt.Standard()
	m := parseDecoder(b, tk, 3_000)
	if err := tk.Build(context.Background(), m, "decompose", aiopt.BuildOptions{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ir.Verify(m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInterp calls a model of many small operations, where what the engine adds to each counts.
func BenchmarkInterp(b *testing.B) {
	likeCLI(b)
	tk := aiopt.Standard()
	m := parseDecoder(b, tk, 3_000)
	for _, r := range m.Resources {
		r.Source = &ir.Source{Data: make([]byte, r.Source.Size), Size: r.Source.Size}
	}
	if err := tk.Build(context.Background(), m, "@cpu", aiopt.BuildOptions{}); err != nil {
		b.Fatal(err)
	}
	program, err := interp.Backend{}.Compile(context.Background(), m, backend.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var in []*host.Tensor
	for _, shape := range [][]int{{1, 4, 64}, {1, 4, 16}, {1, 4, 16}} {
		t, err := host.Alloc(host.F32, shape)
		if err != nil {
			b.Fatal(err)
		}
		in = append(in, t)
	}
	session := program.NewSession()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := session.Call(context.Background(), "main", in, nil); err != nil {
			b.Fatal(err)
		}
	}
}
