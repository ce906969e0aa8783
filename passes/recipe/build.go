package recipe

import "strconv"

// builder turns a checked tree into rules.
type builder struct {
	r      *reporter
	coreai bool // compat
	part   *sectionShape
	fast   bool // enable_fast_kmeans_mode of the module at hand
}

func (b *builder) by(at Pos, path string) By { return By{File: b.r.file, Pos: at, Key: path} }

// section reads a compressor's configuration, whose key is at a place.
func (b *builder) section(shape *sectionShape, at Pos, n *node) section {
	b.part = shape
	s := section{shape: shape}
	path := join("", shape.key)
	if global := n.get("global_config"); global != nil {
		s.global = b.module(keyAt(n, "global_config"), join(path, "global_config"), global)
	} else {
		s.global = b.module(at, path, &node{kind: kindMapping, at: at})
	}
	s.types = b.modules(n, path, "module_type_configs")
	s.names = b.modules(n, path, "module_name_configs")
	for i := range s.names {
		s.names[i].pattern, _ = compilePython(s.names[i].key) // checked
	}
	return s
}

func keyAt(n *node, key string) Pos {
	for _, p := range n.pairs {
		if p.key == key {
			return p.at
		}
	}
	return n.at
}

func (b *builder) modules(n *node, path, key string) []moduleRule {
	list := n.get(key)
	if list == nil {
		return nil
	}
	var out []moduleRule
	for _, p := range list.pairs {
		rule := b.module(p.at, join(join(path, key), p.key), p.value)
		rule.key = p.key
		out = append(out, rule)
	}
	return out
}

// module is a module's rule; null disables everything in it.
func (b *builder) module(at Pos, path string, n *node) moduleRule {
	b.fast = n.truth("enable_fast_kmeans_mode", true)
	m := moduleRule{by: b.by(at, path), ops: b.op(at, path, n)}
	if n.integer("rounding_precision", 4) != 4 && b.fast && b.coreai {
		b.r.note(n.get("rounding_precision").at, join(path, "rounding_precision"), "has no effect: coreai-opt's fast mode is followed to 4 decimal places")
	}
	for _, p := range pairsOf(n, "op_type_config") {
		rule := b.op(p.at, join(join(path, "op_type_config"), p.key), p.value)
		rule.key = p.key
		m.opTypes = append(m.opTypes, rule)
	}
	for _, p := range pairsOf(n, "op_name_config") {
		rule := b.op(p.at, join(join(path, "op_name_config"), p.key), p.value)
		rule.key = p.key
		rule.pattern, _ = compilePython(p.key) // checked
		m.opNames = append(m.opNames, rule)
	}
	m.state = b.tensors(n, path, "module_state_spec", b.weight)
	m.in = b.tensors(n, path, "module_input_spec", b.activation)
	m.out = b.tensors(n, path, "module_output_spec", b.activation)
	return m
}

func pairsOf(n *node, key string) []pair {
	if v := n.get(key); v != nil {
		return v.pairs
	}
	return nil
}

// op is what is said of operations: a null node disables, an omitted key means the compressor's default.
func (b *builder) op(at Pos, path string, n *node) opRule {
	o := opRule{by: b.by(at, path)}
	if n.kind == kindNull {
		none := func() []tensorRule { return []tensorRule{{by: o.by, key: "*"}} }
		o.state, o.in, o.out = none(), none(), none()
		return o
	}
	by := o.by
	by.Default = true
	or := func(key string, build func(*node) *spec, tensors []string, def *spec) []tensorRule {
		if n.get(key) != nil {
			return b.tensors(n, path, key, build)
		}
		var out []tensorRule
		for _, t := range tensors {
			out = append(out, tensorRule{by: by, key: t, spec: def})
		}
		return out
	}
	o.state = or("op_state_spec", b.weight, b.part.defaults, b.defaultWeight())
	if b.part.acts == inactive {
		return o
	}
	def := b.activation(&node{kind: kindMapping})
	o.in = or("op_input_spec", b.activation, []string{"*"}, def)
	o.out = or("op_output_spec", b.activation, []string{"*"}, def)
	return o
}

// tensors are the specs under a key; null means that all are left alone.
func (b *builder) tensors(n *node, path, key string, build func(*node) *spec) []tensorRule {
	list := n.get(key)
	if list == nil {
		return nil
	}
	path = join(path, key)
	if list.kind == kindNull {
		if key == "module_state_spec" || key == "module_input_spec" || key == "module_output_spec" {
			return nil
		}
		return []tensorRule{{by: b.by(keyAt(n, key), path), key: "*"}}
	}
	var out []tensorRule
	for _, p := range list.pairs {
		rule := tensorRule{by: b.by(p.at, join(path, p.key)), key: p.key, explicit: true}
		if i, ok := digits(p.key); ok {
			rule.key = strconv.Itoa(i)
		}
		if p.value.kind != kindNull {
			rule.spec = build(p.value)
		}
		out = append(out, rule)
	}
	return out
}
