package tests

import (
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/tests/airtest"
)

// TestExamples runs the example of every operation on every backend.
func TestExamples(t *testing.T) { airtest.Examples(t, aiopt.Standard()) }

// TestWork counts the multiply-adds of each operation's first example by hand, and those of other operations not at all.
func TestWork(t *testing.T) {
	want := map[string]int64{
		"tensor.matmul":     2 * 2 * 3,
		"nn.linear":         2 * 2 * 3,
		"nn.grouped_matmul": 3 * 2,
		"nn.conv":           4 * 4,
		"nn.conv_transpose": 2 * 3,
		"nn.sdpa":           4*2 + 2*2,
		"nn.lstm":           4 + 4,
		"nn.gru":            2 * (3 + 3),
		"nn.rnn":            2 * (2 + 4),
	}
	tk := aiopt.Standard()
	for _, d := range tk.Ops.Dialects {
		for _, def := range d.Ops {
			if def.Work == nil {
				if want[def.Name] != 0 {
					t.Errorf("%s counts no work", def.Name)
				}
				continue
			}
			examples, err := airtest.ParseExamples(def)
			if err != nil {
				t.Fatal(err)
			}
			m, err := text.Parse(def.Name, []byte(examples[0].Text), tk.Ops)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := m.MultiplyAdds(m.Funcs[0]).IsConst(); !ok || got != want[def.Name] {
				t.Errorf("%s: got %s multiply-adds, want %d", def.Name, m.MultiplyAdds(m.Funcs[0]), want[def.Name])
			}
		}
	}
}
