package tests

import (
	"testing"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/tests/airtest"
)

// TestExamples runs the example of every operation on every backend.
func TestExamples(t *testing.T) { airtest.Examples(t, aiopt.Standard()) }
