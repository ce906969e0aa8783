package native

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/aiopt/aiopt/backend/cpu/native/toolchain"
)

// TestPeaks says that the kernels of the peaks run; how fast, nobody can know.
func TestPeaks(t *testing.T) {
	cache := toolchain.NewCache(filepath.Join(t.TempDir(), "cache"))
	p, err := Backend{Cache: cache}.Peaks(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.MulAdds < 1e6 || p.Read < 1e6 {
		t.Errorf("found %.3g multiply-adds and %.3g bytes a second, expected more than a million", p.MulAdds, p.Read)
	}
	t.Logf("%.1f GFLOP/s, %.1f GB/s", 2*p.MulAdds/1e9, p.Read/1e9)
}
