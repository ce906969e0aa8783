package debugger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestEvents: who watches is told of all jobs first, then of each change; a job that the user cancels ends as such, one that
// fails says why, and a panic in one ends that one alone.
func TestEvents(t *testing.T) {
	s := served(t)
	l := httptest.NewServer(s.Handler())
	defer l.Close()
	s.addr = strings.TrimPrefix(l.URL, "http://")
	slow := s.jobs.add(calling, "slow", "")
	slow.run(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	s.jobs.add(opening, "wrong", "").run(func(context.Context) error { return errors.New("no such model") })
	s.jobs.add(comparing, "broken", "").run(func(context.Context) error { panic("lost") })

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ask := func(method, path string) *http.Response {
		r, err := http.NewRequestWithContext(ctx, method, l.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: s.cookie(), Value: s.token})
		r.Header.Set("Origin", l.URL)
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	stream := ask(http.MethodGet, "/api/events")
	defer stream.Body.Close()
	if kind := stream.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("the stream is %s", kind)
	}
	lines := bufio.NewScanner(stream.Body)
	ends := map[string]job{}
	for len(ends) < 3 && lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var j job
		if err := json.Unmarshal([]byte(data), &j); err != nil {
			t.Fatal(err)
		}
		switch {
		case j.Status != running:
			ends[j.ID] = j
		case j.ID == slow.ID:
			ask(http.MethodDelete, "/api/jobs/"+slow.ID).Body.Close()
		}
	}
	for id, want := range map[string]struct{ status, text string }{"r1": {cancelled, ""}, "m1": {failed, "no such model"}, "c1": {failed, "this is a bug in aiopt: lost"}} {
		if got := ends[id]; got.Status != want.status || !strings.HasPrefix(got.Error, want.text) {
			t.Errorf("%s: got %s %q, want %s %q", id, got.Status, got.Error, want.status, want.text)
		}
	}
	if w := ask(http.MethodDelete, "/api/jobs/x9"); w.StatusCode != http.StatusNotFound {
		t.Errorf("a job that is not there: got %d", w.StatusCode)
	}
}

// TestServe: the server is on the loopback address, and ends with its context and its jobs.
func TestServe(t *testing.T) {
	s := served(t)
	l, err := s.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || !strings.HasSuffix(s.URL(), "/?token="+s.token) {
		t.Errorf("the URL is %s", s.URL())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, l) }()
	w, err := http.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if w, err := http.Get(s.URL()); err == nil {
		w.Body.Close()
		t.Error("it answers after its end")
	}
	if _, err := served(t).Listen(-1); err == nil || !strings.Contains(err.Error(), "--port=0 takes a free one") {
		t.Errorf("a wrong port: %v", err)
	}
}
