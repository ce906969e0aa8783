package debugger

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestFlights: requests for one thing share its work, which goes on as long as one of them waits.
func TestFlights(t *testing.T) {
	var all flights[int, string]
	begun, let := make(chan context.Context, 9), make(chan string)
	work := func(ctx context.Context) (string, error) {
		begun <- ctx
		select {
		case got := <-let:
			return got, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	type result struct {
		got string
		err error
	}
	ask := func(ctx context.Context) <-chan result {
		out := make(chan result, 1)
		before := waiting(&all, 1)
		go func() {
			got, err := all.join(ctx, t.Context(), 1, work)
			out <- result{got, err}
		}()
		for waiting(&all, 1) == before {
			time.Sleep(time.Millisecond)
		}
		return out
	}
	ctx, leave := context.WithCancel(t.Context())
	first, second := ask(ctx), ask(t.Context())
	working := <-begun
	leave()
	if r := <-first; !errors.Is(r.err, context.Canceled) || working.Err() != nil {
		t.Fatalf("the first request: %v; the work: %v", r.err, working.Err())
	}
	let <- "both"
	if r := <-second; r.got != "both" || r.err != nil {
		t.Fatalf("the second request: %+v", r)
	}

	ctx, leave = context.WithCancel(t.Context())
	third := ask(ctx)
	working = <-begun
	leave()
	<-third
	<-working.Done() // nobody waits
	fourth := ask(t.Context())
	<-begun
	let <- "anew"
	if r := <-fourth; r.got != "anew" {
		t.Errorf("after that: %+v", r)
	}
	slow, end := make(chan struct{}), make(chan struct{})
	ctx, leave = context.WithCancel(t.Context())
	go func() {
		<-slow
		leave()
	}()
	deaf := func(context.Context) (string, error) { // its work does not look at its context
		close(slow)
		<-end
		return "old", nil
	}
	if got, err := all.join(ctx, t.Context(), 1, deaf); err == nil {
		t.Fatalf("after it left: %q", got)
	}
	fifth := make(chan result, 1)
	go func() {
		got, err := all.join(t.Context(), t.Context(), 1, work)
		fifth <- result{got, err}
	}()
	select {
	case <-begun:
		t.Error("work begins while what was left still goes on")
	case <-time.After(20 * time.Millisecond): // it would begin at once
	}
	close(end)
	<-begun
	let <- "new"
	if r := <-fifth; r.got != "new" || r.err != nil {
		t.Errorf("after work that was left: %+v", r)
	}
	if _, err := all.join(t.Context(), t.Context(), 2, func(context.Context) (string, error) { panic("lost") }); err == nil {
		t.Error("a panic is no error")
	}
}

// waiting counts the requests for a key.
func waiting(f *flights[int, string], key int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.going[key]; t != nil {
		return t.waiting
	}
	return 0
}
