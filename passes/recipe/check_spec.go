package recipe

import (
	"fmt"
	"slices"
)

// These checks hold what is said of one spec against each other; coreai-opt's validators refuse the same.

func checkBlocks(r *reporter, n *node, path string) {
	size := n.get("block_size")
	if size == nil || size.kind != kindList {
		return
	}
	if n.isSet("axis") {
		r.fail(n.get("axis").at, join(path, "axis"), "must be null where block_size is a list: the list has a size for each axis")
	}
	if len(size.items) == 0 {
		r.fail(size.at, join(path, "block_size"), "the list is empty; it has a size for each axis of the weight")
	}
	for i, item := range size.items {
		if item.number() == 0 {
			r.fail(item.at, fmt.Sprintf("%s[%d]", join(path, "block_size"), i), "found 0; a size is at least 1, or -1 for all of the axis")
		}
	}
}

func checkFloatRange(r *reporter, n *node, path string) {
	if len(n.items) != 2 {
		r.fail(n.at, path, fmt.Sprintf("expected [least, greatest]; found a list of %d", len(n.items)))
		return
	}
	least, most := n.items[0], n.items[1]
	if least.kind != kindNull && least.number() > 0 {
		r.fail(least.at, path, fmt.Sprintf("the least is %s; it is at most 0, for 0 must be representable", least.text))
	}
	if most.kind != kindNull && most.number() < 0 {
		r.fail(most.at, path, fmt.Sprintf("the greatest is %s; it is at least 0, for 0 must be representable", most.text))
	}
	if least.kind != kindNull && most.kind != kindNull && least.number() >= most.number() {
		r.fail(n.at, path, fmt.Sprintf("the least, %s, is not below the greatest, %s", least.text, most.text))
	}
}

// checkQuant is what all quantization specs obey.
func checkQuant(r *reporter, n *node, path string) {
	elem := elemOf(dtypes, n.word("dtype", "int8", otherNames))
	scheme := n.word("qscheme", "symmetric", nil)
	if elem.IsFloat() && scheme != "symmetric" {
		r.fail(n.get("qscheme").at, join(path, "qscheme"), fmt.Sprintf("floats are symmetric; found %s with dtype %s", scheme, n.get("dtype").text))
	}
	if elem.IsFloat() && n.word("qformulation", "zp", nil) != "zp" {
		r.fail(n.get("qformulation").at, join(path, "qformulation"), "floats have no offset; remove it or write zp")
	}
	scale := n.word("scale_dtype", "", otherScaleNames)
	switch {
	case scale == "float8_e8m0fnu" && !elem.IsFloat():
		r.fail(n.get("scale_dtype").at, join(path, "scale_dtype"), "powers of two are scales of floats alone; remove it or choose a float dtype")
	case scale != "" && scale != "float8_e8m0fnu" && n.word("dtype", "int8", otherNames) == "float4_e2m1fn_x2":
		r.fail(n.get("scale_dtype").at, join(path, "scale_dtype"), "float4 has scales of float8_e8m0fnu; remove it")
	}
	if scheme == "symmetric_with_clipping" && n.word("qparam_calculator_cls", "", nil) == "dynamic" {
		r.fail(n.get("qscheme").at, join(path, "qscheme"), "dynamic ranges are symmetric or asymmetric")
	}
}

func checkWeight(r *reporter, n *node, path string) {
	checkQuant(r, n, path)
	if n.word("qparam_calculator_cls", "", nil) == "dynamic" {
		r.fail(n.get("qparam_calculator_cls").at, join(path, "qparam_calculator_cls"), "a weight does not change; dynamic is for activations")
	}
	if ends := n.get("float_range"); ends != nil && slices.ContainsFunc(ends.items, func(e *node) bool { return e.kind != kindNull }) {
		r.fail(ends.at, join(path, "float_range"), "a weight is quantized over its own range here; remove it, or write [null, null]")
	}
}

func checkActivation(r *reporter, n *node, path string) {
	checkQuant(r, n, path)
	if g := n.get("granularity"); g != nil && !g.isSet("axis") {
		kind := g.word("type", "", nil)
		if size := g.get("block_size"); kind == "per_channel" || kind == "per_block" && size.kind != kindList {
			r.fail(g.at, join(path, "granularity"), "an activation has no axis of its own; say axis, such as -1")
		}
	}
	if n.isSet("rule") {
		r.fail(n.get("rule").at, join(path, "rule"), "chooses scales of weights; qparam_calculator_cls says how an activation's range is gathered")
	}
}

func checkTable(r *reporter, n *node, path string) {
	checkWeight(r, n, path)
	if name := n.word("dtype", "int8", otherNames); !slices.Contains(tableTypes, name) {
		r.fail(n.get("dtype").at, join(path, "dtype"), fmt.Sprintf("found `%s`; the numbers of a table are stored as %s", name, oneOf(tableTypes)))
	}
	if n.word("qscheme", "", nil) == "symmetric_with_clipping" {
		r.fail(n.get("qscheme").at, join(path, "qscheme"), "a table is stored symmetric or asymmetric here")
	}
	if n.word("qformulation", "", nil) == "minval" {
		r.fail(n.get("qformulation").at, join(path, "qformulation"), "a table has a zero point; write zp")
	}
	if g := n.get("granularity"); g != nil && g.word("type", "", nil) != "per_tensor" {
		r.fail(g.at, join(path, "granularity"), "a table has one scale; write per_tensor")
	}
	for _, key := range []string{"rule", "scale_dtype"} {
		if n.isSet(key) {
			r.fail(n.get(key).at, join(path, key), "does not apply to a table")
		}
	}
}

func checkPalette(r *reporter, n *node, path string) {
	if n.integer("cluster_dim", 1) > 1 && n.truth("enable_per_channel_scale", false) && n.word("rule", "", nil) == "coreai" {
		r.note(n.at, path, "vector palettes are deterministic here; coreai-opt's depend on its random state")
	}
}

func checkNM(r *reporter, n *node, path string) {
	if n.word("type", "", nil) == "n_m" && n.integer("n", 0) >= n.integer("m", 0) {
		r.fail(n.get("n").at, join(path, "n"), fmt.Sprintf("found %d of %d; fewer than all become zero", n.integer("n", 0), n.integer("m", 0)))
	}
}

// checkGlobal refuses what belongs to one module.
func checkGlobal(r *reporter, n *node, path string) {
	global := n.get("global_config")
	if global == nil {
		return
	}
	for _, key := range []string{"module_input_spec", "module_output_spec", "module_state_spec"} {
		if v := global.get(key); v != nil && len(v.pairs) > 0 {
			r.fail(v.at, join(join(path, "global_config"), key), "belongs to one module; write it under module_type_configs or module_name_configs")
		}
	}
}
