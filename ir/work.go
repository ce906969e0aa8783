package ir

// MultiplyAdds counts the multiplications whose products a function adds up, which is nearly all the work of most models: those
// of operations that say so (see OpDef.Work), in its bodies and in the functions it calls. Bodies count once, however often
// they run.
func (m *Module) MultiplyAdds(f *Func) Dim {
	return m.multiplyAdds(f, map[*Func]bool{})
}

// multiplyAdds leaves out the functions that are being counted: a cycle of calls is the verifier's to report.
func (m *Module) multiplyAdds(f *Func, open map[*Func]bool) Dim {
	total := Const(0)
	if open[f] {
		return total
	}
	open[f] = true
	defer delete(open, f)
	f.WithBodies(func(b *Func) {
		for _, op := range b.Ops {
			if op.Def.Work != nil {
				total = total.Add(op.Def.Work(op))
			}
			if callee, ok := op.Attr("callee").(Symbol); ok && m.Func(string(callee)) != nil {
				total = total.Add(m.multiplyAdds(m.Func(string(callee)), open))
			}
		}
	})
	return total
}
