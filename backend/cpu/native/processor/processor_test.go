package processor

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// TestLeaf1 holds what this package reads of the processor against what x/sys reads in the same register: FMA and POPCNT stand beside F16C.
func TestLeaf1(t *testing.T) {
	bits := featuresOfLeaf1()
	for _, f := range []struct {
		name string
		bit  int
		has  bool
	}{
		{"sse3", 0, cpu.X86.HasSSE3}, {"fma", 12, cpu.X86.HasFMA}, {"sse42", 20, cpu.X86.HasSSE42}, {"popcnt", 23, cpu.X86.HasPOPCNT}, {"osxsave", 27, cpu.X86.HasOSXSAVE},
	} {
		if got := bits&(1<<f.bit) != 0; got != f.has {
			t.Errorf("%s: found %v, expected %v", f.name, got, f.has)
		}
	}
}
