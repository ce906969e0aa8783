package pt2

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// schemaMajor is the one version of the schema that this reader knows; minors only add.
const schemaMajor = 8

// levels are the verifiers that torch names in a file.
var levels = map[string]Level{"TRAINING": Training, "ATEN": Core}

// decodeProgram reads models/<name>.json.
func (m *Model) decodeProgram(e Entry) error {
	d := newDecoder(e.Data, &m.archive.budget)
	m.SchemaMajor = -1
	var trees trees
	for key := range d.object() {
		switch key {
		case "graph_module":
			m.graphModule(d, &trees)
		case "range_constraints":
			m.ranges(d)
		case "schema_version":
			m.schemaVersion(d)
		case "verifiers":
			m.level(d)
		case "torch_version":
			m.TorchVersion = d.text()
		case "guards_code":
			m.Guards = list(d, func(s *string) { *s = d.text() })
		default:
			d.skip()
		}
	}
	err := d.finish(e.Name)
	if err != nil || m.SchemaMajor != schemaMajor {
		if other := m.checkSchema(e); other != nil {
			return other // the cause of whatever did not read
		}
		return err
	}
	if m.Graph == nil {
		return problem(e.Name, trySave, "the program has no graph_module.graph")
	}
	if err := m.checkSignature(e.Name); err != nil {
		return err
	}
	return m.setTrees(d, trees, e.Name)
}

// checkSchema looks for the schema's version alone, which torch writes behind all that depends on it.
func (m *Model) checkSchema(e Entry) error {
	found := Model{SchemaMajor: -1}
	d := &decoder{data: e.Data, budget: &m.archive.budget, strings: map[string]string{}}
	for key := range d.object() {
		if key == "schema_version" {
			found.schemaVersion(d)
		} else {
			d.skip()
		}
	}
	switch {
	case d.err != nil || found.SchemaMajor == schemaMajor:
		return nil
	case found.SchemaMajor < 0:
		return problem(e.Name, trySave, "the program states no schema_version, expected major version %d", schemaMajor)
	}
	return problem(e.Name+" at schema_version", "save the program with a torch from 2.9 to 2.15",
		"found schema version %d.%d, expected major version %d", found.SchemaMajor, found.SchemaMinor, schemaMajor)
}

func (m *Model) schemaVersion(d *decoder) {
	for key := range d.object() {
		switch key {
		case "major":
			m.SchemaMajor = int(d.int())
		case "minor":
			m.SchemaMinor = int(d.int())
		default:
			d.skip()
		}
	}
}

func (m *Model) level(d *decoder) {
	start := d.pos
	for i, name := range list(d, func(s *string) { *s = d.text() }) {
		level, ok := levels[name]
		if !ok && d.err == nil {
			d.failAt(start, "save the program as torch.export.export or run_decompositions gives it",
				"found the dialect %q, expected TRAINING or ATEN", name)
		}
		if i == 0 || level < m.Level {
			m.Level = level
		}
	}
}

func (m *Model) ranges(d *decoder) {
	for symbol := range d.object() {
		r := Range{Symbol: symbol, Min: math.MinInt64, Max: math.MaxInt64}
		for key := range d.object() {
			switch {
			case key == "min_val" && !d.null():
				r.Min = d.int()
			case key == "max_val" && !d.null():
				r.Max = d.int()
			case key == "min_val" || key == "max_val":
			default:
				d.skip()
			}
		}
		if grow(d, &m.Ranges) {
			m.Ranges[len(m.Ranges)-1] = r
		}
	}
	slices.SortStableFunc(m.Ranges, func(a, b Range) int { return strings.Compare(a.Symbol, b.Symbol) })
}

func (m *Model) graphModule(d *decoder, trees *trees) {
	for key := range d.object() {
		switch key {
		case "graph":
			m.Graph = d.graph()
		case "signature":
			m.signature(d)
		case "module_call_graph":
			for range d.array() {
				m.moduleCall(d, trees)
			}
		case "treespec_namedtuple_fields":
			trees.fields = table(d, d.fieldNames)
		default:
			d.skip()
		}
	}
}

// moduleCall reads an entry of the call graph; only the root's says how the program is called.
func (m *Model) moduleCall(d *decoder, trees *trees) {
	root := false
	for key := range d.object() {
		switch {
		case key == "fqn":
			root = d.text() == ""
		case key == "signature" && root && !d.null():
			m.callSignature(d, trees)
		default:
			d.skip()
		}
	}
}

func (m *Model) callSignature(d *decoder, trees *trees) {
	for key := range d.object() {
		switch {
		case key == "in_spec":
			trees.in = d.text()
		case key == "out_spec":
			trees.out = d.text()
		case key == "forward_arg_names" && !d.null():
			m.ForwardArgNames = list(d, func(s *string) { *s = d.text() })
		case key == "forward_arg_names":
		default:
			d.skip()
		}
	}
}

func (m *Model) signature(d *decoder) {
	for key := range d.object() {
		switch key {
		case "input_specs":
			m.Inputs = list(d, d.inputSpec)
		case "output_specs":
			m.Outputs = list(d, d.outputSpec)
		default:
			d.skip()
		}
	}
}

func (d *decoder) inputSpec(s *InputSpec) {
	for key := range d.union() {
		kind := slices.Index(inputKeys[:], key)
		if kind < 0 {
			d.unknown("input spec", key, "one of "+strings.Join(inputKeys[:], ", "))
			continue
		}
		s.Kind = InputKind(kind)
		persistent := true
		for key := range d.object() {
			switch key {
			case "arg":
				switch s.Kind {
				case UserInput:
					d.argument(&s.Arg)
				case CustomObj:
					d.customObj(&s.Arg)
				default:
					d.tensorName(&s.Arg)
				}
			case "value":
				d.argument(&s.Arg)
			case "name":
				s.Name = d.text()
			case "parameter_name", "buffer_name", "tensor_constant_name", "custom_obj_name":
				s.Target = d.text()
			case "persistent":
				persistent = d.bool()
			default:
				d.skip()
			}
		}
		s.Name = cmp.Or(s.Name, s.Arg.Name)
		if s.Kind == TensorConstant || s.Kind == Buffer && !persistent {
			s.Store = Constants
		}
	}
}

func (d *decoder) outputSpec(s *OutputSpec) {
	for key := range d.union() {
		kind := slices.Index(outputKeys[:], key)
		if kind < 0 {
			d.unknown("output spec", key, "one of "+strings.Join(outputKeys[:], ", "))
			continue
		}
		s.Kind = OutputKind(kind)
		for key := range d.object() {
			switch key {
			case "arg":
				if s.Kind == UserOutput {
					d.argument(&s.Arg)
				} else {
					d.tensorName(&s.Arg)
				}
			case "buffer_name", "parameter_name", "user_input_name":
				s.Target = d.text()
			default:
				d.skip()
			}
		}
	}
}

// checkSignature holds graph and signature to each other, so that readers may go by position.
func (m *Model) checkSignature(entry string) error {
	at := entry + " at graph_module.signature"
	if len(m.Inputs) != len(m.Graph.Inputs) || len(m.Outputs) != len(m.Graph.Outputs) {
		return problem(at, tryCopy, "found %d inputs and %d outputs, expected the graph's %d and %d",
			len(m.Inputs), len(m.Outputs), len(m.Graph.Inputs), len(m.Graph.Outputs))
	}
	for i, in := range m.Inputs {
		if in.Kind != InputToken && in.Kind != ConstantInput && in.Arg.Name != m.Graph.Inputs[i].Name {
			return problem(at, tryCopy, "input %d is %q, but in the graph it is %q", i, in.Arg.Name, m.Graph.Inputs[i].Name)
		}
	}
	for i, out := range m.Outputs {
		if out.Kind != OutputToken && out.Arg.Name != m.Graph.Outputs[i].Name {
			return problem(at, tryCopy, "output %d is %q, but in the graph it is %q", i, out.Arg.Name, m.Graph.Outputs[i].Name)
		}
	}
	return nil
}
