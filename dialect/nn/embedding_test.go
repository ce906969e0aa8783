package nn

import (
	"strings"
	"testing"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// TestEmbeddingIDs holds that ids which PyTorch refuses are refused, by the operation and by what it expands to.
func TestEmbeddingIDs(t *testing.T) {
	for _, e := range []host.Elem{host.I32, host.I64} {
		for _, c := range []struct {
			id       int64
			err      string // of the operation
			expanded string
		}{
			{2, "", ""},
			{-1, "the id -1 is outside 0..2: the weight has 3 rows", "is outside axis 0, which has size 3"},
			{-3, "the id -3 is outside 0..2", "is outside axis 0"},
			{3, "the id 3 is outside 0..2", "index 3 is outside axis 0"},
		} {
			ids, err := host.FromValues(e, []int{2}, []int64{0, c.id})
			if err != nil {
				t.Fatal(err)
			}
			for _, expand := range []bool{false, true} {
				f := newFunc()
				weight := host.New(host.F32, 3, 2)
				op, err := ir.Append(f, nil).Build(Embedding, nil, f.AddParam("w", ir.TypeOf(weight), ir.Input).Value, f.AddParam("ids", ir.TypeOf(ids), ir.Input).Value)
				if err != nil {
					t.Fatal(err)
				}
				values, want := op.Results, c.err
				if expand {
					if values, err = Embedding.Expand(ir.Append(f, nil), op); err != nil {
						t.Fatal(err)
					}
					f.Erase(op)
					want = c.expanded
				}
				_, err = run(f, evalCtx(), []*host.Tensor{weight, ids}, values)
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("id %d of %s, expanded %v: error %v, expected %q", c.id, e, expand, err, want)
				}
			}
		}
	}
}
