package debugger

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiopt/aiopt/tools/sides"
)

// comparedTitles asks for a comparison with no more than the tested side, and gives the titles of both.
func comparedTitles(t *testing.T, s *Server, body string) (tested, reference string, points []pointInfo) {
	t.Helper()
	id := post[struct{ ID string }](t, s, "/api/compare", body).ID
	finish(t, s, id)
	got := ask[struct {
		Tested, Reference sideInfo
		Points            []pointInfo
	}](t, s, "/api/compare/"+id+"/points")
	return got.Tested.Title, got.Reference.Title, got.Points
}

// TestDefaultReference: it is saved values of the model, otherwise the model as it was exported, which is opened once.
func TestDefaultReference(t *testing.T) {
	s := served(t)
	open(t, s, "../../tests/detector/detector.pt2", "decompose,w4")
	finish(t, s, "m1")
	for range 2 {
		_, reference, points := comparedTitles(t, s, `{"tested":{"model":"m1","backend":"interp"}}`)
		if want := "detector.pt2 · decompose{composites=false} on interp"; reference != want || len(points) < 50 {
			t.Errorf("the reference is %s with %d points, expected %s", reference, len(points), want)
		}
	}
	if n := len(s.models.all()); n != 2 {
		t.Errorf("there are %d models, expected the tested one and its original", n)
	}
	if err := s.OpenSaved("../../tests/detector/detector.intermediates.safetensors"); err != nil {
		t.Fatal(err)
	}
	if _, reference, _ := comparedTitles(t, s, `{"tested":{"model":"m1","backend":"interp"}}`); reference != "detector.intermediates.safetensors" {
		t.Errorf("the reference is %s, expected the saved values", reference)
	}
	if _, reference, _ := comparedTitles(t, s, `{"tested":{"model":"m1","backend":"interp"},"reference":{"model":"m1","original":true}}`); !strings.Contains(reference, sides.Original) {
		t.Errorf("the reference is %s, expected the original", reference)
	}

	s = opened(t, small)
	if w := answered(s, request(s, http.MethodPost, "/api/compare", `{"tested":{"model":"m1","backend":"interp"}}`)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "small.air is not as PyTorch saved it") {
		t.Errorf("a model with no original: %d %s", w.Code, w.Body)
	}
}

// TestSources: each input says which source is its default, and runs take it.
func TestSources(t *testing.T) {
	s := servedWith(t, Options{Inputs: "../../tests/detector/inputs.safetensors"})
	open(t, s, "../../tests/detector/detector.pt2", "decompose")
	open(t, s, "../../examples/mlp/mlp.pt2", "decompose")
	finish(t, s, "m1")
	finish(t, s, "m2")
	from := func(model string) []sides.Source {
		var list []sides.Source
		for _, in := range ask[struct{ Inputs []inputInfo }](t, s, "/api/models/"+model+"/inputs").Inputs {
			list = append(list, in.From)
		}
		return list
	}
	if got := from("m1"); !slices.Equal(got, []sides.Source{sides.Given, sides.Given}) {
		t.Errorf("the detector's inputs are from %v", got)
	}
	if got := from("m2"); !slices.Equal(got, []sides.Source{sides.Export}) {
		t.Errorf("the inputs of a model that --inputs is not of are from %v", got)
	}
	if err := s.OpenSaved("../../tests/detector/detector.intermediates.safetensors"); err != nil {
		t.Fatal(err)
	}
	if got := from("m1"); !slices.Equal(got, []sides.Source{sides.Saved, sides.Saved}) {
		t.Errorf("with saved values the detector's inputs are from %v", got)
	}
	if got := from("m2"); !slices.Equal(got, []sides.Source{sides.Export}) {
		t.Errorf("with saved values of another model the inputs are from %v", got)
	}
	var means [2]float64
	for i, source := range []sides.Source{sides.Saved, sides.Given} {
		r, err := runForm(t, s, fmt.Sprintf(`{"name":"image","from":%q},{"name":"words","from":%q}`, source, source), nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if w := answered(s, r); w.Code != http.StatusOK {
			t.Fatalf("from %s: %d %s", source, w.Code, w.Body)
		}
		id := fmt.Sprintf("r%d", i+1)
		finish(t, s, id)
		means[i] = ask[stats](t, s, "/api/runs/"+id+"/values/0").Mean
	}
	if means[0] != means[1] || means[0] == 0 {
		t.Errorf("the images have the means %v", means)
	}
}

// TestOriginalOnce: comparisons that begin together open one original.
func TestOriginalOnce(t *testing.T) {
	s := served(t)
	open(t, s, "../../examples/mlp/mlp.pt2", "decompose")
	finish(t, s, "m1")
	m := s.models.get("m1")
	var asking sync.WaitGroup
	for range 16 {
		asking.Go(func() {
			if o, err := s.original(m); o == nil || err != nil {
				t.Errorf("found %v, %v", o, err)
			}
		})
	}
	asking.Wait()
	if n := len(s.models.all()); n != 2 {
		t.Errorf("there are %d models, expected the tested one and its original", n)
	}
}
