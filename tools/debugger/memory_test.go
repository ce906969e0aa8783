package debugger

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiopt/aiopt/tools/inputs"
)

// TestShelves: what was looked at longest ago goes first, from whichever shelf.
func TestShelves(t *testing.T) {
	b := &budget{most: 10}
	words, numbers := newShelf[string](b), newShelf[int](b)
	words.put(place{"r1", 1}, "a", 4)
	numbers.put(place{"r1", 1}, 7, 4)
	if got, ok := words.get(place{"r1", 1}); got != "a" || !ok {
		t.Fatalf("found %q, %v", got, ok)
	}
	words.put(place{"r2", 1}, "b", 4)
	words.put(place{"r2", 2}, "too large", 11)
	for _, c := range []struct {
		name  string
		found bool
		want  bool
	}{
		{"looked at before the last one came", has(words, place{"r1", 1}), true},
		{"the oldest", has(numbers, place{"r1", 1}), false},
		{"the newest", has(words, place{"r2", 1}), true},
		{"larger than all of it", has(words, place{"r2", 2}), false},
	} {
		if c.found != c.want {
			t.Errorf("%s: found %v, expected %v", c.name, c.found, c.want)
		}
	}
	words.put(place{"r2", 1}, "c", 6)
	if got, _ := words.get(place{"r2", 1}); got != "c" || b.used != 10 {
		t.Errorf("found %q, %d bytes used", got, b.used)
	}
	if got := words.held("r1"); got != 4 || words.held("r2") != 6 || numbers.held("r1") != 0 {
		t.Errorf("r1 holds %d and %d bytes, r2 %d", got, numbers.held("r1"), words.held("r2"))
	}
	words.drop("r2")
	words.remove(place{"r1", 1})
	if b.used != 0 || len(words.bytes) != 0 || len(numbers.bytes) != 0 || b.order.Len() != 0 || has(words, place{"r2", 1}) {
		t.Errorf("at the end %d bytes are used, by %d things", b.used, b.order.Len())
	}
}

func has[V any](s *shelf[V], at place) bool {
	_, ok := s.get(at)
	return ok
}

// TestNothingKept: with no memory at all, values and texts are the same, computed again.
func TestNothingKept(t *testing.T) {
	var answers [2][]string
	for i, most := range []int64{mostKept, 0} {
		s := opened(t, small)
		s.drop("m1")
		s.memory.most = most
		post[any](t, s, "/api/models", `{"model":"m1","passes":"dce,cse"}`)
		finish(t, s, "m2")
		r, err := runForm(t, s, `{"name":"x","from":"values","text":"1 -2 3 4 5 -6"}`, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		answered(s, r)
		finish(t, s, "r1")
		for _, path := range []string{"/api/models/m2/stages/0", "/api/models/m2/stages/2", "/api/runs/r1/values/2/slice", "/api/runs/r1/values/3/slice"} {
			w := answered(s, request(s, http.MethodGet, path, ""))
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
			answers[i] = append(answers[i], w.Body.String())
		}
		if s.memory.used > most {
			t.Errorf("%d bytes are used, allowed are %d", s.memory.used, most)
		}
	}
	if !slices.Equal(answers[0], answers[1]) {
		t.Errorf("with memory\n%s\nwithout\n%s", answers[0], answers[1])
	}
}

// TestDelete: a model takes its runs and comparisons along, whatever they are doing, and its programs are closed.
func TestDelete(t *testing.T) {
	s, g := compared(t)
	r, err := runForm(t, s, `{"name":"x"}`, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	answered(s, r)
	finish(t, s, "r1")
	post[any](t, s, "/api/compare", `{"tested":{"model":"m1","backend":"gated"},"reference":{"model":"m1","backend":"interp"}}`)
	<-g.called // the comparison c2 waits
	looks := asked(s, request(s, http.MethodGet, "/api/compare/c1/points/0/tested", ""))
	<-g.called

	if w := answered(s, request(s, http.MethodDelete, "/api/models/m1", "")); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := <-looks; w.Code != http.StatusConflict {
		t.Errorf("a look at it: %d %s", w.Code, w.Body)
	}
	s.jobs.group.Wait()
	if s.memory.used != 0 || g.open.Load() != 0 {
		t.Errorf("%d bytes and %d programs are left", s.memory.used, g.open.Load())
	}
	for _, path := range []string{"/api/models/m1", "/api/runs/r1", "/api/compare/c1/points", "/api/compare/c2/points"} {
		if w := answered(s, request(s, http.MethodGet, path, "")); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w := answered(s, request(s, http.MethodDelete, strings.TrimSuffix(path, "/points"), "")); w.Code != http.StatusNotFound {
			t.Errorf("deleting %s again: %d %s", path, w.Code, w.Body)
		}
	}
	list, _, _ := s.jobs.since(0)
	ends := map[string]string{}
	for _, j := range list {
		ends[j.ID] = j.Status
	}
	for _, id := range []string{"m1", "r1", "c1", "c2"} {
		if ends[id] != gone {
			t.Errorf("who watches is told of %s that it is %s", id, ends[id])
		}
	}
}

// TestDeleteParts: a run and a comparison can be given back alone.
func TestDeleteParts(t *testing.T) {
	s, g := compared(t)
	close(*g.gate.Load())
	ask[any](t, s, "/api/compare/c1/points/0/tested")
	before := s.memory.used
	if w := answered(s, request(s, http.MethodDelete, "/api/compare/c1", "")); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.jobs.group.Wait()
	if s.memory.used >= before || s.compares.get("c1") != nil || s.models.get("m1") == nil {
		t.Errorf("%d bytes of %d are left", s.memory.used, before)
	}
}

// TestOpenedOnce: the files that inputs come from are not opened for each request.
func TestOpenedOnce(t *testing.T) {
	dir := t.TempDir()
	model, given := filepath.Join(dir, "mlp.pt2"), filepath.Join(dir, "in.safetensors")
	data, err := os.ReadFile("../../examples/mlp/mlp.pt2")
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{model: data, given: tensors(t)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := servedWith(t, Options{Inputs: given})
	open(t, s, model, "")
	finish(t, s, "m1")
	first := answered(s, request(s, http.MethodGet, "/api/models/m1/inputs", "")).Body.String()
	for _, path := range []string{model, given} {
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
	}
	if again := answered(s, request(s, http.MethodGet, "/api/models/m1/inputs", "")).Body.String(); again != first || !strings.Contains(first, `"export":true`) {
		t.Errorf("first %s\nthen %s", first, again)
	}
}

// TestGivenAgain: a file of --inputs that could not be read is read again, and that it could not is said.
func TestGivenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.safetensors")
	s := servedWith(t, Options{Inputs: path})
	if _, err := s.given(); err == nil {
		t.Fatal("a file that is not there is read")
	}
	if err := os.WriteFile(path, tensors(t), 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := s.given()
	if err != nil {
		t.Fatalf("once it is there: %v", err)
	}
	if again, _ := s.given(); again != first {
		t.Error("it is read again after that")
	}
	s = opened(t, small)
	s.given = func() (*inputs.Given, error) { return nil, errors.New("it is away") }
	if w := answered(s, request(s, http.MethodGet, "/api/models/m1/inputs", "")); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "the file of --inputs: it is away") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestStageAgain: for a text that is gone no pass behind it runs.
func TestStageAgain(t *testing.T) {
	s := opened(t, small)
	post[any](t, s, "/api/models", `{"model":"m1","passes":"dce,cse,dce"}`)
	finish(t, s, "m2")
	want := answered(s, request(s, http.MethodGet, "/api/models/m2/stages/1", "")).Body.String()
	for at, kept := range []int{1, 2, 3, 4} {
		s.drop("m2")
		w := answered(s, request(s, http.MethodGet, fmt.Sprintf("/api/models/m2/stages/%d", at), ""))
		if w.Code != http.StatusOK || at == 1 && w.Body.String() != want {
			t.Errorf("stage %d: %d %s", at, w.Code, w.Body)
		}
		made := 0
		for place := range s.stageTexts.items {
			if place.of == "m2" {
				made++
			}
		}
		if made != kept {
			t.Errorf("for stage %d the texts of %d stages are made", at, made)
		}
	}
}
