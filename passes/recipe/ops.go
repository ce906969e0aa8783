package recipe

import "slices"

// opSet is which compressors take an operation's tensors, as bits.
type opSet uint8

const (
	quantizes opSet = 1 << iota // in coreai-opt's eager or graph mode
	palettes
	prunes
)

// opType pairs coreai-opt's types of operations with ours. coreai-opt names a type by the last part of the torch function;
// the sets are those of its registries.
type opType struct {
	names []string // the first is the usual one
	op    string
	rank  int    // of the weight, or of the first operand where there is none; 0: any
	class string // of the module; empty: any
	set   opSet
	// calls are further names of PyTorch's functions that give the operation. Where there are some, an activation's spec holds
	// only if one of these or of names was called: the IR has the operation for other functions, too.
	calls []string
}

var opTypes = []opType{
	{names: []string{"multi_head_attention_forward"}, op: "nn.linear", class: "MultiheadAttention", set: quantizes | palettes},
	{names: []string{"multi_head_attention"}, op: "nn.linear", class: "MultiheadAttention", set: prunes},
	{names: []string{"linear"}, op: "nn.linear", set: quantizes | palettes | prunes},
	{names: []string{"conv1d"}, op: "nn.conv", rank: 3, set: quantizes | palettes | prunes},
	{names: []string{"conv2d"}, op: "nn.conv", rank: 4, set: quantizes | palettes | prunes},
	{names: []string{"conv3d"}, op: "nn.conv", rank: 5, set: quantizes | palettes | prunes},
	{names: []string{"conv_transpose1d"}, op: "nn.conv_transpose", rank: 3, set: quantizes | palettes | prunes},
	{names: []string{"conv_transpose2d"}, op: "nn.conv_transpose", rank: 4, set: quantizes | palettes | prunes},
	{names: []string{"conv_transpose3d"}, op: "nn.conv_transpose", rank: 5, set: quantizes | palettes | prunes},
	{names: []string{"embedding"}, op: "nn.embedding", set: quantizes},
	{names: []string{"matmul", "einsum"}, op: "tensor.matmul", set: quantizes, calls: []string{"mm", "bmm", "addmm", "baddbmm"}},
	{names: []string{"add"}, op: "tensor.add", set: quantizes, calls: []string{"iadd"}},
	{names: []string{"sub"}, op: "tensor.sub", set: quantizes, calls: []string{"isub"}},
	{names: []string{"mul"}, op: "tensor.mul", set: quantizes, calls: []string{"imul"}},
	{names: []string{"mean"}, op: "tensor.mean", set: quantizes, calls: []string{"mean"}},
	{names: []string{"flatten"}, op: "tensor.reshape", set: quantizes, calls: []string{"flatten"}},
	{names: []string{"cat", "concat", "concatenate"}, op: "tensor.concat", set: quantizes, calls: []string{"cat"}},
	{names: []string{"max_pool1d"}, op: "nn.max_pool", rank: 3, set: quantizes},
	{names: []string{"max_pool2d"}, op: "nn.max_pool", rank: 4, set: quantizes},
	{names: []string{"max_pool3d"}, op: "nn.max_pool", rank: 5, set: quantizes},
	{names: []string{"avg_pool1d"}, op: "nn.avg_pool", rank: 3, set: quantizes},
	{names: []string{"avg_pool2d"}, op: "nn.avg_pool", rank: 4, set: quantizes},
	{names: []string{"avg_pool3d"}, op: "nn.avg_pool", rank: 5, set: quantizes},
	{names: []string{"adaptive_avg_pool1d"}, op: "nn.adaptive_avg_pool", rank: 3, set: quantizes},
	{names: []string{"adaptive_avg_pool2d"}, op: "nn.adaptive_avg_pool", rank: 4, set: quantizes},
	{names: []string{"adaptive_avg_pool3d"}, op: "nn.adaptive_avg_pool", rank: 5, set: quantizes},
}

// typesOf are the types that a compressor knows an operation by; nil where it leaves the operation alone.
func typesOf(t *Target, set opSet) []string {
	class := ""
	if len(t.Modules) > 0 {
		class = lastPart(t.Modules[len(t.Modules)-1].Class)
	}
	for _, o := range opTypes {
		if o.op == t.Op && o.set&set != 0 && (o.rank == 0 || o.rank == len(t.Shape)) && (o.class == "" || o.class == class) {
			return o.names
		}
	}
	return nil
}

// activationTypes are the types that the quantizer knows an operation by whose inputs and outputs are asked for.
func activationTypes(t *Target) []string {
	types := typesOf(t, quantizes)
	for _, o := range opTypes {
		if o.op == t.Op && o.calls != nil && t.Calls != nil && !slices.ContainsFunc(t.Calls, func(c string) bool {
			return slices.Contains(o.names, c) || slices.Contains(o.calls, c)
		}) {
			return nil
		}
	}
	return types
}

// knownTypes are the types that a compressor has.
func knownTypes(set opSet) []string {
	var out []string
	for _, o := range opTypes {
		if o.set&set != 0 {
			out = append(out, o.names...)
		}
	}
	return out
}
