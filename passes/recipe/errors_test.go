package recipe

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestErrors holds what is said of mistakes: every one of them, with its place, its key and what to try.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"unknown key", "quantization_config:\n  global_config:\n    op_state_spec:\n      weight:\n        granularty: {type: per_tensor}\n",
			"r:5:9: quantization_config.global_config.op_state_spec.weight: unknown key `granularty`; did you mean granularity?"},
		{"several", "quantization_confg: {}\nkmeans_palettization_config:\n  global_config:\n    op_state_spec:\n      weight: {n_bits: 9, granularity: {type: per_grouped_channel}}\n",
			"r:1:1: unknown key `quantization_confg`; did you mean quantization_config?\n" +
				"r:5:24: kmeans_palettization_config.global_config.op_state_spec.weight.n_bits: expected an integer from 1 to 8; found 9\n" +
				"r:5:40: kmeans_palettization_config.global_config.op_state_spec.weight.granularity: the key group_size is missing"},
		{"unknown word", "quantization_config: {global_config: {op_state_spec: {weight: {dtype: int44, qscheme: symetric}}}}\n",
			"r:1:71: quantization_config.global_config.op_state_spec.weight.dtype: found `int44`; expected int8, int4, int2, uint8, uint4, uint2, float8_e4m3fn, float8_e5m2, float4_e2m1fn_x2, int1, int3, int5, int6, int7, uint1, uint3, uint5, uint6 or uint7; did you mean int4?\n" +
				"r:1:87: quantization_config.global_config.op_state_spec.weight.qscheme: found `symetric`; expected symmetric, symmetric_with_clipping or asymmetric; did you mean symmetric?"},
		{"names of another kind", "quantization_config: {global_config: {op_state_spec: {weight: {dtype: float4_e2m1fn, scale_dtype: int8}}}}\n",
			"r:1:99: quantization_config.global_config.op_state_spec.weight.scale_dtype: found `int8`; expected float8_e8m0fnu, float32, float16 or bfloat16"},
		{"null", "quantization_config:\n", "r:1:1: quantization_config: expected a mapping with keys such as global_config; found null"},
		{"wrong kinds", "quantization_config: {global_config: {op_state_spec: [1], op_input_spec: {0: int8}, op_type_config: {linear: {op_state_spec: {weight: {granularity: {type: per_block, block_size: big, axis: 1.5}}}}}}}\n",
			"r:1:54: quantization_config.global_config.op_state_spec: expected a mapping whose keys are each a tensor's name, or * for all or null; found a list\n" +
				"r:1:78: quantization_config.global_config.op_input_spec.0: expected a mapping with keys such as dtype or null; found `int8`\n" +
				"r:1:179: quantization_config.global_config.op_type_config.linear.op_state_spec.weight.granularity.block_size: expected an integer from 1 or a list; found `big`\n" +
				"r:1:190: quantization_config.global_config.op_type_config.linear.op_state_spec.weight.granularity.axis: expected an integer from -16 to 15 or null; found `1.5`"},
		{"granularity", "quantization_config: {global_config: {op_state_spec: {a: {granularity: {type: per_chanel}}, b: {granularity: {axis: 1}}, c: {granularity: {type: per_block, block_size: [1, 0], axis: 1}}}}}\n",
			"r:1:79: quantization_config.global_config.op_state_spec.a.granularity.type: found `per_chanel`; expected per_tensor, per_channel, per_block or per_grouped_channel; did you mean per_channel?\n" +
				"r:1:110: quantization_config.global_config.op_state_spec.b.granularity: the key type is missing; it is per_tensor, per_channel, per_block or per_grouped_channel\n" +
				"r:1:173: quantization_config.global_config.op_state_spec.c.granularity.block_size[1]: found 0; a size is at least 1, or -1 for all of the axis\n" +
				"r:1:183: quantization_config.global_config.op_state_spec.c.granularity.axis: must be null where block_size is a list: the list has a size for each axis"},
		{"floats", "quantization_config: {global_config: {op_state_spec: {weight: {dtype: float8_e4m3, qscheme: asymmetric, qformulation: minval, float_range: [0, 1]}}}}\n",
			"r:1:93: quantization_config.global_config.op_state_spec.weight.qscheme: floats are symmetric; found asymmetric with dtype float8_e4m3\n" +
				"r:1:119: quantization_config.global_config.op_state_spec.weight.qformulation: floats have no offset; remove it or write zp\n" +
				"r:1:140: quantization_config.global_config.op_state_spec.weight.float_range: a weight is quantized over its own range here; remove it, or write [null, null]"},
		{"activations", "quantization_config: {global_config: {op_input_spec: {0: {granularity: {type: per_channel}}, 1: {float_range: [1, 2]}, \"*\": {qparam_calculator_cls: dynamic, qscheme: symmetric_with_clipping}}}}\n",
			"r:1:72: quantization_config.global_config.op_input_spec.0.granularity: an activation has no axis of its own; say axis, such as -1\n" +
				"r:1:112: quantization_config.global_config.op_input_spec.1.float_range: the least is 1; it is at most 0, for 0 must be representable\n" +
				"r:1:167: quantization_config.global_config.op_input_spec[\"*\"].qscheme: dynamic ranges are symmetric or asymmetric"},
		{"palettes of pruned weights", "compat: coreai\nkmeans_palettization_config:\n  global_config:\n    op_state_spec: {weight: {n_bits: 4}}\nmagnitude_pruning_config: {global_config: {}}\n",
			"r:4:21: kmeans_palettization_config.global_config.op_state_spec.weight: all weights are also pruned, and coreai-opt's palettizer has no palettes of the kept elements of pruned weights to follow: write `rule: search` in the palettization's spec, or leave out `compat: coreai`"},
		{"palettes take weights alone", "kmeans_palettization_config: {global_config: {op_input_spec: {0: {n_bits: 4}}}}\n",
			"r:1:66: kmeans_palettization_config.global_config.op_input_spec.0: expected null; found a mapping"},
		{"tables", "kmeans_palettization_config: {global_config: {op_state_spec: {weight: {lut_qspec: {dtype: int4, qformulation: minval, granularity: {type: per_channel}}}}}}\n",
			"r:1:91: kmeans_palettization_config.global_config.op_state_spec.weight.lut_qspec.dtype: found `int4`; the numbers of a table are stored as int8, uint8, float8_e4m3fn or float8_e5m2\n" +
				"r:1:111: kmeans_palettization_config.global_config.op_state_spec.weight.lut_qspec.qformulation: a table has a zero point; write zp\n" +
				"r:1:132: kmeans_palettization_config.global_config.op_state_spec.weight.lut_qspec.granularity: a table has one scale; write per_tensor"},
		{"pruning", "magnitude_pruning_config: {global_config: {op_state_spec: {weight: {target_sparsity: 1.5, pruning_scheme: {type: n_m, n: 4, m: 4}}}}}\n",
			"r:1:86: magnitude_pruning_config.global_config.op_state_spec.weight.target_sparsity: expected a number from 0 to 1; found 1.5\n" +
				"r:1:122: magnitude_pruning_config.global_config.op_state_spec.weight.pruning_scheme.n: found 4 of 4; fewer than all become zero"},
		{"global", "quantization_config: {global_config: {module_state_spec: {weight: {}}}}\n",
			"r:1:58: quantization_config.global_config.module_state_spec: belongs to one module; write it under module_type_configs or module_name_configs"},
		{"patterns", "quantization_config:\n  module_name_configs:\n    'a(?!b)': null\n    '(a)\\1': null\n    'a(': null\n    'a{,2}': null\n    'a\\Z': null\n  global_config: {op_name_config: {'(?=x)x': null}}\n",
			"r:3:5: quantization_config.module_name_configs[\"a(?!b)\"]: the pattern has negative lookahead, (?!, which is not supported; match them all, and add a later entry that is null for those to leave out\n" +
				"r:4:5: quantization_config.module_name_configs[\"(a)\\\\1\"]: the pattern has a backreference, \\1, which is not supported; list the names that are meant\n" +
				"r:5:5: quantization_config.module_name_configs[\"a(\"]: this is no regular expression: missing closing ): `a(`\n" +
				"r:6:5: quantization_config.module_name_configs[\"a{,2}\"]: the pattern has a count without a least, {,, which is not supported; write {0,n}\n" +
				"r:7:5: quantization_config.module_name_configs[\"a\\\\Z\"]: the pattern has \\Z; it must match the whole name anyway, so leave it out\n" +
				"r:8:36: quantization_config.global_config.op_name_config[\"(?=x)x\"]: the pattern has lookahead, (?=, which is not supported; list the names that are meant"},
		{"twice", "quantization_config:\n  global_config: null\n  global_config: {}\n", "r:3:3: `global_config` is given twice in one mapping, first in line 2"},
		{"same index", "quantization_config: {global_config: {op_input_spec: {0: null, '00': null}}}\n",
			"r:1:64: quantization_config.global_config.op_input_spec.00: `0` and `00` are both index 0"},
		{"anchors", "quantization_spec: {one: &one {dtype: int8}}\nquantization_config: {global_config: {op_state_spec: {weight: *on}}}\n", "r:2:63: there is no anchor &on above; did you mean one?"},
		{"one anchor, told once", "quantization_spec: {one: &one {dtyp: int8}}\nquantization_config: {global_config: {op_state_spec: {weight: *one, bias: *one}}}\n",
			"r:1:32: quantization_config.global_config.op_state_spec.weight: unknown key `dtyp`; did you mean dtype?"},
		{"itself", "a: &a [*a]\n", "r:1:8: there is no anchor &a above"},
		{"syntax", "quantization_config:\n  a: [1\n", "r:2:6: this is no YAML: sequence end token ']' not found"},
		{"empty", "# nothing\n", "r:1:1: the file is empty; expected quantization_config, kmeans_palettization_config or magnitude_pruning_config"},
		{"no section", "compat: coreai\n", "r:1:1: no compressor is configured; expected quantization_config, kmeans_palettization_config or magnitude_pruning_config"},
		{"two documents", "a: 1\n---\nb: 2\n", "r:3:2: a second document begins; a recipe is one document"},
		{"tag", "quantization_config: !!python/object:os.system {}\n", "r:1:22: the tag !!python/object:os.system has no meaning in a recipe; remove it"},
		{"not a mapping", "[1, 2]\n", "r:1:1: expected a mapping with keys such as magnitude_pruning_config; found a list"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read("r", []byte(c.src), Options{})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if all := (Errors)(nil); !errors.As(err, &all) {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

// TestLimits holds that a small file cannot ask for much memory or time.
func TestLimits(t *testing.T) {
	bomb := "a0: &a0 {x: 1}\n"
	for i := 1; i < 30; i++ {
		d := string(rune('0'+i/10)) + string(rune('0'+i%10))
		last := string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10))
		if i == 1 {
			last = "0"
		}
		bomb += "a" + d + ": &a" + d + " [*a" + last + ", *a" + last + "]\n"
	}
	for name, src := range map[string]string{
		"bomb":            bomb,
		"merge bomb":      strings.ReplaceAll(strings.ReplaceAll(bomb, "[*", "{l: [*"), "]", "]}"),
		"flow":            strings.Repeat("[", 1<<16),
		"flow mappings":   strings.Repeat("{a: ", 1<<16),
		"entries":         strings.Repeat("- ", 1<<16),
		"keys":            strings.Repeat("? ", 1<<16),
		"anchors":         strings.Repeat("&a ", 1<<16) + "1",
		"tags":            strings.Repeat("!a ", 1<<16) + "1",
		"size":            "a: " + strings.Repeat("x", maxBytes),
		"deep indents":    indents(200),
		"entries in many": strings.ReplaceAll(indents(200), "a:", "-"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("r", []byte(src), Options{})
			if err == nil || len(err.Error()) > 1<<16 {
				t.Errorf("got %.300v", err)
			}
		})
	}
}

// indents nests mappings n deep.
func indents(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// TestPrunedPalettes holds what is said of a weight that is pruned and palettized as coreai-opt does, where that is not asked
// of all weights.
func TestPrunedPalettes(t *testing.T) {
	const src = "compat: coreai\nkmeans_palettization_config:\n  global_config: {op_state_spec: null}\n  module_name_configs:\n    fc: {op_state_spec: {weight: {n_bits: 4}}}\n" +
		"magnitude_pruning_config: {global_config: {}}\n"
	r, err := Read("r", []byte(src), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "it is pruned, by r:6:28: magnitude_pruning_config.global_config (by default), and palettized, by r:5:26: " +
		"kmeans_palettization_config.module_name_configs.fc.op_state_spec.weight; coreai-opt's palettizer has no palettes"
	if d, _ := r.Weight(linear("fc")); !strings.HasPrefix(d.Problem, want) {
		t.Errorf("fc: %q, expected %q", d.Problem, want)
	}
	if d, ok := r.Weight(linear("head")); d.Problem != "" || !ok || d.Scheme.Sparse == nil {
		t.Errorf("head: %+v", d)
	}
}
