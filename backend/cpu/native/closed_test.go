//go:build unix

package native

import (
	"github.com/aiopt/aiopt/backend/backendtest"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// TestClosedWhileCalled closes programs while several sessions call them: each call gives its result or says that the program is
// closed, and the code stays where it is until the last one has ended.
func TestClosedWhileCalled(t *testing.T) {
	native, _ := engines(t, backendtest.Parse(t, mixed), 2)
	const sessions = 4
	var callers, begun sync.WaitGroup
	begun.Add(sessions)
	for g := range sessions {
		callers.Go(func() {
			s := native.NewSession()
			in := mixedInputs(rand.New(rand.NewPCG(4, uint64(g))), 40, 200, 3)
			for n := 0; ; n++ {
				_, err := s.Call(t.Context(), "main", in, nil)
				if n == 0 {
					begun.Done()
				}
				if err != nil {
					if !strings.Contains(err.Error(), "the program is closed") {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	begun.Wait()
	for range 2 { // at the same time, too, both wait
		callers.Go(func() {
			if err := native.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
}

// TestCallsAtOnce has goroutines share a session, against its contract: a call gives the result or an error.
func TestCallsAtOnce(t *testing.T) {
	native, reference := engines(t, backendtest.Parse(t, mixed), 2)
	in := mixedInputs(rand.New(rand.NewPCG(5, 5)), 40, 200, 3)
	shared := native.NewSession()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			other := reference.NewSession()
			for range 20 {
				if err := agree(shared, other, in); err != nil && !strings.Contains(err.Error(), "the session is in another call") {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
}

// TestListBegunAnew has a thread come to a list that is at another epoch than it was begun with.
func TestListBegunAnew(t *testing.T) {
	s := newSteps(t, 2, 5, 1<<10)
	l, _, _ := s.launch(t)
	l.begin(0, 0)
	l.job.epoch.Add(1)
	var args [6]uintptr
	if err := s.pool.run(&l.job, &args); err == nil {
		t.Error("there is no error for a list at another epoch")
	}
}
