package recipe

import (
	"slices"
	"strings"
)

// Target is an operation, and where it takes a weight, that weight.
type Target struct {
	// Tensor is the full name of the weight, such as encoder.layers.0.fc1.weight; State is its name in the module that has it.
	Tensor, State string
	// Modules are those that the operation lies in, from the outermost inwards. The root and those in between may be left out:
	// their paths follow from the last one's; a class that is not known is empty.
	Modules []Module
	Op      string // of the IR, such as nn.linear
	// OpNames are the operation's names: in the exported graph, such as linear_23, and in its module, such as
	// encoder.layers.0.fc1.linear. coreai-opt's graph mode knows the first, its eager mode the second.
	OpNames []string
	// Calls are what PyTorch called the operation, such as add, where that is known; an empty one means that it is a part of
	// something larger. Specs of activations hold for operations that were called so.
	Calls   []string
	Inputs  []int // the indexes of its inputs that are activations
	Shape   []int // of the weight, or of the first operand of an operation without one, -1 where a size is open
	Out, In []int // the weight's output and input axes
}

// Module is a module of the model.
type Module struct {
	Path    string   // such as encoder.layers.0; empty for the root
	Class   string   // in full, such as torch.nn.modules.linear.Linear, or its last part; empty where it is not known
	Aliases []string // further paths of a module that has several
}

// chain lists a module and those around it, from the root inwards, with what is known of each.
func chain(path string, known []Module) []Module {
	out := []Module{moduleAt("", known)}
	for i := 0; i < len(path); i++ {
		if path[i] == '.' {
			out = append(out, moduleAt(path[:i], known))
		}
	}
	if path != "" {
		out = append(out, moduleAt(path, known))
	}
	return out
}

func moduleAt(path string, known []Module) Module {
	for _, m := range known {
		if m.Path == path {
			return m
		}
	}
	return Module{Path: path}
}

// around is the chain of modules that the operation lies in.
func (t *Target) around() []Module {
	if len(t.Modules) == 0 {
		return chain(t.owner(), nil)
	}
	return chain(t.Modules[len(t.Modules)-1].Path, t.Modules)
}

// owner is the path of the module that has the weight.
func (t *Target) owner() string {
	return strings.TrimSuffix(strings.TrimSuffix(t.Tensor, t.State), ".")
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// isClass matches a class by its full name, or by the last part where one of the two has no more.
func isClass(key, class string) bool {
	if class == "" {
		return false
	}
	if strings.Contains(key, ".") && strings.Contains(class, ".") {
		return key == class
	}
	return lastPart(key) == lastPart(class)
}

// matches reports whether a rule names a module itself.
func (m *moduleRule) matches(level level, mod Module) bool {
	switch level {
	case byName:
		return m.pattern.matches(mod.Path) || slices.ContainsFunc(mod.Aliases, m.pattern.matches)
	case byType:
		return isClass(m.key, mod.Class)
	}
	return true
}

// level is where a rule stands; the lower ones win.
type level int

const (
	byName level = iota
	byType
	global
)

// verdict is the rule that decides for a module.
type verdict struct {
	rule      *moduleRule
	level     level
	index     int  // of the rule in its level
	inherited bool // it names a module around this one
}

// decide finds the rule for the last module of a chain: by name before by type before global; in a level the last one that
// names the module or one around it.
func (s *section) decide(mods []Module) verdict {
	for l, list := range [][]moduleRule{byName: s.names, byType: s.types} {
		for i := len(list) - 1; i >= 0; i-- {
			for k := len(mods) - 1; k >= 0; k-- {
				if list[i].matches(level(l), mods[k]) {
					return verdict{&list[i], level(l), i, k < len(mods)-1}
				}
			}
		}
	}
	return verdict{rule: &s.global, level: global}
}

// before orders the verdicts of modules that share a tensor; of equals the later one wins.
func (v verdict) before(w verdict) bool {
	if v.level != w.level {
		return v.level < w.level
	}
	return v.index >= w.index
}

// forOp finds what a module's rule says of an operation: by name, then by type, the last match of each.
func (m *moduleRule) forOp(t *Target, types []string) *opRule {
	for i := len(m.opNames) - 1; i >= 0; i-- {
		if slices.ContainsFunc(t.OpNames, m.opNames[i].pattern.matches) {
			return &m.opNames[i]
		}
	}
	for i := len(m.opTypes) - 1; i >= 0; i-- {
		if slices.Contains(types, m.opTypes[i].key) {
			return &m.opTypes[i]
		}
	}
	return &m.ops
}

// find is the last rule that names one of the tensors, else the one for all; nil where none does.
func find(rules []tensorRule, names ...string) *tensorRule {
	var all *tensorRule
	for i := len(rules) - 1; i >= 0; i-- {
		if slices.Contains(names, rules[i].key) {
			return &rules[i]
		}
		if rules[i].key == "*" && all == nil {
			all = &rules[i]
		}
	}
	return all
}
