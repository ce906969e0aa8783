package cli

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// full is a watcher whose disk is full after some values.
type full struct {
	room  int
	calls []string
}

var errFull = errors.New("no space left on device")

func (f *full) note(name string)       { f.calls = append(f.calls, name) }
func (f *full) begin(*call) error      { f.note("begin"); return nil }
func (f *full) wants(v *ir.Value) bool { return v.Name != "other" }
func (f *full) finish() error          { f.note("finish"); return nil }
func (f *full) discard()               { f.note("discard") }

func (f *full) end(*call, []*host.Tensor, backend.Session) error {
	f.note("end")
	return nil
}

func (f *full) take(v *ir.Value, _ *host.Tensor) error {
	f.note(v.Name)
	if f.room--; f.room < 0 {
		return errFull
	}
	return nil
}

// TestWatchers holds that the first error of a watcher ends the run and is what the user reads.
func TestWatchers(t *testing.T) {
	for _, tt := range []struct {
		room int
		want error
		seen []string
	}{
		{3, nil, []string{"begin", "a", "b", "end", "discard"}},
		{1, errFull, []string{"begin", "a", "b", "discard"}},
	} {
		f := &full{room: tt.room}
		w := watchers{list: []watcher{f}}
		ctx, opt := w.options(context.Background())
		_, err := w.call(nil, nil, func() ([]*host.Tensor, error) {
			for _, name := range []string{"a", "other", "b", "c"} {
				if v := (&ir.Value{Name: name}); name != "c" && opt.Select(v) {
					opt.Observe(v, nil)
				}
				if err := ctx.Err(); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		w.discard()
		if !errors.Is(err, tt.want) || !slices.Equal(f.calls, tt.seen) {
			t.Errorf("room for %d: found the error %v and %v, expected %v and %v", tt.room, err, f.calls, tt.want, tt.seen)
		}
	}
	if ctx, opt := (&watchers{}).options(context.Background()); ctx != context.Background() || opt.Observe != nil {
		t.Error("nobody watches, and the engine is made to show values")
	}
}
