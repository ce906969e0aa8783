package pass

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Options declares what a pass can be told. Each declaration gives a pointer that holds the default until a pipeline
// sets it.
type Options struct{ list []*Option }

// Option is one declared option, or with Any all those whose names are not declared.
type Option struct {
	Name    string // with Any: what the names are, such as DIM
	Any     bool
	Kind    string // int, float, bool, string, list
	Default string
	Doc     string
	Choices []string // for a string: the values allowed

	file   bool // the value is a file's name
	given  []setting
	assign func(name string, value Arg) error
}

// setting is what a pipeline said of an option, and what of that is kept in the module.
type setting struct{ name, text, kept string }

// NamedInt is an integer under a name that the pass did not declare.
type NamedInt struct {
	Name  string
	Value int
}

// AnyInt declares that every other name may be given, with an integer, such as the sizes of specialize{B=1, S=128}; the
// result has them in the order of the text. What says in the documentation what the names are, such as DIM.
func (o *Options) AnyInt(what, doc string) *[]NamedInt {
	p := new([]NamedInt)
	o.add(&Option{Name: what, Any: true, Kind: "int", Doc: doc, assign: func(name string, a Arg) error {
		n, err := strconv.Atoi(a.Word)
		if a.Kind != ArgWord || err != nil {
			return fmt.Errorf("expected an integer, found %s", a)
		}
		*p = append(*p, NamedInt{name, n})
		return nil
	}})
	return p
}

// All lists the options in the order of their declaration.
func (o *Options) All() []*Option { return o.list }

func (o *Options) add(opt *Option) { o.list = append(o.list, opt) }

// Int declares an integer.
func (o *Options) Int(name string, def int, doc string) *int {
	p := &def
	o.add(&Option{Name: name, Kind: "int", Default: strconv.Itoa(def), Doc: doc, assign: func(_ string, a Arg) error {
		n, err := strconv.Atoi(a.Word)
		if a.Kind != ArgWord || err != nil {
			return fmt.Errorf("expected an integer, found %s", a)
		}
		*p = n
		return nil
	}})
	return p
}

// Float declares a number.
func (o *Options) Float(name string, def float64, doc string) *float64 {
	p := &def
	o.add(&Option{Name: name, Kind: "float", Default: strconv.FormatFloat(def, 'g', -1, 64), Doc: doc, assign: func(_ string, a Arg) error {
		x, err := strconv.ParseFloat(a.Word, 64)
		if a.Kind != ArgWord || err != nil {
			return fmt.Errorf("expected a number, found %s", a)
		}
		*p = x
		return nil
	}})
	return p
}

// Bool declares a switch; a name without a value sets it.
func (o *Options) Bool(name string, def bool, doc string) *bool {
	p := &def
	o.add(&Option{Name: name, Kind: "bool", Default: strconv.FormatBool(def), Doc: doc, assign: func(_ string, a Arg) error {
		switch {
		case a.Kind == ArgNone || a.Kind == ArgWord && a.Word == "true":
			*p = true
		case a.Kind == ArgWord && a.Word == "false":
			*p = false
		default:
			return fmt.Errorf("expected true or false, found %s", a)
		}
		return nil
	}})
	return p
}

// String declares a text; with choices, one of those.
func (o *Options) String(name, def, doc string, choices ...string) *string {
	p := &def
	o.add(&Option{Name: name, Kind: "string", Default: strconv.Quote(def), Doc: doc, Choices: choices, assign: func(_ string, a Arg) error {
		if a.Kind != ArgWord && a.Kind != ArgString {
			return fmt.Errorf("expected a string, found %s", a)
		}
		if len(choices) > 0 && !slices.Contains(choices, a.Word) {
			named := slices.DeleteFunc(slices.Clone(choices), func(c string) bool { return c == "" })
			return fmt.Errorf("expected one of %s, found %s", strings.Join(named, ", "), a)
		}
		*p = a.Word
		return nil
	}})
	return p
}

// File declares the name of a file, relative to the working directory. What is kept of it is its last part: an asset is the
// same in whichever folder it was made, and does not tell of that.
func (o *Options) File(name, doc string) *string {
	p := o.String(name, "", doc)
	o.list[len(o.list)-1].file = true
	return p
}

// Strings declares a list of texts; a single text is a list of one.
func (o *Options) Strings(name string, doc string) *[]string {
	p := new([]string)
	o.add(&Option{Name: name, Kind: "list", Default: "[]", Doc: doc, assign: func(_ string, a Arg) error {
		items := a.Items
		if a.Kind != ArgList {
			items = []Arg{a}
		}
		*p = nil
		for _, it := range items {
			if it.Kind != ArgWord && it.Kind != ArgString {
				return fmt.Errorf("expected a list of strings, found %s", it)
			}
			*p = append(*p, it.Word)
		}
		return nil
	}})
	return p
}

// Set gives an option a value.
func (o *Options) Set(pass, name string, value Arg) error {
	opt := o.find(name)
	if opt == nil {
		if len(o.list) == 0 {
			return fmt.Errorf("%s has no option `%s`; it has none", pass, name)
		}
		names := make([]string, len(o.list))
		for i, opt := range o.list {
			names[i] = opt.Name
		}
		hint := ""
		if near := Nearest(name, names); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		return fmt.Errorf("%s has no option `%s`%s; it has %s", pass, name, hint, strings.Join(names, ", "))
	}
	if slices.ContainsFunc(opt.given, func(s setting) bool { return s.name == name }) {
		return fmt.Errorf("%s: option `%s` is given twice", pass, name)
	}
	if err := opt.assign(name, value); err != nil {
		return fmt.Errorf("%s: option `%s`: %w", pass, name, err)
	}
	kept := value
	if opt.file {
		kept.Word = filepath.Base(kept.Word)
	}
	opt.given = append(opt.given, setting{name, value.String(), kept.String()})
	return nil
}

// Files lists the options of a pipeline that name files, as `auto{write="chosen.yaml"}`: who runs a pipeline of somebody else may not
// want those.
func (p Pipeline) Files() []string {
	var list []string
	for _, ps := range p {
		for _, opt := range ps.Options.list {
			for _, s := range opt.given {
				if opt.file {
					list = append(list, fmt.Sprintf("%s{%s=%s}", ps.Name, s.name, s.text))
				}
			}
		}
	}
	return list
}

// find gives the option of a name, or the one that takes any.
func (o *Options) find(name string) *Option {
	var other *Option
	for _, opt := range o.list {
		switch {
		case opt.Any:
			other = opt
		case opt.Name == name:
			return opt
		}
	}
	return other
}
