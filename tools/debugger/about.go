package debugger

import (
	"net/http"
	"runtime"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/backend/cpu/native"
	gpu "github.com/aiopt/aiopt/backend/metal/runtime"
	"github.com/aiopt/aiopt/tools/metric"
)

// aboutInfo is what the page needs before anything else.
type aboutInfo struct {
	Version   string       `json:"version"`
	Backends  []string     `json:"backends"` // that this machine can have
	Pipelines []choiceInfo `json:"pipelines"`
	Inputs    string       `json:"inputs"` // the file of --inputs
	Config    string       `json:"config"` // the text of --config
	Metrics   []metricInfo `json:"metrics"`
	Presets   []choiceInfo `json:"presets"`
	Saved     []sideInfo   `json:"saved"`
}

// choiceInfo is a pipeline or a preset that the page offers.
type choiceInfo struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

func (s *Server) about(*http.Request) (any, error) {
	info := aboutInfo{Version: aiopt.Version(), Inputs: s.opt.Inputs, Config: s.opt.Config.Text, Saved: s.savedSides()}
	for _, b := range s.tk.Backends {
		if usable(b) {
			info.Backends = append(info.Backends, b.Name())
		}
	}
	s.tk.Passes.Pipelines(func(name, doc, _ string) { info.Pipelines = append(info.Pipelines, choiceInfo{"@" + name, doc}) })
	for _, m := range metric.Metrics() {
		info.Metrics = append(info.Metrics, infoOf(m))
	}
	for _, p := range metric.Presets() {
		info.Presets = append(info.Presets, choiceInfo{p.Name, p.Doc})
	}
	return info, nil
}

// usable reports an engine that this machine can have.
func usable(b backend.Backend) bool {
	switch b := b.(type) {
	case native.Backend:
		return b.Available() == nil // it needs LLVM
	case gpu.Backend:
		return runtime.GOOS == "darwin"
	}
	return true
}
