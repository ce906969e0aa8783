package cuda

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFunctions holds the header's own functions against the C library's double ones, over all exponents: what is computed in double
// is the nearest float, exp and exp2 are off by less than a unit in the last place (exp by more on a GPU, whose own 2^x it takes).
func TestFunctions(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "libm")
	if said, err := exec.Command(tools(t).Clang, "-std=c++2b", "-O2", "-march=native", "-ffp-contract=off", "-I", "shim", "testdata/libm.cpp", "-o", exe, "-lm").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	said, err := exec.Command(exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(lines) < 29 {
		t.Errorf("%d functions were tried, expected 29", len(lines))
	}
	for _, line := range lines {
		var name string
		var ulps float64
		if _, err := fmt.Sscanf(line, "%s %g", &name, &ulps); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		allowed := 0.5
		if name == "exp" || name == "exp2" {
			allowed = 1
		}
		if !(ulps <= allowed) {
			t.Errorf("%s, expected at most %.1f units in the last place", line, allowed)
		}
	}
}
