package lower

import (
	"path"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// refusal is why operators have no lowering, on purpose, and what to do instead.
type refusal struct {
	reason    string
	targets   string // patterns of ns.op, with * for any letters
	overloads string // patterns of ns.op.overload: refused also where the operator's other overloads are lowered
}

// refusals are asked in order, and only where a table has no lowering; one that a user adds for an overload wins over all.
var refusals = []refusal{
	{"it computes gradients or updates weights; export the model for inference, after model.eval() and under torch.no_grad()",
		`*_backward* *.*_jvp *._fused_ada* *._fused_sgd* *._amp_* *._standard_gamma_grad *._dirichlet_grad
		aten._fused_moving_avg_obs_fq_helper* aten.fused_moving_avg_obs_fake_quant aten._fake_quantize_learnable_*
		aten.batch_norm_stats aten.batch_norm_gather_stats* aten.batch_norm_update_stats aten.batch_norm_elemt`, ""},
	{"it draws random numbers, which would differ from PyTorch's; draw them outside and pass them as an input, or call model.eval() if they are meant for training",
		`aten.rand aten.rand_like aten.randn aten.randn_like aten.randint aten.randint_like aten.random aten.random_ aten.randperm
		aten.bernoulli aten.bernoulli_ aten.normal aten.normal_ aten.normal_functional aten.uniform aten.uniform_ aten.multinomial
		aten.poisson aten.binomial aten.exponential aten.exponential_ aten.cauchy aten.cauchy_ aten.geometric aten.geometric_
		aten.log_normal aten.log_normal_ aten._standard_gamma aten._sample_dirichlet aten._fused_dropout prims.normal prims.uniform rngprims.*`, ""},
	{"it gives a tensor other memory, which no value of a program can follow; assign a new tensor instead",
		`aten.resize* aten.set aten.set_* aten.set_data aten._resize_output* aten.sparse_resize* prims.resize aten.copy_sparse_to_sparse*`, ""},
	{"it works on sparse tensors, which aiopt has not; make them dense before, x.to_dense()",
		`aten._sparse_* aten.sparse_* aten.to_sparse* aten._to_sparse* aten.to_dense aten._to_dense aten.coalesce aten._coalesce*
		aten.is_coalesced aten._dimI aten._dimV aten.dense_dim aten._nnz aten._indices* aten.indices aten.indices_copy aten.ccol_indices* aten.col_indices* aten.crow_indices* aten.row_indices*
		aten._values* aten.values* aten.hspmm aten.native_norm aten.sspaddmm aten.smm aten._spdiags aten._spsolve aten._convert_indices_* aten._validate_*
		aten._cslt_* torchao.*sparse*`, ""},
	{"it works on nested tensors, which aiopt has not; pad them to one size before",
		`aten._nested_* aten.nested_* aten.to_padded_tensor aten.*jagged* aten._jagged*`, ""},
	{"it works on tensors whose axes have names, which torch.export does not keep; call x.rename(None) and use numbers",
		`aten.align_* aten.refine_names aten.rename*`, `*.*Dimname* *.*dimname* *.names* *.*_names* *.named_out_dim`},
	{"it belongs to the kernels of one vendor or device; export from the CPU, where PyTorch calls its general operators",
		`aten.cudnn_* aten._cudnn_* aten._use_cudnn* aten.miopen_* aten._use_miopen* aten.*mkldnn* *_mps* aten._cufft_* aten._nnpack_* aten._triton_* *_xla_* *vulkan* aten.*flash_attention_forward*
		aten._efficient_attention_forward aten._masked_scale aten._scaled_grouped_mm* aten._scaled_mm_v2 aten.fbgemm_* aten._thnn_fused_* aten.convolution_*overrideable
		aten._transform_bias_rescale_qkv aten.slow_conv* aten._slow_conv* aten.thnn_conv2d aten._conv_depthwise2d aten.conv_depthwise3d
		aten._fill_mem_eff_dropout_mask_ torchvision._cuda_version`, `aten._scaled_dot_product_flash_attention.quantized`},
	{"it packs weights, or works on weights packed, for kernels of one device; save the model before that and let aiopt pack its weights (w4)",
		`aten._convert_weight_to_int4pack* aten._weight_int*pack_mm* aten._dyn_quant_* aten._wrapped_* aten._saturate_weight_to_fp16
		aten._mixed_dtypes_linear aten.choose_qparams_optimized torchao.*_cpu torchao.*cutlass* torchao.swizzle_* torchao.mx_*
		torchao.da8w4_* torchao.qscaled_dot_product torchao._scaled_embedding_bag aten._rowwise_prune`, ""},
	{"it works on packed sequences, whose steps depend on the data so that torch.export cannot follow them; pass padded sequences, and mask what is behind the end of each",
		`aten._pack_padded_sequence aten._pad_packed_sequence`, `aten.lstm.data aten.gru.data aten.rnn_tanh.data aten.rnn_relu.data`},
	{"it is a loss for training, which torch.export cannot follow; export what the model predicts",
		`aten.ctc_loss aten._ctc_loss`, ""},
	{"it is a step inside another operator of PyTorch, which torch.export saves whole; save the program that torch.export gives",
		`aten._cummax_helper aten._cummin_helper aten._batch_norm_impl_index aten._sobol_engine_* aten._functional_sym_constrain_range_for_size`, ""},
	{"its result is of type uint64, which torch.export cannot save; compute it outside", `aten.hash_tensor`, ""},
	{"its numbers are of 16-bit complex parts, a type that PyTorch can store but hardly compute with; use complex64", `aten.chalf`, ""},
	{"it works on PyTorch's quantized tensors (quint8, qint8), which torch.export cannot save; quantize with torchao or PT2E, whose calls are known, or with aiopt (w4)",
		`aten.quantize_per_* aten.int_repr aten.q_* aten.qscheme aten.quantized_* aten.empty_quantized
		aten._empty_*quantized* aten._make_per_* aten._choose_qparams_per_tensor`, `aten.dequantize.tensors*`},
	{"it belongs to the bookkeeping of autograd or functorch; export the model for inference, under torch.no_grad()",
		`aten._make_dual* aten._unpack_dual aten._fw_primal* aten.retain_grad aten.retains_grad aten.get_gradients
		aten.is_leaf aten.output_nr aten._version aten.data aten.record_stream aten._add_batch_dim aten._remove_batch_dim
		aten._new_zeros_with_same_feature_meta aten._has_compatible_shallow_copy_type aten._has_same_storage_numel aten._lazy_clone
		aten.pin_memory aten._pin_memory aten.is_pinned aten._copy_from* aten.slice_inverse aten._make_dep_token prims._make_token
		prims._sink_tokens`, ""},
	{"it answers a question about a tensor instead of giving one; torch.export puts the answer in its place",
		`aten.is_* aten.size aten.stride aten.dim aten.numel aten.result_type aten.can_cast aten.promote_types aten.sym_is_contiguous
		aten._shape_as_tensor aten._reshape_from_tensor aten.allclose aten.equal aten._is_zerotensor aten._debug_has_internal_overlap aten._fused_sdp_choice
		aten._linalg_check_errors aten._nested_tensor_size prims.item prims.maximum_value prims.minimum_value`, ""},
	{"it exchanges data between processes; export the model of one process",
		`c10d.* _c10d_functional.* c10d_functional.* _dtensor.* symm_mem.* fsdp.*`, ""},
	{"TorchInductor makes it after export; save the program that torch.export gives",
		`prims.inductor_* prims.as_strided* prims.xor_sum prims.copy_to prims._unsafe_index_put_ prims._low_memory_* prims.prepare_softmax_online inductor.* triton.*`, ""},
	{"its spacing is coordinates, which are tensors; pass one number for each axis", "", `aten.gradient.tensorarray*`},
	{"where it cuts is a tensor; save the program after run_decompositions(), which makes slices of it, or pass a list of numbers", "", `aten.tensor_split.tensor_indices_or_sections`},
	{"it reads a file while the program runs; read it before and pass a tensor", `aten.from_file`, ""},
	{"it belongs to PyTorch's own tests", `aten._test_* aten._foobar`, ""},
}

// refusalOf says why a target has no lowering on purpose and what to do instead; empty where nothing is known against it.
func refusalOf(callee string) string {
	for _, r := range refusals {
		if matches(r.targets, callee) || matches(r.targets, base(callee)) || matches(r.overloads, callee) {
			return r.reason
		}
	}
	return ""
}

// refusedOverload reports whether a target is refused whatever is known of the operator's other overloads.
func refusedOverload(callee string) bool {
	return slices.ContainsFunc(refusals, func(r refusal) bool { return matches(r.overloads, callee) })
}

func matches(patterns, name string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		if start, _, _ := strings.Cut(pattern, "*"); !strings.HasPrefix(name, start) {
			continue // most of them, at once
		}
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// Reasons lists every reason for a refusal, in the order they are asked.
func Reasons() []string {
	var list []string
	for _, r := range refusals {
		list = append(list, r.reason)
	}
	return list
}

// Limit is what the lowering of some targets refuses though it knows the target.
type Limit struct {
	Targets string   // as in the table: ns.op or ns.op.overload, apart by spaces
	What    string   // as a user of PyTorch says it: train=True
	Attrs   ir.Attrs // arguments that are refused
}

// limits are the calls refused because they draw random numbers; the lowering's own error says what to do.
var limits = []Limit{
	{"aten.dropout aten.feature_dropout aten.alpha_dropout aten.feature_alpha_dropout aten.native_dropout",
		"train=True", ir.Attrs{ir.Set("train", ir.Bool(true)), ir.Set("p", ir.Float(0.5))}},
	{"aten.lstm.input aten.gru.input aten.rnn_tanh.input aten.rnn_relu.input",
		"dropout with train=True", ir.Attrs{ir.Set("train", ir.Bool(true)), ir.Set("dropout", ir.Float(0.5))}},
	{"aten.rrelu aten.rrelu_with_noise_functional", "training=True", ir.Attrs{ir.Set("training", ir.Bool(true))}},
	{"aten.scaled_dot_product_attention aten._scaled_dot_product_attention_math aten._scaled_dot_product_flash_attention_for_cpu " +
		"aten._scaled_dot_product_flash_attention aten._scaled_dot_product_efficient_attention aten._scaled_dot_product_cudnn_attention " +
		"aten._scaled_dot_product_fused_attention_overrideable",
		"dropout_p > 0", ir.Attrs{ir.Set("dropout_p", ir.Float(0.5))}},
}

// Limits lists what the lowerings of the standard table refuse.
func Limits() []Limit { return slices.Clone(limits) }
