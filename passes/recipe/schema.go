package recipe

import (
	"math"
	"strings"

	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/compress"
)

const anyNumber = math.MaxInt32

// dtype is a type of codes: its name in a recipe and ours.
type dtype struct {
	name string
	elem host.Elem
	ours bool // coreai-opt does not take it
}

// dtypes are the types of codes, by the names that torch gives them.
var dtypes = []dtype{
	{"int8", host.I8, false}, {"int4", host.I4, false}, {"int2", host.I2, false},
	{"uint8", host.U8, false}, {"uint4", host.U4, false}, {"uint2", host.U2, false},
	{"float8_e4m3fn", host.F8E4M3, false}, {"float8_e5m2", host.F8E5M2, false}, {"float4_e2m1fn_x2", host.F4E2M1, false},
	{"int1", host.I1, true}, {"int3", host.I3, true}, {"int5", host.I5, true}, {"int6", host.I6, true}, {"int7", host.I7, true},
	{"uint1", host.U1, true}, {"uint3", host.U3, true}, {"uint5", host.U5, true}, {"uint6", host.U6, true}, {"uint7", host.U7, true},
}

// scaleTypes are the types of scales.
var scaleTypes = []dtype{
	{"float8_e8m0fnu", host.F8E8M0, false}, {"float32", host.F32, true}, {"float16", host.F16, true}, {"bfloat16", host.BF16, true},
}

// tableTypes are the types that the numbers of a palette may be stored in.
var tableTypes = []string{"int8", "uint8", "float8_e4m3fn", "float8_e5m2"}

// otherNames are coreai-opt's further spellings of types.
var (
	otherNames      = map[string]string{"float4_e2m1fn": "float4_e2m1fn_x2", "float8_e4m3": "float8_e4m3fn"}
	otherScaleNames = map[string]string{"float8_e8m0": "float8_e8m0fnu"}
)

// ranges pairs the names of quantization schemes with ours.
var ranges = []struct {
	name string
	is   compress.Range
}{{"symmetric", compress.Symmetric}, {"symmetric_with_clipping", compress.Clipped}, {"asymmetric", compress.Asymmetric}}

// rules are the ways of choosing parameters.
var rules = []string{string(compress.Search), string(compress.MinMax), string(compress.CoreAI)}

func names(types []dtype) []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = t.name
	}
	return out
}

func rangeNames() []string {
	out := make([]string, len(ranges))
	for i, r := range ranges {
		out[i] = r.name
	}
	return out
}

func axisField(def string) field {
	return field{key: "axis", doc: "The axis of the tensor; negative ones count from the last.", shape: orNull(integer(-16, 15)), def: def}
}

// quantGranularity is how many elements share a scale.
var quantGranularity = &shape{form: formStruct, tag: "type", check: checkBlocks, cases: []choice{
	{name: "per_tensor", doc: "All elements share.", fields: []field{{key: "axis", doc: "There is none.", shape: &shape{form: formNull, null: true}}}},
	{name: "per_channel", doc: "Each index of an axis has its own.", fields: []field{axisField("the output axis of the weight")}},
	{name: "per_block", doc: "Neighbours along an axis share; each index of the other channel axis has its own.", fields: []field{
		axisField("the input axis of the weight"),
		{key: "block_size", doc: "How many share: for the axis, or a list with one size for each axis, -1 for all of it.", required: true,
			shape: &shape{form: formInt, least: 1, most: anyNumber, either: &shape{form: formList, item: integer(-1, anyNumber)}}},
	}},
	{name: "per_grouped_channel", doc: "A number of neighbouring channels share.", ours: true, fields: groupFields},
}}

var groupFields = []field{
	{key: "axis", doc: "The axis of the channels.", shape: orNull(integer(0, 1)), def: "the output axis of the weight"},
	{key: "group_size", doc: "How many channels share.", shape: integer(1, anyNumber), required: true},
}

// paletteGranularity is how many elements share a table.
var paletteGranularity = &shape{form: formStruct, tag: "type", cases: []choice{
	{name: "per_tensor", doc: "All elements share.", fields: []field{{key: "axis", doc: "There is none.", shape: &shape{form: formNull, null: true}}}},
	{name: "per_grouped_channel", doc: "A number of neighbouring channels share.", fields: groupFields},
}}

// quantFields are the keys of a quantization spec.
var quantFields = []field{
	{key: "dtype", doc: "Of the codes.", shape: &shape{form: formText, words: names(dtypes), others: otherNames}, def: "int8"},
	{key: "qscheme", doc: "How codes lie around zero.", shape: text(rangeNames()...), def: "symmetric"},
	{key: "qformulation", doc: "How the offset is stored: as a zero point, or as the least number.", shape: text("zp", "minval"), def: "zp"},
	{key: "granularity", doc: "Which elements share a scale.", shape: quantGranularity, def: "per_tensor"},
	{key: "fake_quantize_cls", doc: "coreai-opt's simulator.", shape: text("default"), def: "default"},
	{key: "qparam_calculator_cls", doc: "How the range of an activation is gathered: of the last sample, a moving average, or over all of them. A weight has one sample.",
		shape: text("default", "static", "moving_average", "global_minmax", "dynamic"), def: "default"},
	{key: "range_calculator_cls", doc: "What range a sample has.", shape: text("minmax"), def: "minmax"},
	{key: "float_range", doc: "[least, greatest]: ends of an activation's range that are known; null where one is not.",
		shape: &shape{form: formList, item: orNull(number(-math.MaxFloat64, math.MaxFloat64)), check: checkFloatRange}, def: "[null, null]"},
	{key: "scale_dtype", doc: "Of the scales.", shape: orNull(&shape{form: formText, words: names(scaleTypes), others: otherScaleNames}), def: "the weight's own type; float8_e8m0fnu for float4"},
	{key: "rule", doc: "How scales are chosen: for the least squared error, so that nothing is clipped, or as coreai-opt does.",
		shape: text(rules...), ours: true, def: "search, or what compat says"},
	computed("n_bits"), computed("target_dtype"), computed("quant_min"), computed("quant_max"),
}

func computed(key string) field {
	return field{key: key, doc: "What coreai-opt prints beside dtype.", shape: &shape{form: formAny, null: true}, idle: "it follows from dtype and qscheme"}
}

// The specs: of a weight by each compressor, and of an activation.
var (
	weightSpec     = &shape{id: "weight_quantization", form: formStruct, null: true, fields: quantFields, check: checkWeight}
	activationSpec = &shape{id: "activation_quantization", form: formStruct, null: true, fields: quantFields, check: checkActivation}

	paletteSpec = &shape{id: "palettization", form: formStruct, null: true, check: checkPalette, fields: []field{
		{key: "n_bits", doc: "Of an index; a table has 2^n_bits entries. coreai-opt has no 5 and 7.", shape: integer(1, 8), def: "4"},
		{key: "lut_qspec", doc: "How the numbers of the tables are stored; they have one scale for each table.",
			shape: &shape{form: formStruct, null: true, fields: quantFields, check: checkTable}, def: "the weight's own type"},
		{key: "granularity", doc: "Which elements share a table.", shape: paletteGranularity, def: "per_tensor"},
		{key: "cluster_dim", doc: "How many numbers an entry has, along the output axis.", shape: integer(1, 1<<10), def: "1"},
		{key: "enable_per_channel_scale", doc: "Whether each output channel is divided by its greatest magnitude first.", shape: &shape{form: formBool}, def: "false"},
		{key: "training_strategy_spec", doc: "How weights move in training.", shape: &shape{form: formStruct, tag: "type", cases: []choice{{name: "default", doc: "They do not."}}},
			idle: "nothing is trained here"},
		{key: "rule", doc: "How entries are chosen: for the least squared error, or as coreai-opt's fast mode does.",
			shape: text(string(compress.Search), string(compress.CoreAI)), ours: true, def: "search, or what compat says"},
	}}

	pruneSpec = &shape{id: "pruning", form: formStruct, null: true, fields: []field{
		{key: "target_sparsity", doc: "The fraction of elements that become zero.", shape: number(0, 1), def: "0.5"},
		{key: "pruning_scheme", doc: "Which elements go together.", def: "unstructured", shape: &shape{form: formStruct, tag: "type", check: checkNM, cases: []choice{
			{name: "unstructured", doc: "Each by itself.", fields: []field{{key: "axis", doc: "There is none.", shape: &shape{form: formNull, null: true}}}},
			{name: "channel_structured", doc: "Whole channels.", fields: []field{{key: "axis", doc: "The axis of the channels; the output axis of the weight.", shape: integer(-16, 15), def: "0"}}},
			{name: "n_m", doc: "Of every m neighbours along the input axis, n become zero; target_sparsity is n/m.", ours: true, fields: []field{
				{key: "n", doc: "How many become zero.", shape: integer(1, 1<<10), required: true},
				{key: "m", doc: "Of how many.", shape: integer(2, 1<<10), required: true},
			}},
			{name: "block_structured", doc: "Neighbours along the output axis.", ours: true, fields: []field{
				{key: "block_size", doc: "How many are kept or become zero together.", shape: integer(1, 1<<20), required: true},
			}},
		}}},
		{key: "pruning_algo", doc: "What is least important: what has the least magnitude.", shape: text("default"), def: "default"},
	}}
)

var schedule = &shape{form: formStruct, null: true, fields: []field{
	{key: "enable_observer", doc: "A step.", shape: integer(0, anyNumber), def: "0"},
	{key: "enable_fake_quant", doc: "A step.", shape: integer(0, anyNumber), def: "0"},
	{key: "disable_observer", doc: "A step.", shape: orNull(integer(1, anyNumber))},
}}

// inactive are the specs that a compressor of weights alone takes where they ask for nothing.
var inactive = orNull(dict(keyIndex, &shape{form: formNull, null: true}))

// sectionShape describes one compressor: what the specs of its weights and activations are.
type sectionShape struct {
	key, hosts  string // the top-level keys: the configuration, and where anchors are hosted
	doc         string
	state, acts *shape
	defaults    []string // the state tensors that an omitted op_state_spec names
	module, top []field  // keys of its own
	on          opSet    // the operations that it takes weights of
}

// sections are the compressors, in the order in which they apply.
var sections = []sectionShape{
	{
		key: "magnitude_pruning_config", hosts: "pruning_spec", doc: "What becomes zero.", state: pruneSpec, acts: inactive,
		defaults: []string{"weight", "in_proj_weight"}, on: prunes,
		module: []field{{key: "sparsity_schedule", doc: "When sparsity grows in training.", shape: &shape{form: formStruct, null: true, tag: "type", cases: []choice{
			{name: "constant", doc: "At one step.", fields: []field{{key: "begin_step", doc: "A step.", shape: integer(0, anyNumber), def: "0"}}},
			{name: "polynomial_decay", doc: "Along a polynomial.", fields: []field{
				{key: "begin_step", doc: "A step.", shape: integer(0, anyNumber), def: "0"},
				{key: "total_iters", doc: "A number of steps.", shape: integer(1, anyNumber), required: true},
				{key: "power", doc: "Of the polynomial.", shape: number(0, anyNumber), def: "3"},
				{key: "initial_sparsity", doc: "A fraction.", shape: number(0, 1), def: "0"},
				{key: "update_frequency", doc: "A number of steps.", shape: integer(1, anyNumber), def: "1"},
			}},
		}}, idle: "nothing is trained here: the target is applied at once"}},
	},
	{
		key: "kmeans_palettization_config", hosts: "palettization_spec", doc: "What is stored as indices into tables.", state: paletteSpec, acts: inactive,
		defaults: []string{"weight", "in_proj_weight"}, on: palettes,
		module: []field{
			{key: "enable_fast_kmeans_mode", doc: "Whether coreai-opt rounds weights before clustering. With rule or compat coreai, false means the exact optimum.",
				shape: &shape{form: formBool}, def: "true"},
			{key: "rounding_precision", doc: "To how many decimal places. Without rule or compat coreai nothing is rounded.", shape: integer(1, 100), def: "4"},
			{key: "pat_schedule", doc: "When palettes apply in training.", idle: "nothing is trained here", shape: &shape{form: formStruct, null: true, fields: []field{
				{key: "enable_fake_palettize", doc: "A step.", shape: integer(0, anyNumber), def: "0"}}}},
		},
	},
	{
		key: "quantization_config", hosts: "quantization_spec", doc: "What is stored as codes with scales.", state: weightSpec,
		acts: orNull(dict(keyIndex, activationSpec)), defaults: []string{"weight"}, on: quantizes,
		module: []field{{key: "qat_schedule", doc: "When observers run in training.", shape: schedule, idle: "nothing is trained here"}},
		top: []field{
			{key: "execution_mode", doc: "How coreai-opt finds operations.", def: "graph", idle: "operations are found in the graph, and both modes' names of them are known",
				shape: &shape{form: formText, words: []string{"graph", "eager"}, others: map[string]string{"pt2e": "graph", "PT2E": "graph"}}},
			{key: "preserved_attributes", doc: "Attributes that coreai-opt keeps on the model.", shape: orNull(&shape{form: formList, item: text()}), idle: "an imported model has no attributes"},
			{key: "kv_cache_quant_configs", doc: "Caches that are stored quantized, by the operation that updates them.",
				idle: "the pass kv8 stores caches in 8 bits; no operation of these names is imported", shape: orNull(dict(keyOp, &shape{form: formStruct, fields: []field{
					{key: "op_quantizer_config", doc: "The spec of the cache.", required: true, shape: &shape{form: formStruct, fields: opFields(weightSpec, orNull(dict(keyIndex, activationSpec)))}}}}))},
		},
	},
}

func sectionKeys() []string {
	out := make([]string, len(sections))
	for i, s := range sections {
		out[len(sections)-1-i] = s.key
	}
	return out
}

// opFields are what can be said of an operation.
func opFields(state, acts *shape) []field {
	return []field{
		{key: "op_input_spec", doc: "Of its inputs, by index.", shape: acts, def: "what the compressor does by default"},
		{key: "op_output_spec", doc: "Of its outputs, by index.", shape: acts, def: "what the compressor does by default"},
		{key: "op_state_spec", doc: "Of its parameters, buffers and constants, by their names in the module that has them.", shape: orNull(dict(keyTensor, state)), def: "what the compressor does by default"},
	}
}

// shape is the schema of the configuration.
func (s *sectionShape) shape() *shape {
	id := strings.TrimSuffix(s.key, "config")
	op := &shape{id: id + "operation", form: formStruct, null: true, fields: opFields(s.state, s.acts)}
	ops := append(opFields(s.state, s.acts),
		field{key: "op_type_config", doc: "Of the operations of a type, instead of the three above.", shape: orNull(dict(keyOp, op))},
		field{key: "op_name_config", doc: "Of the operations of a name, instead of the four above.", shape: orNull(dict(keyOpNames, op))})
	ops = append(ops, s.module...)
	whole := append(append([]field(nil), ops...),
		field{key: "module_input_spec", doc: "Of the module's inputs, by index, whatever takes them. Modules inside do not inherit it.", shape: s.acts},
		field{key: "module_output_spec", doc: "Of the module's outputs, by index, whatever makes them. Modules inside do not inherit it.", shape: s.acts},
		field{key: "module_state_spec", doc: "Of the module's own tensors, by name, whatever takes them. Modules inside do not inherit it.", shape: orNull(dict(keyTensor, s.state))})
	module := &shape{id: id + "module", form: formStruct, null: true, fields: whole}
	return &shape{form: formStruct, check: checkGlobal, fields: append([]field{
		{key: "global_config", doc: "Of all modules that nothing else decides.", shape: module, def: "what the compressor does by default"},
		{key: "module_type_configs", doc: "Of modules by class.", shape: orNull(dict(keyClass, module))},
		{key: "module_name_configs", doc: "Of modules by path.", shape: orNull(dict(keyModules, module))},
	}, s.top...)}
}

// top is the schema of a recipe.
func top() *shape {
	s := &shape{form: formStruct}
	for i := range sections {
		one := &sections[i]
		s.fields = append(s.fields, field{key: one.key, doc: one.doc, shape: one.shape()},
			field{key: one.hosts, doc: "A place for anchors; what no alias uses has no meaning.", shape: &shape{form: formAny, null: true}})
	}
	s.fields = append(s.fields, field{key: "compat", doc: "coreai: choose every parameter as coreai-opt does, bit for bit.", shape: text("coreai", "none"), ours: true, def: "none"})
	return s
}
