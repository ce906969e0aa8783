package debugger

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// w4 is a configuration of 4 bits for all weights.
const w4 = `quantization_config:
  global_config:
    op_input_spec: null
    op_output_spec: null
    op_state_spec:
      weight: {dtype: int4, granularity: {type: per_channel}}
`

// without is w4 that leaves a module alone.
const without = w4 + `  module_name_configs:
    detector: null
`

// reopened opens the model m1 again as a configuration says, and compares it with what PyTorch computed.
func reopened(t *testing.T, s *Server, config, name, model, comparison string) pointList {
	t.Helper()
	body, err := json.Marshal(map[string]string{"model": "m1", "passes": "decompose", "config": config, "config_name": name})
	if err != nil {
		t.Fatal(err)
	}
	post[any](t, s, "/api/models", string(body))
	finish(t, s, model)
	post[any](t, s, "/api/compare", `{"tested":{"model":"`+model+`","backend":"interp"},"reference":{"model":"s1"},"preset":"w4"}`)
	finish(t, s, comparison)
	return ask[pointList](t, s, "/api/compare/"+comparison+"/points")
}

// TestStory: 4 bits break the detector; a configuration that leaves it out mends it, from a text that is in no file.
func TestStory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w4.yaml")
	if err := os.WriteFile(path, []byte(w4), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	s := served(t)
	s.opt.Config = config
	open(t, s, "../../tests/detector/detector.pt2", "decompose")
	if err := s.OpenSaved("../../tests/detector/detector.intermediates.safetensors"); err != nil {
		t.Fatal(err)
	}
	finish(t, s, "m1")
	if about := ask[struct{ Config string }](t, s, "/api/about"); about.Config != w4 {
		t.Errorf("the page is told of the configuration %q", about.Config)
	}

	red := map[string]bool{} // in the detector
	for _, p := range reopened(t, s, w4, "", "m2", "c1").Points {
		if p.Mark == "■" {
			red[strings.SplitN(p.Module, ".", 2)[0]] = true
		}
	}
	if !red["detector"] || len(red) != 1 {
		t.Errorf("with 4 bits everywhere red is in %v, expected the detector", red)
	}
	for _, p := range reopened(t, s, without, "w4.yaml without detector", "m3", "c2").Points {
		if p.Mark == "■" {
			t.Errorf("without the detector %s in %s is red, %s", p.Name, p.Module, p.Text)
		}
	}
	type modelInfo struct {
		Config string
		Name   string `json:"config_name"`
	}
	for id, want := range map[string]struct{ title, text string }{
		"m1": {"detector.pt2 · decompose + w4.yaml", w4}, "m2": {"detector.pt2 · decompose + w4.yaml", w4}, "m3": {"detector.pt2 · decompose + w4.yaml without detector", without},
	} {
		if title := s.models.get(id).job.Title; title != want.title {
			t.Errorf("%s is called %s, expected %s", id, title, want.title)
		}
		if got := ask[modelInfo](t, s, "/api/models/"+id); got.Config != want.text {
			t.Errorf("%s was compressed by %q", id, got.Config)
		}
	}
}

// TestCalibration: what a recipe needs to know of activations comes from --inputs.
func TestCalibration(t *testing.T) {
	const activations = `quantization_config:
  global_config:
    op_state_spec:
      weight: {dtype: int8, granularity: {type: per_channel}}
`
	for given, want := range map[string]string{"": failed, "../../tests/detector/inputs.safetensors": done, "../../examples/mlp/input.safetensors": failed} {
		s := servedWith(t, Options{Inputs: given})
		s.opt.Config = Config{"w8a8.yaml", activations}
		open(t, s, "../../tests/detector/detector.pt2", "decompose")
		<-s.models.get("m1").job.ended
		status, why := s.models.get("m1").job.status()
		if status != want || want == failed && !strings.Contains(why, "calibration data") {
			t.Errorf("with --inputs=%s: %s %s", given, status, why)
		}
	}
}

// TestConfigMistakes: the answer has the place of each, and a pipeline names no file of this machine beside it.
func TestConfigMistakes(t *testing.T) {
	s := opened(t, small)
	for _, c := range []struct{ passes, config, want string }{
		{"dce", "quantization_config:\n  global_confi: null\n", "the page's configuration:2:3: "},
		{"dce", "quantization_config: [", "the page's configuration:1:"},
		{"dce", "a: 1", "a"},
		{"dce", strings.Repeat("# long\n", maxConfig/7+1), "at most 1 MiB"},
		{`compress{config="the page's configuration"}`, w4, "names a file"},
	} {
		body, err := json.Marshal(map[string]string{"model": "m1", "passes": c.passes, "config": c.config})
		if err != nil {
			t.Fatal(err)
		}
		w := answered(s, request(s, http.MethodPost, "/api/models", string(body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%.40q: %d %.200s, expected %s", c.config, w.Code, w.Body, c.want)
		}
	}
	if _, err := ReadConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there is read")
	}
}
