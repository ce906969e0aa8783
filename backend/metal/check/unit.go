package check

import "io/fs"

// Unit is what another compiler than the checker's needs of a text.
type Unit struct {
	Name string // the source's, for #line
	Text string // C++ that the header makes sense of; its lines are the source's
}

// Unit gives the text that was compiled.
func (p *Program) Unit() Unit { return Unit{p.source.Name, p.parts.text} }

// Header gives the files of the header by their names. Those that are the CPU's own, runtime.h, lanes.h and libm.h, may be replaced.
func Header() (map[string]string, error) {
	entries, err := fs.ReadDir(shim, "shim")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := shim.ReadFile("shim/" + e.Name())
		if err != nil {
			return nil, err
		}
		files[e.Name()] = string(data)
	}
	return files, nil
}

// Cached gives the path of a file of the cache that was made of the parts. make writes it to the path that it gets, if it is not there.
func (t *Tools) Cached(suffix string, make func(out string) error, parts ...string) (string, error) {
	return t.cached(hash(append([]string{t.Version}, parts...)...), suffix, make)
}
