package numeric

import (
	"maps"
	"slices"

	"github.com/aiopt/aiopt/ir"
)

// maxTries bounds the search for sizes that satisfy the guards.
const maxTries = 1 << 16

// maxOthers bounds how many sizes are tried with a model that does not run with the first.
const maxOthers = 14

// chooseSizes picks values for the symbols that inputs bind: the smallest that the guards allow and larger ones, and some
// of the largest and smaller ones. Both are empty where the guards allow none that a test can go through.
func chooseSizes(f *ir.Func) (small, large []map[string]int64) {
	bound := inputSymbols(f)
	var dims []*ir.DimDecl
	for _, d := range f.Dims {
		if bound[d.Name] {
			dims = append(dims, d)
		}
	}
	for _, candidates := range []func(*ir.DimDecl) []int64{fewCandidates, manyCandidates} {
		s := search{f: f, tries: maxTries}
		for _, d := range dims {
			s.names = append(s.names, d.Name)
			s.options = append(s.options, candidates(d))
		}
		small = s.all()
		for _, o := range s.options {
			slices.Reverse(o)
		}
		s.tries = maxTries
		large = s.all()
		if len(small) > 0 && len(large) > 0 {
			return small, large
		}
	}
	return nil, nil
}

func inputSymbols(f *ir.Func) map[string]bool {
	bound := map[string]bool{}
	for _, p := range f.Params {
		if p.Binds != "" {
			bound[p.Binds] = true
		}
		for _, d := range p.Value.Type.Shape {
			for _, s := range d.Symbols() {
				bound[s] = true
			}
		}
	}
	return bound
}

// fewCandidates are values to try for a symbol first; large ones only as far as a test should go.
func fewCandidates(d *ir.DimDecl) []int64 {
	list := []int64{1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, min(d.Max, 37)}
	const span = 64
	switch low := d.Min; {
	case low <= 4: // the list has enough
	case d.Max-low <= span:
		list = append(list, d.Max)
	default:
		list = append(list, low+1, low+3, multiple(low+1, 8), multiple(low+1, 32), multiple(low+33, 32))
	}
	return within(d, list)
}

// manyCandidates are values for guards that the few do not satisfy.
func manyCandidates(d *ir.DimDecl) []int64 {
	list := []int64{min(d.Max, 4096)}
	for i := range int64(64) {
		list = append(list, i+1, 8*(i+1), 32*(i+1))
		if low := max(d.Min, 0); d.Max-low > 64*32 {
			list = append(list, low+i, multiple(low, 8)+8*i, multiple(low, 32)+32*i)
		}
	}
	return within(d, list)
}

// multiple is the smallest multiple of k from n on.
func multiple(n, k int64) int64 { return (n + k - 1) / k * k }

// within sorts values and leaves out those that the symbol cannot have. The smallest that it can have is among them.
func within(d *ir.DimDecl, list []int64) []int64 {
	low := max(d.Min, 1)
	if d.Max < low {
		return []int64{d.Min}
	}
	list = slices.DeleteFunc(append(list, low), func(n int64) bool { return n < low || n > d.Max })
	slices.Sort(list)
	return slices.Compact(list)
}

// search looks for values of symbols that satisfy a function's guards.
type search struct {
	f       *ir.Func
	names   []string
	options [][]int64 // of each name, those preferred first
	tries   int       // how many more values may be tried
}

// all gives the first values that satisfy the guards, then those found without each name's first option, without its first
// two, and so on.
func (s *search) all() []map[string]int64 {
	longest := 1
	for _, o := range s.options {
		longest = max(longest, len(o))
	}
	var found []map[string]int64
	for skip := 0; skip < longest && len(found) <= maxOthers; skip++ {
		sizes := map[string]int64{}
		if s.extend(sizes, 0, skip) && (len(found) == 0 || !maps.Equal(found[len(found)-1], sizes)) {
			found = append(found, sizes)
		}
	}
	return found
}

// extend chooses values for the names from the given one on; a guard prunes as soon as its symbols have values.
func (s *search) extend(sizes map[string]int64, name, skip int) bool {
	if name == len(s.names) {
		return allowed(s.f, sizes, true)
	}
	options := s.options[name]
	for _, n := range options[min(skip, len(options)-1):] {
		if s.tries--; s.tries < 0 {
			break
		}
		sizes[s.names[name]] = n
		if allowed(s.f, sizes, false) && s.extend(sizes, name+1, skip) {
			return true
		}
	}
	delete(sizes, s.names[name])
	return false
}

// allowed reports whether guards and shapes are satisfied. Before all inputs' symbols have values, what cannot be computed
// counts as satisfied.
func allowed(f *ir.Func, sizes map[string]int64, complete bool) bool {
	size := func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok }
	for _, g := range f.Guards {
		if ok, known, err := g.Holds(size); known && !ok || err != nil && complete {
			return false
		}
	}
	for _, p := range f.Params {
		for _, d := range p.Value.Type.Shape {
			if n, err := d.Eval(size); err == nil && n < 0 || err != nil && complete {
				return false
			}
		}
	}
	return true
}
