package debugger

import (
	"cmp"
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/backend"
	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/passes/pass"
	"github.com/aiopt/aiopt/tools/sides"
)

// model is an opened model after its passes. Once its job is done it does not change.
type model struct {
	job    *job
	path   string
	passes string // as given or chosen; empty for none
	config Config // what it is compressed by after them
	module *ir.Module
	funcs  []*program
	files  *files
	stages []stage // the time-line: as it was read, and after each pass
	log    []string

	exported func() (*pt2.Archive, error) // the file as torch wrote it, opened once
	engines  engines
}

// Open begins to open a model of the command line, with its passes or, where it names none, those that a model needs to run. It is an
// error once the server has ended.
func (s *Server) Open(path, passes string) error {
	if passes == "" && filepath.Ext(path) == ".pt2" {
		passes = "@cpu"
	}
	_, err := s.start(path, passes, s.opt.Config)
	return err
}

// start begins to open a model.
func (s *Server) start(path, passes string, config Config) (*model, error) {
	m := &model{path: path, passes: strings.TrimSpace(passes), config: config, exported: onceWell(func() (*pt2.Archive, error) { return pt2.Open(path) })}
	m.job = &job{Kind: opening, Title: m.title()}
	return m, s.jobs.begin(m.job, func() { s.models.put(m.job.ID, m) }, func(ctx context.Context) error { return s.open(ctx, m) })
}

// title says what a model is: its file, and what became of it.
func (m *model) title() string {
	var done []string
	if m.passes != "" {
		done = append(done, m.passes)
	}
	if m.config.Text != "" {
		done = append(done, filepath.Base(m.config.Name))
	}
	title := filepath.Base(m.path)
	if len(done) > 0 {
		title += " · " + strings.Join(done, " + ")
	}
	return title
}

func (s *Server) open(ctx context.Context, m *model) error {
	line := &timeline{job: m.job, last: -1, keep: func(stage int, lines []string) { s.keepStage(m, stage, lines) }}
	warn := func(text string) {
		m.log = append(m.log, "warning: "+text)
		s.opt.Warn(text)
	}
	var err error
	if m.module, err = s.load(ctx, m, line, warn, func(text string) { m.log = append(m.log, text) }); err != nil {
		s.drop(m.job.ID)
		return err
	}
	m.stages = line.stages
	m.files = newFiles()
	for _, f := range m.module.Funcs {
		m.funcs = append(m.funcs, newProgram(m.module, f, m.files))
	}
	return nil
}

// load reads the file of a model and runs its passes, with the stages on a time-line.
func (s *Server) load(ctx context.Context, m *model, line *timeline, warn, report func(string)) (*ir.Module, error) {
	line.job.step("reading", 0, 0)
	module, err := s.tk.Load(m.path, aiopt.LoadOptions{Warn: warn})
	if err != nil {
		return nil, err
	}
	if err := line.add("as read", module); err != nil {
		return nil, err
	}
	given, err := s.given()
	if err != nil {
		return nil, err
	}
	return module, s.tk.Build(ctx, module, sides.WithConfig(m.passes, m.config.Name, module), aiopt.BuildOptions{
		Texts:       m.config.texts(),
		Calibration: sides.Calibration(module, given),
		Executor:    backend.Executor{Backend: s.tk.Backend("interp")},
		Hooks:       []pass.Hook{line.hook()},
		Report:      report,
		Progress:    line.job.step,
	})
}

// model finds an opened model.
func (s *Server) model(r *http.Request) (*model, error) { return s.modelOf(r.PathValue("model")) }

func (s *Server) modelOf(id string) (*model, error) {
	m := s.models.get(id)
	if m == nil {
		return nil, notFound("there is no model %q", id)
	}
	switch status, why := m.job.status(); status {
	case done:
		return m, nil
	case running:
		return nil, problem{http.StatusConflict, "the model is still being opened"}
	case gone:
		return nil, notFound("the model %q was given back", id)
	default:
		return nil, problem{http.StatusConflict, cmp.Or(why, "opening the model was cancelled")}
	}
}

// programOf is the model and the function that a request is about: that of its parameter, or the first one.
func (s *Server) programOf(r *http.Request) (*model, *program, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, nil, err
	}
	p, err := m.program(r.FormValue("func"))
	return m, p, err
}

func (m *model) program(name string) (*program, error) {
	for _, p := range m.funcs {
		if name == "" || p.fn.Name == name {
			return p, nil
		}
	}
	return nil, notFound("the model has no function %q", name)
}

// postModel opens a model again with other passes, and compresses it as a text says. Only files that the command line names are read or written.
func (s *Server) postModel(r *http.Request) (any, error) {
	var ask struct {
		Model, Passes, Config string
		ConfigName            string `json:"config_name"`
	}
	if err := readAsk(r, &ask, "model, passes, config and config_name"); err != nil {
		return nil, err
	}
	m := s.models.get(ask.Model)
	if m == nil {
		return nil, notFound("there is no model %q", ask.Model)
	}
	asked, err := s.tk.Passes.Parse(ask.Passes)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	given, err := s.tk.Passes.Parse(m.passes)
	if err != nil {
		return nil, err
	}
	for _, f := range asked.Files() {
		if !slices.Contains(given.Files(), f) {
			return nil, badRequest("%s names a file, and the page reads and writes none but those of the command line: start `aiopt debug -passes=...` with it", f)
		}
	}
	config, err := s.config(ask.Config, ask.ConfigName)
	if err != nil {
		return nil, err
	}
	again, err := s.start(m.path, ask.Passes, config)
	return begun{again.job.ID}, err
}

// modelInfo is what the page says of a model.
type modelInfo struct {
	ID         string         `json:"id"`
	File       string         `json:"file"`
	Name       string         `json:"name"`
	Passes     string         `json:"passes"`
	Config     string         `json:"config"`      // the text that it was compressed by; empty for none
	ConfigName string         `json:"config_name"` // where that is from
	Funcs      []functionInfo `json:"funcs"`
	Stages     []stageInfo    `json:"stages"`
	Log        []string       `json:"log"`
}

// functionInfo is what the page says of a function.
type functionInfo struct {
	Name    string     `json:"name"`
	Ops     int        `json:"ops"`
	Inputs  []portInfo `json:"inputs"`
	Outputs []portInfo `json:"outputs"`
}

type portInfo struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func (s *Server) getModel(r *http.Request) (any, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	var funcs []functionInfo
	for _, p := range m.funcs {
		sig := backend.SignatureOf(p.fn)
		f := functionInfo{Name: p.fn.Name, Ops: int(p.tree.Count[0])}
		for _, in := range sig.Inputs {
			f.Inputs = append(f.Inputs, portInfo{in.Value.Name, in.Value.Type.String()})
		}
		for _, out := range sig.Outputs {
			f.Outputs = append(f.Outputs, portInfo{out.Name, out.Type.String()})
		}
		funcs = append(funcs, f)
	}
	return modelInfo{m.job.ID, m.path, m.module.Name, m.passes, m.config.Text, m.config.Name, funcs, stageInfos(m.stages), m.log}, nil
}
