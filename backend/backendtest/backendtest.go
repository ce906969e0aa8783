// Package backendtest is for tests of engines: programs by their texts, run and held against another engine.
package backendtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/dialect/nn"
	"github.com/aiopt/aiopt/dialect/quant"
	"github.com/aiopt/aiopt/dialect/state"
	"github.com/aiopt/aiopt/dialect/tensor"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/text"
)

// Parse makes a module of a text, of operations of all dialects and of those of a test's own.
func Parse(t testing.TB, src string, more ...*ir.Dialect) *ir.Module {
	t.Helper()
	ops, err := ir.NewRegistry(append(more, core.Dialect, tensor.Dialect, nn.Dialect, quant.Dialect, state.Dialect)...)
	if err != nil {
		t.Fatal(err)
	}
	m, err := text.Parse("test.air", []byte(src), ops)
	if err == nil {
		err = ir.Verify(m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Session compiles a module for one thread, until the test ends.
func Session(t testing.TB, b backend.Backend, m *ir.Module) backend.Session {
	t.Helper()
	p, err := b.Compile(context.Background(), m, backend.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p.NewSession()
}

// Agree calls a function in two sessions, and holds what the first gives against what the second does.
func Agree(function string, session, reference backend.Session, in []*host.Tensor, differ func(got, want *host.Tensor) error) error {
	got, err := session.Call(context.Background(), function, in, nil)
	if err != nil {
		return err
	}
	want, err := reference.Call(context.Background(), function, in, nil)
	if err != nil {
		return err
	}
	for i := range want {
		if err := differ(got[i], want[i]); err != nil {
			return fmt.Errorf("result %d for inputs of %v: %w", i, shapes(in), err)
		}
	}
	return nil
}

func shapes(in []*host.Tensor) (list [][]int) {
	for _, x := range in {
		list = append(list, x.Shape)
	}
	return list
}
