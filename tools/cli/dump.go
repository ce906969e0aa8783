package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/inputs"
	"github.com/aiopt/aiopt/tools/metric"
)

// dumper prints the values that a regular expression names, as they are computed.
type dumper struct {
	*chosen
	t      *tool
	prefix string // of the call that runs
	shown  map[*ir.Value]bool
}

func (d *dumper) begin(c *call) error {
	d.prefix, d.shown = c.outputs.Prefix, map[*ir.Value]bool{}
	return nil
}

func (d *dumper) take(v *ir.Value, t *host.Tensor) error {
	if d.ranOnly(v) {
		return nil
	}
	d.shown[v] = true
	all := valueNames(v)
	names := d.matching(all[:len(v.Claims)]...)
	if len(names) == 0 {
		names = []string{"%" + d.matching(v.Name)[0]}
	}
	return d.print(strings.Join(names, ", "), t)
}

// end prints outputs, unless they were printed as values, and states.
func (d *dumper) end(c *call, out []*host.Tensor, s backend.Session) error {
	for _, r := range callResults(c, out, s) {
		names := d.matching(r.names...)
		if len(names) == 0 || !r.State && d.shown[r.value] {
			continue
		}
		t, err := r.tensor()
		if err != nil {
			return err
		}
		if err := d.print(names[0], t); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) print(name string, t *host.Tensor) error {
	_, err := fmt.Fprintf(d.t.stderr, "%s%s: %s %s = %s\n", d.prefix, name, t, statsText(t), firstOf(t, dumped))
	return err
}

func (d *dumper) finish() error { return d.hidden() }
func (d *dumper) discard()      {}

// statsText sums up a tensor in a few words.
func statsText(t *host.Tensor) string {
	s := metric.StatsOf(t)
	text := "nothing finite"
	if s.Finite > 0 {
		text = fmt.Sprintf("min %.4g max %.4g mean %.4g std %.4g", s.Min, s.Max, s.Mean, s.Std)
	}
	if s.NaN > 0 {
		text += fmt.Sprintf(" %d NaN", s.NaN)
	}
	if s.Inf > 0 {
		text += fmt.Sprintf(" %d infinite", s.Inf)
	}
	return text
}

// chosen are the names that --dump chooses.
type chosen struct {
	flag    string
	re      *regexp.Regexp
	backend string // that runs the model
	warn    func(format string, args ...any)
	known   []namedValue
	lost    []ir.Lost
	seen    map[string]bool
	ran     map[*ir.Op]bool // kernels with chosen values inside, and whether they have run
}

// namedValue is a name that the user may choose, and the kernel that the value is inside of, if it is.
type namedValue struct {
	name   string
	kernel *ir.Op
}

func newChosen(expression string, warn func(format string, args ...any)) (*chosen, error) {
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, usagef("--dump: %w", err)
	}
	return &chosen{flag: "--dump=" + expression, re: re, warn: warn, seen: map[string]bool{}, ran: map[*ir.Op]bool{}}, nil
}

// matching picks the names that are chosen, and notes them as seen.
func (c *chosen) matching(names ...string) []string {
	var list []string
	for _, n := range names {
		if c.re.MatchString(n) {
			c.seen[n] = true
			list = append(list, n)
		}
	}
	return list
}

func (c *chosen) wants(v *ir.Value) bool { return c.names(v) || c.marks(v) }

func (c *chosen) names(v *ir.Value) bool { return slices.ContainsFunc(valueNames(v), c.re.MatchString) }

// marks holds of the value that tells whether a kernel with chosen values inside has run.
func (c *chosen) marks(v *ir.Value) bool {
	_, holds := c.ran[v.Def]
	return holds && v == v.Def.Results[0]
}

// ranOnly notes that a kernel has run, and holds of a value that is of no other use.
func (c *chosen) ranOnly(v *ir.Value) bool {
	if c.marks(v) {
		c.ran[v.Def] = true
	}
	return !c.names(v)
}

// dumped is how many elements are printed of a value.
const dumped = 8

// check refuses an expression that names nothing of a module, before long work.
func (c *chosen) check(m *ir.Module) error {
	c.known, c.lost = namedValues(m), m.Lost
	matched := false
	for _, n := range c.known {
		if c.re.MatchString(n.name) {
			matched = true
			if n.kernel != nil {
				c.ran[n.kernel] = false
			}
		}
	}
	if matched {
		return nil
	}
	for _, l := range m.Lost {
		if !c.re.MatchString(l.Tensor) {
			continue
		}
		into := ""
		if l.Into != "" {
			into = ", and it went into %" + l.Into
		}
		return fmt.Errorf("%s: no value is %s any more: the pass %s took it away%s; leave the pass out, as -passes=decompose does", c.flag, l.Tensor, l.Pass, into)
	}
	names := make([]string, len(c.known))
	for i, n := range c.known {
		names[i] = n.name
	}
	return fmt.Errorf("%s: no value, input, output or state has a name that matches%s; there are %s", c.flag, pass.Meant(literal.ReplaceAllString(c.re.String(), ""), names), strings.Join(inputs.Clipped(names), ", "))
}

// literal is what is left of an expression that means a name.
var literal = regexp.MustCompile(`[^\w./:]`)

// namedValues lists what may be chosen, each name once and in order.
func namedValues(m *ir.Module) []namedValue {
	var list []namedValue
	have := map[string]bool{}
	add := func(kernel *ir.Op, names ...string) {
		for _, n := range names {
			if !have[n] {
				have[n] = true
				list = append(list, namedValue{n, kernel})
			}
		}
	}
	m.AllFuncs(func(f *ir.Func) {
		kernel := f.Owner()
		for kernel != nil && !kernel.Is(core.Kernel) {
			kernel = kernel.Parent().Owner()
		}
		for _, p := range f.Params {
			add(kernel, valueNames(p.Value)...)
		}
		for _, op := range f.Ops {
			for _, r := range op.Results {
				add(kernel, valueNames(r)...)
			}
		}
		for _, r := range f.Results {
			add(nil, resultNames(r)...)
		}
	})
	for _, s := range m.States {
		add(nil, resultNames(&ir.Result{State: true, Target: s.Name})...)
	}
	return list
}

// hidden says which chosen values nobody has seen, and why. It is an error where nothing was seen at all.
func (c *chosen) hidden() error {
	var inside, rest []string
	known := map[string]bool{}
	for _, n := range c.known {
		known[n.name] = true
		switch {
		case !c.re.MatchString(n.name) || c.seen[n.name]:
		case c.ran[n.kernel]:
			inside = append(inside, n.name)
		default:
			rest = append(rest, n.name)
		}
	}
	if len(c.seen) == 0 && len(inside) == 0 {
		return fmt.Errorf("%s: %s was not computed: it is in a branch or a function that did not run", c.flag, strings.Join(inputs.Clipped(rest), ", "))
	}
	if len(c.seen) == 0 {
		return fmt.Errorf("%s: the engine %s computes kernels as a whole and does not show what is inside: %s; --backend=interp does, or -passes=decompose makes no kernels",
			c.flag, c.backend, strings.Join(inputs.Clipped(inside), ", "))
	}
	if len(inside) > 0 {
		c.warn("%s: %d more inside kernels, which the engine %s computes as a whole: %s; --backend=interp shows what is inside, or -passes=decompose makes no kernels",
			c.flag, len(inside), c.backend, strings.Join(inputs.Clipped(inside), ", "))
	}
	var gone []string
	for _, l := range c.lost {
		if c.re.MatchString(l.Tensor) && !known[l.Tensor] {
			gone = append(gone, fmt.Sprintf("%s (by %s)", l.Tensor, l.Pass))
		}
	}
	if len(gone) > 0 {
		c.warn("%s: %d more that passes took away: %s; -passes=decompose keeps most", c.flag, len(gone), strings.Join(inputs.Clipped(gone), ", "))
	}
	return nil
}
