package debugger

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// sized is a model whose caller chooses sizes.
const sized = `air 1
module @sized {
  func @main(%x: tensor<[S]x[T]xf32>) -> (%y: tensor<[S]x[T]xf32>) {
    dim S in 1..512
    dim T in 1..
    %y = nn.relu(%x) : tensor<[S]x[T]xf32>
    core.return(%y)
  }
}
`

// TestSizes: sizes are checked before anything is allocated.
func TestSizes(t *testing.T) {
	s := opened(t, sized)
	for _, c := range []struct{ sizes, want string }{
		{`{"S":2,"T":3}`, ""},
		{`{"S":2000000000}`, "found S=2000000000, expected S from 1 to 512"},
		{`{"S":-1}`, "found S=-1, expected S from 1 to 512"},
		{`{"U":1}`, "@main has no sizes but these: S from 1 to 512, T from 1 to 2147483647"},
		{`{"S":512,"T":2000000000}`, "the inputs would take more than 1024 MiB with S=512, T=2000000000"},
	} {
		r, err := runOf(s, fmt.Sprintf(`{"model":"m1","func":"main","backend":"interp","sizes":%s}`, c.sizes), nil, "")
		if err != nil {
			t.Fatal(err)
		}
		w := answered(s, r)
		var got struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !strings.Contains(got.Error, c.want) || (w.Code == http.StatusOK) != (c.want == "") {
			t.Errorf("%s: %d %s, expected %q", c.sizes, w.Code, w.Body, c.want)
		}
	}
}
