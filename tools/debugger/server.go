package debugger

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/aiopt/aiopt"
	"github.com/aiopt/aiopt/ir/host"
	"github.com/aiopt/aiopt/tools/compare"
	"github.com/aiopt/aiopt/tools/inputs"
)

//go:embed dist
var dist embed.FS

// Options say how models are opened and what runs may take.
type Options struct {
	Config Config            // what models of the command line are compressed by
	Inputs string            // a .safetensors file that runs may take their inputs from; may be empty
	Warn   func(line string) // takes what the user should know; nil drops it
}

// Server is the debugger of some models. It works until its context ends.
type Server struct {
	tk         *aiopt.Toolkit
	opt        Options
	token      string
	ticket     ticket
	addr       string // host and port
	jobs       *jobs
	mostUpload int64 // bytes of a request that may have files

	originals sync.Mutex // held while one is looked for and begun

	models   table[model]
	runs     table[run]
	compares table[comparison]
	saved    table[saved]

	given func() (*inputs.Given, error) // what the file of --inputs has

	memory      *budget
	runValues   *shelf[*host.Tensor]
	pointValues *shelf[pointValues]
	stageTexts  *shelf[[]string]

	valueLooks flights[place, *host.Tensor]
	pointLooks flights[place, pointValues]
	localLooks flights[place, *compare.Local]
	stageLooks flights[place, stageTexts]
}

// New makes a server that is not reachable yet. All that it does ends with the context.
func New(ctx context.Context, tk *aiopt.Toolkit, opt Options) *Server {
	if opt.Warn == nil {
		opt.Warn = func(string) {}
	}
	b := &budget{most: mostKept}
	return &Server{
		tk: tk, opt: opt, token: newToken(), jobs: newJobs(ctx), mostUpload: maxUpload, given: onceWell(func() (*inputs.Given, error) { return readGiven(opt.Inputs) }),
		memory: b, runValues: newShelf[*host.Tensor](b), pointValues: newShelf[pointValues](b), stageTexts: newShelf[[]string](b),
	}
}

// Listen takes a port of the loopback address, or a free one for 0.
func (s *Server) Listen(port int) (net.Listener, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d of this machine: %w; --port=0 takes a free one", port, err)
	}
	s.addr = l.Addr().String()
	return l, nil
}

// URL is the address of the page with the token that it needs.
func (s *Server) URL() string { return "http://" + s.addr + "/?token=" + s.token }

// Once is an address of the page that is good for one request, soon: arguments of programs are no secret on a machine of several people.
func (s *Server) Once() string { return "http://" + s.addr + "/?ticket=" + s.ticket.issue() }

// patience is how long the end waits for jobs to clean up behind them.
const patience = 3 * time.Second

// Serve answers until the server's context ends, which cancels all jobs, too.
func (s *Server) Serve(l net.Listener) error {
	ctx := s.jobs.ctx
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		_ = srv.Close()
	}()
	err := srv.Serve(l)
	s.jobs.end(patience)
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Handler answers requests for the address that Listen took.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range s.answers() {
		most := int64(maxAsk)
		if pattern == upload {
			most = s.mostUpload
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { respond(w, r, most, answer) })
	}
	mux.HandleFunc("GET /api/events", s.events)
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	mux.Handle("GET /", http.FileServerFS(files))
	return s.guard(mux)
}

// answer gives what a request is answered with: a picture, or what is sent as JSON.
type answer func(r *http.Request) (any, error)

// picture is a .png file.
type picture []byte

// upload is the request that may have files.
const upload = "POST /api/runs"

// maxAsk bounds other requests: the largest has the text of a configuration.
const maxAsk = 4 * maxConfig

// answers is the API but for its stream.
func (s *Server) answers() map[string]answer {
	return map[string]answer{
		"GET /api/about":                                                  s.about,
		"POST /api/models":                                                s.postModel,
		"GET /api/models/{model}":                                         s.getModel,
		"GET /api/models/{model}/tree":                                    s.getTree,
		"POST /api/models/{model}/scene":                                  s.postScene,
		"GET /api/models/{model}/op/{node}":                               s.getOp,
		"GET /api/models/{model}/kernel/{node}":                           s.getKernel,
		"GET /api/models/{model}/source/{file}":                           s.getSource,
		"GET /api/models/{model}/text":                                    s.getText,
		"GET /api/models/{model}/search":                                  s.getSearch,
		"GET /api/models/{model}/stages/{stage}":                          s.getStage,
		"GET /api/models/{model}/profile":                                 s.getProfile,
		"GET /api/models/{model}/inputs":                                  s.getInputs,
		upload:                                                            s.postRun,
		"GET /api/runs/{run}":                                             s.getRun,
		"GET /api/runs/{run}/values/{value}":                              s.getStats,
		"GET /api/runs/{run}/values/{value}/slice":                        s.getSlice,
		"POST /api/compare":                                               s.postCompare,
		"GET /api/compare/{comparison}/points":                            s.getPoints,
		"GET /api/compare/{comparison}/points/{point}":                    s.getPoint,
		"POST /api/compare/{comparison}/points/{point}/local":             s.postLocal,
		"GET /api/compare/{comparison}/points/{point}/{side}":             s.getTensorStats,
		"GET /api/models/{model}/funcs/{func}/constants/{node}":           s.getTensorStats,
		"GET /api/models/{model}/funcs/{func}/constants/{node}/slice":     s.getSlice,
		"GET /api/compare/{comparison}/points/{point}/{side}/slice":       s.getSlice,
		"GET /api/models/{model}/funcs/{func}/constants/{node}/image.png": s.getImage,
		"GET /api/runs/{run}/values/{value}/image.png":                    s.getImage,
		"GET /api/compare/{comparison}/points/{point}/{side}/image.png":   s.getImage,
		"DELETE /api/jobs/{job}":                                          s.cancelJob,
		"DELETE /api/models/{model}":                                      s.deleteModel,
		"DELETE /api/runs/{run}":                                          s.deleteRun,
		"DELETE /api/compare/{comparison}":                                s.deleteComparison,
	}
}

// problem is an error that says which status a request gets.
type problem struct {
	status int
	text   string
}

// Error is the text for the user.
func (p problem) Error() string { return p.text }

func badRequest(format string, args ...any) error {
	return problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return problem{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// readAsk reads the question of a request, which is JSON with what a text says.
func readAsk(r *http.Request, ask any, what string) error {
	err := json.NewDecoder(r.Body).Decode(ask)
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return badRequest("expected JSON with %s: %v", what, err)
}

// respond answers a request; a broken promise inside the program is an answer, too.
func respond(w http.ResponseWriter, r *http.Request, most int64, fn answer) {
	defer func() {
		if v := recover(); v != nil {
			writeError(w, problem{http.StatusInternalServerError, fmt.Sprintf("this is a bug in aiopt: %v\n%s", v, debug.Stack())})
		}
	}()
	if r.ContentLength > most { // nothing of it is read
		writeError(w, &http.MaxBytesError{Limit: most})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	got, err := fn(r)
	if err != nil {
		writeError(w, err)
		return
	}
	if data, ok := got.(picture); ok {
		write(w, http.StatusOK, "image/png", data)
		return
	}
	writeJSON(w, http.StatusOK, got)
}

func writeError(w http.ResponseWriter, err error) {
	p := problem{http.StatusBadRequest, err.Error()}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.Is(err, context.Canceled):
		p = problem{http.StatusConflict, "it was cancelled"}
	case errors.As(err, &large):
		p = problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request has more than %d MiB; write larger inputs to a file and name it with --inputs", large.Limit>>20)}
	}
	writeJSON(w, p.status, map[string]string{"error": p.text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written"}`)
	}
	write(w, status, "application/json", data)
}

func write(w http.ResponseWriter, status int, kind string, data []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(data) // a browser that has gone needs no answer
}
