package debugger

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pointList is the part of an answer that these tests look at.
type pointList struct {
	Complete  bool
	Preset    string
	Points    []pointInfo
	Unmatched []struct{ Name, Reason string }
	Summary   struct{ Seen, Unseen, Inside int }
}

// detector is a server with the model of tests/detector after passes, and what PyTorch computed of it.
func detector(t *testing.T, passes string) *Server {
	t.Helper()
	s := served(t)
	open(t, s, "../../tests/detector/detector.pt2", passes)
	if err := s.OpenSaved("../../tests/detector/detector.intermediates.safetensors"); err != nil {
		t.Fatal(err)
	}
	finish(t, s, "m1")
	return s
}

// post makes a request that is answered well.
func post[T any](t *testing.T, s *Server, path, body string) T {
	t.Helper()
	w := answered(s, request(s, http.MethodPost, path, body))
	var got T
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s (%v)", path, w.Code, w.Body, err)
	}
	return got
}

// TestCompare: w4 breaks the detector's projections; the list begins with what they made, and one operation is to blame.
func TestCompare(t *testing.T) {
	s := detector(t, "decompose,w4")
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"s1"}}`)
	finish(t, s, "c1")
	got := ask[pointList](t, s, "/api/compare/c1/points")
	if !got.Complete || len(got.Points) < 50 {
		t.Fatalf("got %d points, complete %v", len(got.Points), got.Complete)
	}
	if sum := got.Summary; sum.Seen != len(got.Points) || sum.Unseen != len(got.Unmatched) {
		t.Errorf("the summary of %d points and %d others is %+v", len(got.Points), len(got.Unmatched), sum)
	}
	for _, p := range got.Points[:5] {
		if !strings.HasPrefix(p.Module, "detector") || p.Mark != "■" || p.Node < 0 {
			t.Errorf("among the first is %+v", p)
		}
	}
	type pointDetail struct {
		Scores []score
		Local  *struct {
			Guilty  bool
			Problem string
		}
	}
	blamed := ""
	for _, p := range got.Points[:20] {
		if d := post[pointDetail](t, s, "/api/compare/c1/points/"+strconv.Itoa(p.Index)+"/local", "{}"); d.Local.Guilty {
			blamed = p.Module
			break
		}
	}
	if !strings.Contains(blamed, "projection") {
		t.Errorf("to blame is %q", blamed)
	}
	if again := ask[pointList](t, s, "/api/compare/c1/points"); !slices.ContainsFunc(again.Points, func(p pointInfo) bool { return p.Guilty }) {
		t.Error("the list does not say who is to blame")
	}

	first := "/api/compare/c1/points/" + strconv.Itoa(got.Points[0].Index)
	if d := ask[pointDetail](t, s, first); len(d.Scores) < 8 {
		t.Errorf("it has the scores %+v", d.Scores)
	}
	a, b, minus := ask[statsInfo](t, s, first+"/tested"), ask[statsInfo](t, s, first+"/reference"), ask[statsInfo](t, s, first+"/difference")
	if !slices.Equal(a.Shape, b.Shape) || minus.Mean == 0 || !near(a.Mean-b.Mean, minus.Mean) {
		t.Errorf("A %v, B %v, A-B %v", a.Mean, b.Mean, minus.Mean)
	}
}

func near(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

// TestOtherMetric: another metric orders the points anew, and preset and metric have to be known.
func TestOtherMetric(t *testing.T) {
	s := detector(t, "decompose")
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"s1"},"preset":"fp32"}`)
	finish(t, s, "c1")
	for _, p := range ask[pointList](t, s, "/api/compare/c1/points?metric=max-abs").Points {
		if p.Verdict != "green" {
			t.Errorf("%s is %s, %s", p.Name, p.Verdict, p.Text)
		}
	}
	for _, path := range []string{"/api/compare/c1/points?metric=best", "/api/compare/c2/points", "/api/compare/c1/points/999", "/api/compare/c1/points/0/sum"} {
		if w := answered(s, request(s, http.MethodGet, path, "")); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	for _, body := range []string{
		`{"tested":{"model":"s1"},"reference":{"model":"m1","backend":"interp"}}`, `{"tested":{"model":"m1","backend":"gpu"},"reference":{"model":"s1"}}`,
		`{"tested":{"model":"m9"},"reference":{"model":"s1"}}`, `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"s1"},"inputs":"r7"}`, `[]`,
	} {
		if w := answered(s, request(s, http.MethodPost, "/api/compare", body)); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s: got %d %s", body, w.Code, w.Body)
		}
	}
}

// TestPresetSoFar: what has come so far is judged as the whole will be.
func TestPresetSoFar(t *testing.T) {
	s := detector(t, "decompose,w4")
	open(t, s, "../../tests/detector/detector.pt2", "decompose")
	finish(t, s, "m2")
	g := gateOf(s)
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"m2","backend":"gated"}}`)
	<-g.called
	if got := ask[pointList](t, s, "/api/compare/c1/points"); got.Complete || got.Preset != "w4" {
		t.Errorf("before the end: complete %v, by the preset %s", got.Complete, got.Preset)
	}
	close(*g.gate.Load())
	finish(t, s, "c1")
	if got := ask[pointList](t, s, "/api/compare/c1/points"); !got.Complete || got.Preset != "w4" {
		t.Errorf("at the end: complete %v, by the preset %s", got.Complete, got.Preset)
	}
}

// TestSummary counts tensors inside kernels apart.
func TestSummary(t *testing.T) {
	s := detector(t, "@cpu")
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"cpu"},"reference":{"model":"s1"}}`)
	finish(t, s, "c1")
	got := ask[pointList](t, s, "/api/compare/c1/points")
	inside := 0
	for _, u := range got.Unmatched {
		if strings.HasPrefix(u.Reason, "inside kernel") {
			inside++
		}
	}
	if sum := got.Summary; inside == 0 || sum.Inside != inside || sum.Unseen <= inside {
		t.Errorf("of %d unmatched, %d of them inside kernels, the summary is %+v", len(got.Unmatched), inside, sum)
	}
}

// TestWordsOfPage: what the user of the page may do about an error is not said in flags.
func TestWordsOfPage(t *testing.T) {
	at := strings.Index(small, "  func @main")
	end := strings.Index(small, "  loc #1")
	again := strings.Replace(small[at:end], "@main", "@other", 1)
	s := opened(t, small[:end]+again+small[end:])
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"m1","backend":"interp"}}`)
	j := s.compares.get("c1").job
	<-j.ended
	if status, why := j.status(); status != failed || !strings.Contains(why, "choose one in the list Function") || strings.Contains(why, "--") {
		t.Errorf("%s: %s", status, why)
	}
}

// TestWordsOfRun: nor is what may be done about inputs that cannot be made.
func TestWordsOfRun(t *testing.T) {
	s := opened(t, `air 1
module @m {
  func @main(%x: tensor<[S]xf32>, %n: tensor<f32>) -> (%y: tensor<[S]xf32>) {
    dim S in 2..
    guard S-7919*(S//7919) == 0
    %y = tensor.add(%x, %n) : tensor<[S]xf32>
    core.return(%y)
  }
}
`)
	r, err := runOf(s, `{"model":"m1","func":"main","backend":"interp"}`, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if w := answered(s, r); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "choose other sources for its inputs: x: ") || strings.Contains(w.Body.String(), "--") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
