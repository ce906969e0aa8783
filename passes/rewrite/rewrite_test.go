package rewrite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/rewrite"
)

func parse(t *testing.T, ops string) *ir.Module {
	t.Helper()
	reg, err := ir.NewRegistry(core.Dialect, tensor.Dialect)
	if err != nil {
		t.Fatal(err)
	}
	src := "air 1\nmodule @m {\n  func @main(%x: tensor<4xf32>) -> (%y: tensor<4xf32>) {\n" + ops + "\n  }\n}\n"
	m, err := text.Parse("m.air", []byte(src), reg)
	if err == nil {
		err = ir.Verify(m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// swap replaces one operation by another.
func swap(from, to *ir.OpDef) rewrite.Pattern {
	return rewrite.Pattern{Name: from.Name + " to " + to.Name, Root: from, Apply: func(rw *rewrite.Rewriter, op *ir.Op) bool {
		rw.Replace(op, rw.Build(to, nil, op.Operands...))
		return true
	}}
}

// TestReplace holds a replacement to taking over the name and the claims, and what died to naming where it went.
func TestReplace(t *testing.T) {
	m := parse(t, `    %a = tensor.exp(%x) : tensor<4xf32> is "exp"
    %y = tensor.neg(%a) : tensor<4xf32> is "neg" is "alias"
    core.return(%y)`)
	changed, err := rewrite.Run(m, "test", []rewrite.Pattern{{Name: "skip", Root: tensor.Neg, Apply: func(rw *rewrite.Rewriter, op *ir.Op) bool {
		rw.Replace(op, rw.Build(tensor.Sqrt, nil, op.Operands[0].Def.Operands[0]))
		return true
	}}})
	if err != nil || !changed {
		t.Fatalf("found changed %v and error %v", changed, err)
	}
	if err := ir.Verify(m); err != nil {
		t.Error(err)
	}
	want := `air 1
module @m {
  func @main(%x: tensor<4xf32>) -> (%y: tensor<4xf32>) {
    %y = tensor.sqrt(%x) : tensor<4xf32> is "neg" is "alias"
    core.return(%y)
  }
  lost "exp" by test into @main %y
}
`
	if d := cmp.Diff(want, text.Sprint(m)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestNothingMatches leaves a module as it is.
func TestNothingMatches(t *testing.T) {
	m := parse(t, "    %y = tensor.exp(%x) : tensor<4xf32>\n    core.return(%y)")
	before := text.Sprint(m)
	changed, err := rewrite.Run(m, "test", []rewrite.Pattern{swap(tensor.Neg, tensor.Sqrt)})
	if changed || err != nil {
		t.Errorf("found changed %v and error %v", changed, err)
	}
	if d := cmp.Diff(before, text.Sprint(m)); d != "" {
		t.Errorf("-before +after:\n%s", d)
	}
}

// TestPingPong holds patterns that undo each other to an error that names them.
func TestPingPong(t *testing.T) {
	m := parse(t, "    %y = tensor.neg(%x) : tensor<4xf32>\n    core.return(%y)")
	_, err := rewrite.Run(m, "test", []rewrite.Pattern{
		swap(tensor.Neg, tensor.Sqrt), swap(tensor.Sqrt, tensor.Neg), swap(tensor.Exp, tensor.Neg),
	})
	if err == nil {
		t.Fatal("found no error")
	}
	for _, want := range []string{"do not come to an end", "tensor.neg to tensor.sqrt 5", "tensor.sqrt to tensor.neg 5"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("found %v, expected %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "tensor.exp") {
		t.Errorf("found %v; the pattern for tensor.exp rewrote nothing", err)
	}
}

// TestBuildFails holds an error of the builder inside a pattern to naming the pattern and the operation.
func TestBuildFails(t *testing.T) {
	m := parse(t, "    %y = tensor.neg(%x) : tensor<4xf32>\n    core.return(%y)")
	_, err := rewrite.Run(m, "test", []rewrite.Pattern{swap(tensor.Neg, tensor.Reshape)})
	if err == nil || !strings.HasPrefix(err.Error(), "pattern tensor.neg to tensor.") || !strings.Contains(err.Error(), " on tensor.neg ") {
		t.Errorf("found %v, expected the pattern's name", err)
	}
}

// TestDead separates what can go from what ends a function, binds a symbol or is used.
func TestDead(t *testing.T) {
	m := parse(t, `    dim u in 0..4
    %used = tensor.exp(%x) : tensor<4xf32>
    %unused = tensor.exp(%x) : tensor<4xf32>
    %hits = tensor.nonzero(%x) {binds = [u]} : tensor<[u]x1xi64>
    core.return(%used)`)
	var dead []string
	m.Walk(func(op *ir.Op) {
		if rewrite.Dead(op) {
			dead = append(dead, op.Results[0].Name)
		}
	})
	if d := cmp.Diff([]string{"unused"}, dead); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestLose holds the removal of an operation with bodies to recording the claims made inside them.
func TestLose(t *testing.T) {
	m := parse(t, `    %s = tensor.slice(%x) {axis = 0, stop = 1} : tensor<1xf32>
    %p = tensor.cast(%s) : tensor<1xbool>
    %c = core.cond(%p, %x) : tensor<4xf32> is "cond"
      then(%v: tensor<4xf32> is "arg") {
        %n = tensor.neg(%v) : tensor<4xf32> is "inner"
        core.return(%n)
      }
      else(%v: tensor<4xf32>) {
        core.return(%v)
      }
    core.return(%x)`)
	if _, err := rewrite.Run(m, "test", nil); err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, l := range m.Lost {
		lost = append(lost, l.Func+" "+l.Tensor+" "+l.Pass)
	}
	if d := cmp.Diff([]string{"main cond test", "main arg test", "main inner test"}, lost); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if n := len(m.Funcs[0].Ops); n != 1 {
		t.Errorf("found %d operations, expected only the return", n)
	}
}
