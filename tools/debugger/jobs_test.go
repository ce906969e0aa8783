package debugger

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/ir/safetensors"
	"github.com/aiopt/aiopt/tools/inputs"
)

// TestEvents: who watches is told of all jobs first, then of each change; a job that the user cancels ends as such, one that
// fails says why, and a panic in one ends that one alone.
func TestEvents(t *testing.T) {
	s := served(t)
	l := httptest.NewServer(s.Handler())
	defer l.Close()
	s.addr = strings.TrimPrefix(l.URL, "http://")
	slow := begin(t, s, &job{Kind: calling, Title: "slow"}, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	begin(t, s, &job{Kind: opening, Title: "wrong"}, func(context.Context) error { return errors.New("no such model") })
	begin(t, s, &job{Kind: comparing, Title: "broken"}, func(context.Context) error { panic("lost") })

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

// begin begins a job of which nothing is told.
func begin(t *testing.T, s *Server, j *job, work func(context.Context) error) *job {
	t.Helper()
	if err := s.jobs.begin(j, func() {}, work); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestServe: the server is on the loopback address, and ends with its context and its jobs.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := New(ctx, aiopt.Standard(), Options{})
	early := begin(t, s, &job{Kind: opening, Title: "early"}, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	l, err := s.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || !strings.HasSuffix(s.URL(), "/?token="+s.token) {
		t.Errorf("the URL is %s", s.URL())
	}
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	w, err := http.Get(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if status, _ := early.status(); status != cancelled {
		t.Errorf("a job from before it served is %s", status)
	}
	if err := s.Open("late.air", ""); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("a job after the end: %v", err)
	}
	if w, err := http.Get(s.URL()); err == nil {
		w.Body.Close()
		t.Error("it answers after its end")
	}
	if _, err := served(t).Listen(-1); err == nil || !strings.Contains(err.Error(), "--port=0 takes a free one") {
		t.Errorf("a wrong port: %v", err)
	}
}

// TestGivenBackMeanwhile: a run does not begin of a model that is given back between the request and the run.
func TestGivenBackMeanwhile(t *testing.T) {
	s := opened(t, small)
	path := filepath.Join(t.TempDir(), "in.safetensors")
	var b bytes.Buffer
	if _, err := safetensors.Encode(&b, []safetensors.Entry{{Name: "x", Elem: host.F32, Shape: []int{2, 3}, Data: make([]byte, 24)}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s.given = func() (*inputs.Given, error) {
		if w := answered(s, request(s, http.MethodDelete, "/api/models/m1", "")); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		return inputs.Read(path)
	}
	r, err := runForm(t, s, `{"name":"x","from":"given"}`, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if w := answered(s, r); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "m1 was given back meanwhile") {
		t.Errorf("the run: %d %s", w.Code, w.Body)
	}
	if len(s.jobs.list) != 0 || len(s.runs.all()) != 0 {
		t.Errorf("%d jobs and %d runs are left", len(s.jobs.list), len(s.runs.all()))
	}
}

// TestPaths: each kind of job says which request gives it back, and the API has that one.
func TestPaths(t *testing.T) {
	s := served(t)
	for k := range kinds() {
		j := begin(t, s, &job{Kind: k}, func(context.Context) error { return nil })
		w := answered(s, request(s, http.MethodDelete, j.Path, ""))
		if w.Code != http.StatusOK && !strings.Contains(w.Body.String(), j.ID) {
			t.Errorf("DELETE %s: %d %s", j.Path, w.Code, w.Body)
		}
	}
}
