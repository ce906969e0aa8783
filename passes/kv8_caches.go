package passes

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// cache is a state and all that happens to it.
type cache struct {
	state *ir.State
	scale *ir.State // of its codes, once it is converted
	funcs []*cacheFunc
}

// cacheFunc is a function that has the cache.
type cacheFunc struct {
	f        *ir.Func
	param    *ir.Param
	versions []*ir.Value // the parameter and the results of updates, each behind its base
	result   int         // the function's result that is the new value; -1: it only reads
}

// find looks at what all functions do with a state, and says why it cannot be kept as codes; empty where it can.
func (c *cache) find(m *ir.Module) string {
	t := c.state.Type
	switch {
	case t.Elem.Bits() < 16:
		return fmt.Sprintf("it is %s already", t)
	case t.Rank() < 2 || isOne(t.Shape[t.Rank()-1]):
		return fmt.Sprintf("it is %s, which has no rows that a scale would pay for", t)
	}
	for _, f := range m.Funcs {
		cf := &cacheFunc{f: f, result: -1}
		for _, p := range f.Params {
			if p.Role == ir.StateIn && p.State == c.state.Name {
				cf.param = p
			}
		}
		for i, r := range f.Results {
			if r.Role == ir.Update && r.State && r.Target == c.state.Name {
				cf.result = i
			}
		}
		switch {
		case cf.param == nil && cf.result < 0:
			continue
		case cf.param == nil:
			return fmt.Sprintf("@%s replaces all of it", f.Name)
		}
		if reason := cf.follow(); reason != "" {
			return fmt.Sprintf("in @%s, %s", f.Name, reason)
		}
		c.funcs = append(c.funcs, cf)
	}
	if len(c.funcs) == 0 {
		return "no function uses it"
	}
	return ""
}

// follow finds the versions of the cache.
func (cf *cacheFunc) follow() string {
	cf.versions = []*ir.Value{cf.param.Value}
	for i := 0; i < len(cf.versions); i++ {
		for _, u := range cf.versions[i].Uses() {
			if !u.Op.Def.Traits.Has(ir.InPlace) || u.Index != 0 {
				continue
			}
			if reason := wholeRows(u.Op); reason != "" {
				return reason
			}
			cf.versions = append(cf.versions, u.Op.Result())
		}
	}
	if cf.result < 0 {
		return ""
	}
	if last := cf.f.Returns()[cf.result]; !slices.Contains(cf.versions, last) {
		by := "a parameter"
		if last.Def != nil {
			by = last.Def.Describe()
		}
		if last.DefinedBy(core.Kernel) {
			return fmt.Sprintf("its new value is that of %s; run kv8 before fuse", by)
		}
		return fmt.Sprintf("its new value is that of %s, expected an update of its old value by state.slice_update or state.index_update", by)
	}
	return ""
}

// wholeRows says why an update does not write whole rows.
func wholeRows(op *ir.Op) string {
	last := op.In(0).Rank() - 1
	at := op.Dims("at")
	switch {
	case op.Int("axis") == last:
		return fmt.Sprintf("%s writes along the last axis, so parts of rows", op.Describe())
	case !op.In(1).Shape[last].Equal(op.In(0).Shape[last]), len(at) > 0 && !at[last].Equal(ir.Const(0)):
		return fmt.Sprintf("%s writes parts of rows", op.Describe())
	}
	return ""
}
