package lower

import "github.com/aiopt/aiopt/ir"

// demos holds the operator of the custom operator example. It stands in the standard table because saved models that call
// it are to run with the plain binary; every other operator of a user's own is added by AddLowering.
func demos(t *Table) {
	t.Add("aiopt_demo.scale_add", One(func(c *Call) *ir.Value {
		return c.Add(c.MulN(c.Value("x"), c.Float("alpha")), c.Value("y"))
	}))
}
