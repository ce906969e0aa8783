package lower_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/dialect/torch"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tools/operators"
)

// extremes are what damaged or hostile files put in the place of an integer.
var extremes = []int64{math.MinInt64, math.MinInt64 + 1, math.MinInt32, -1, 0, math.MaxInt32, math.MaxInt64 - 1, math.MaxInt64}

// variants calls use for each integer of an attribute list replaced by each extreme, one at a time, and for each list of
// integers replaced as a whole.
func variants(attrs ir.Attrs, use func(what string, attrs ir.Attrs)) {
	for _, a := range attrs {
		for _, x := range extremes {
			switch v := a.Value.(type) {
			case ir.Int:
				use(fmt.Sprintf("%s=%d", a.Name, x), slices.Clone(attrs).With(a.Name, ir.Int(x)))
			case ir.Ints:
				for i := range v {
					one := slices.Clone(v)
					one[i] = x
					use(fmt.Sprintf("%s[%d]=%d", a.Name, i, x), slices.Clone(attrs).With(a.Name, one))
				}
				if len(v) > 1 {
					use(fmt.Sprintf("%s=all %d", a.Name, x), slices.Clone(attrs).With(a.Name, slices.Repeat(ir.Ints{x}, len(v))))
				}
			}
		}
	}
}

// Whatever integers a call has, its lowering ends, and gives an error or a module that verifies.
func TestExtremeIntegers(t *testing.T) {
	kit, tried := aiopt.Standard(), 0
	for target := range operators.ExampleTargets() {
		src, _ := operators.Example(target)
		parse := func() (*ir.Module, *ir.Op) {
			m, err := text.Parse(target, []byte(src), kit.Ops)
			if err != nil {
				t.Fatal(err)
			}
			ops := m.Funcs[0].Ops
			return m, ops[slices.IndexFunc(ops, func(op *ir.Op) bool { return op.Is(torch.Call) })]
		}
		_, call := parse()
		variants(call.Attrs, func(what string, attrs ir.Attrs) {
			tried++
			m, call := parse()
			call.Attrs = attrs
			done := make(chan error, 1)
			go func() {
				defer func() {
					if r := recover(); r != nil {
						done <- fmt.Errorf("panic: %v", r)
					}
				}()
				err := kit.Lowerings.Decompose(m, nil)
				if err == nil {
					if err = ir.Verify(m); err != nil {
						err = fmt.Errorf("gave an invalid module: %w", err)
					}
				} else if !strings.Contains(err.Error(), "the lowering failed on these arguments") {
					err = nil
				}
				done <- err
			}()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("%s with %s: %v", target, what, err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s with %s does not end", target, what)
			}
		})
	}
	if tried < 1000 {
		t.Errorf("tried %d calls, expected more than 1000", tried)
	}
}
