package kerneltest_test

import (
	"bytes"
	"testing"

	"github.com/aiopt/aiopt/backend/kernel"
	"github.com/aiopt/aiopt/backend/kernel/kerneltest"
)

// TestRandom holds that random kernels verify and run, and that a seed gives one kernel and one result.
func TestRandom(t *testing.T) {
	for seed := range uint64(400) {
		var texts []string
		var results [][]byte
		for range 2 {
			k, call, err := kerneltest.Random(seed, kerneltest.Options{Math: seed%2 == 0, GPU: seed >= 300})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err := kernel.Run(k, call); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, kernel.Print(k))
			}
			texts = append(texts, kernel.Print(k))
			results = append(results, bytes.Join(call.Buffers, nil))
		}
		if texts[0] != texts[1] || !bytes.Equal(results[0], results[1]) {
			t.Errorf("seed %d: two kernels or results", seed)
		}
	}
}
