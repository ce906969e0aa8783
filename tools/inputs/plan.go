package inputs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// Step is a call that inputs describe.
type Step struct {
	Sig    backend.Signature
	Inputs Names // how its inputs are named
}

// Choices are the functions that a user may mean: variants are those for some sizes of another, which stands for them.
func Choices(m *ir.Module) []string {
	var names []string
	for _, f := range m.Funcs {
		if base, _ := m.VariantOf(f); base == nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// Plan finds the calls that the inputs describe: one, or as many as their names s0.x, s1.x, ... or the functions say.
// Functions are those of the calls, or one for all; without any, the model's only function, those that values were saved of, or what the
// names F.x say.
func (in *Given) Plan(m *ir.Module, functions []string) ([]Step, error) {
	if all := Choices(m); len(functions) == 0 && len(all) == 1 {
		functions = all
	}
	if unknown := func(name string) bool { return m.Func(name) == nil }; len(functions) == 0 && !slices.ContainsFunc(in.functions, unknown) {
		functions = in.functions
	}
	steps := in.Steps()
	calls := max(steps, len(functions), 1)
	if len(functions) > 1 && steps > len(functions) {
		return nil, fmt.Errorf("--function names %d functions, the inputs are for %s; those of the call k have names that start with s<k>., from s0. on",
			len(functions), host.Counted(calls, "call"))
	}
	list := make([]Step, calls)
	for k := range list {
		prefix, fn := "", ""
		if calls > 1 || steps > 0 {
			prefix = fmt.Sprintf("s%d.", k)
		}
		if len(functions) > 0 {
			fn = functions[min(k, len(functions)-1)]
		}
		named, err := in.functionOf(m, prefix)
		switch {
		case fn == "" && err != nil:
			return nil, err
		case fn == "":
			fn = named
		}
		if named == fn {
			prefix += fn + "."
		}
		sig := backend.SignatureOf(m.Func(fn))
		list[k] = Step{sig, Names{Prefix: prefix, Position: in.positions(prefix, sig)}}
	}
	return list, nil
}

// functionOf finds the function whose name the names of a call's inputs start with.
func (in *Given) functionOf(m *ir.Module, prefix string) (string, error) {
	found := ""
	for _, name := range in.order {
		rest, ok := strings.CutPrefix(name, prefix)
		fn, _, named := strings.Cut(rest, ".")
		if !ok || !named || m.Func(fn) == nil {
			continue
		}
		if found != "" && found != fn {
			return "", fmt.Errorf("the names %s%s.* and %s%s.* are of two functions in one call; number the calls: s0.%s.*, s1.%s.*",
				prefix, found, prefix, fn, found, fn)
		}
		found = fn
	}
	if found != "" {
		return found, nil
	}
	all, given := Choices(m), "no inputs are given"
	if len(in.order) > 0 {
		given = "found " + strings.Join(in.names(), ", ")
	}
	if n := in.Steps(); n > 1 && len(all) > 1 { // most often several of the last follow one of the first
		each := append(all[:1:1], slices.Repeat(all[1:2], min(n, mostNamed)-1)...)
		return "", fmt.Errorf("the model has the functions %s, and the inputs are for %d calls: name that of each, such as --function=%s, or begin the names of inputs with it, %s%s.x; %s",
			strings.Join(all, ", "), n, strings.Join(each, ",")+more(n), prefix, all[0], given)
	}
	return "", fmt.Errorf("the model has the functions %s: choose one, such as --function=%s, or begin the names of inputs with it, %s%s.x; %s",
		strings.Join(all, ", "), all[0], prefix, all[0], given)
}

// mostNamed is how many functions an example names.
const mostNamed = 4

// more stands for the calls that an example leaves out.
func more(n int) string {
	if n > mostNamed {
		return ",..."
	}
	return ""
}

// positions reports inputs that are named in0, in1, ... and not as the function has them.
func (in *Given) positions(prefix string, sig backend.Signature) bool {
	for _, p := range sig.Func.Params {
		if slices.Contains(in.order, prefix+p.Value.Name) {
			return false
		}
	}
	return slices.ContainsFunc(in.order, func(name string) bool {
		rest, ok := strings.CutPrefix(name, prefix)
		return ok && positionName.MatchString(rest)
	})
}
