package lower_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aiopt/aiopt"
)

// TestLinearAlgebra lowers and runs the calls in testdata/linalg.txt, whose results are PyTorch's.
func TestLinearAlgebra(t *testing.T) {
	data, err := os.ReadFile("testdata/linalg.txt")
	if err != nil {
		t.Fatal(err)
	}
	kit := aiopt.Standard()
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if !strings.HasPrefix(line, "#") {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) { runCall(t, kit, line) })
		}
	}
}
