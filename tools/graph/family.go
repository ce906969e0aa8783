package graph

import (
	"strings"

	"github.com/aiopt/aiopt/ir"
)

// Family is a kind of work, for colours.
type Family uint8

// The families.
const (
	Other       Family = iota
	Product            // sums of products: linear, convolution, attention
	Reduction          // norms, sums, softmax, pooling, sorting
	Memory             // states and what updates them
	Index              // embeddings, gathering, making, joining
	Elementwise        // each element by itself
	Numbers            // casts and compressed weights
	View               // the same elements in another shape or order
	Control            // what has bodies
	Port               // inputs and outputs
	families
)

// String names the family.
func (f Family) String() string {
	return [families]string{"other", "product", "reduction", "memory", "index", "elementwise", "numbers", "view", "control", "port"}[f]
}

// familyNames are the operations, by their name without dialect or namespace, whose traits do not say it, PyTorch's among them.
// What they begin with counts: conv is conv2d, too.
var familyNames = []struct {
	family Family
	names  string
}{
	{Product, "linear addmm bmm baddbmm matmul mm mv dot grouped_matmul einsum conv convolution scaled_dot_product_attention sdpa lstm gru rnn"},
	{Reduction, "layer_norm native_layer_norm rms_norm group_norm native_group_norm batch_norm native_batch_norm _native_batch_norm_legit instance_norm softmax log_softmax sum mean amax amin max_pool " +
		"avg_pool adaptive_avg_pool adaptive_max_pool cumsum cumprod argmax argmin any all var std norm sort topk prod logsumexp upsample"},
	{View, "view reshape permute transpose t expand unsqueeze squeeze slice select flatten unflatten chunk split alias contiguous detach " +
		"movedim narrow unbind as_strided lift_fresh_copy expand_as dropout identity"},
	{Index, "embedding gather scatter index index_select index_put cat concat concatenate stack pad constant_pad_nd arange roll flip nonzero where masked_fill " +
		"tril triu full zeros ones fill iota grid_sample nms roi_align repeat"},
	{Numbers, "to _to_copy cast dequantize quantize lookup sparse_to_dense type_as"},
	{Memory, "copy index_copy slice_scatter slice_update index_update"},
	{Elementwise, "add sub mul div rsub pow neg exp log sqrt rsqrt relu gelu silu sigmoid tanh hardswish hardsigmoid hardtanh clamp eq ne lt le gt ge " +
		"logical_and logical_or logical_not bitwise_and bitwise_or bitwise_not sin cos erf abs minimum maximum reciprocal leaky_relu elu softplus mish"},
}

// familyOf finds the family of an operation with a title. A fused operation has that of its heaviest part: families stand in that
// order.
func (b *builder) familyOf(op *ir.Op, title string) Family {
	switch traits := op.Def.Traits; {
	case traits.Has(ir.Inline):
		heaviest := families
		for _, o := range op.Bodies[0].Ops {
			if f := b.familyOf(o, b.opTitle(o)); f != Other {
				heaviest = min(heaviest, f)
			}
		}
		return heaviest % families
	case len(op.Bodies) > 0:
		return Control
	case op.Def.Dialect() == "state":
		return Memory
	case op.Def.Dialect() == "quant":
		return Numbers
	}
	for name := title; name != ""; {
		if f, ok := b.family[name]; ok {
			return f
		}
		if next := strings.TrimRight(name, "0123456789d"); next != name {
			name = next
			continue
		}
		name = name[:max(strings.LastIndexByte(name, '_'), 0)]
	}
	switch traits := op.Def.Traits; {
	case traits.Has(ir.Anchor):
		return Product
	case traits.Has(ir.View):
		return View
	case traits.Has(ir.Elementwise):
		return Elementwise
	}
	return Other
}

func familyTable() map[string]Family {
	table := map[string]Family{}
	for _, row := range familyNames {
		for name := range strings.FieldsSeq(row.names) {
			table[name] = row.family
		}
	}
	return table
}
