package sensitivity

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
)

// Scheme is a pass that stores weights in fewer bits, with its options.
type Scheme struct {
	Text string // as a pipeline spells it, such as w4{group=32}
	// Ignore are patterns of weights to leave alone, as those of the passes' option ignore.
	Ignore []string
	set    *pass.Set
}

// Schemes reads a list of passes, such as "w8, w4{group=32}". Each must be able to say which weights it is for.
func Schemes(set *pass.Set, text string) ([]Scheme, error) {
	pipeline, err := set.Parse(text)
	if err != nil {
		return nil, err
	}
	var list []Scheme
	for _, p := range pipeline {
		s := Scheme{Text: p.String(), set: set}
		switch {
		case !hasOption(p, include):
			return nil, fmt.Errorf("%s stores no weights in fewer bits; expected passes such as w8, w4{group=32} or pal4", p)
		case slices.ContainsFunc(list, func(other Scheme) bool { return other.Text == s.Text }):
			return nil, fmt.Errorf("%s is named twice", p)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, errors.New("expected passes that store weights, such as w8, w4{group=32} or pal4")
	}
	return list, nil
}

// The options that say which weights a pass is for.
const (
	include = "include"
	ignore  = "ignore"
)

func hasOption(p *pass.Pass, name string) bool {
	return slices.ContainsFunc(p.Options.All(), func(o *pass.Option) bool { return o.Name == name })
}

// apply compresses weights of a module, which it changes; nil are all. It gives what became of each of them, and of all
// where weights is nil. That nothing could be compressed is no error.
func (s Scheme) apply(ctx *pass.Context, m *ir.Module, weights []string) ([]pass.Compressed, error) {
	pipeline, err := s.set.Parse(s.Text)
	if err != nil {
		return nil, err
	}
	p := pipeline[0]
	var literals []string
	for _, w := range weights {
		literals = append(literals, literal(w))
	}
	if err := errors.Join(setList(p, include, literals), setList(p, ignore, s.Ignore)); err != nil {
		return nil, err
	}
	var list []pass.Compressed
	quiet := *ctx
	quiet.Strict, quiet.Report, quiet.Progress = false, nil, nil
	quiet.Compressed = func(c pass.Compressed) {
		if c.Pass = s.Text; weights == nil || slices.Contains(weights, c.Tensor) {
			list = append(list, c)
		}
	}
	var nothing *pass.NothingCompressed
	if err := new(pass.Runner).Run(&quiet, m, pipeline); err != nil && !errors.As(err, &nothing) {
		return nil, err
	}
	return list, nil
}

// setList sets an option to a list, if there is one.
func setList(p *pass.Pass, option string, list []string) error {
	if len(list) == 0 {
		return nil
	}
	arg := pass.Arg{Kind: pass.ArgList}
	for _, text := range list {
		arg.Items = append(arg.Items, pass.Arg{Kind: pass.ArgString, Word: text})
	}
	return p.Options.Set(p.Name, option, arg)
}

// literal is the pattern that matches a name only.
func literal(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(name)
}
