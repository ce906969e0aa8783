package debugger

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// The states of a job.
const (
	running   = "running"
	done      = "done"
	failed    = "failed"
	cancelled = "cancelled"
	gone      = "gone" // it was given back, and nothing of its name is left
)

// kind is what a job does.
type kind string

// The kinds of jobs.
const (
	opening   kind = "model"
	calling   kind = "run"
	comparing kind = "compare"
	looking   kind = "look" // computing what a request looks at
)

// kindInfo is how jobs of a kind are called.
type kindInfo struct {
	letter string // begins their names
	path   string // of the requests that are about one, before its name; DELETE ends it and gives back what it holds
}

func kinds() map[kind]kindInfo {
	return map[kind]kindInfo{
		opening:   {"m", "/api/models/"},
		calling:   {"r", "/api/runs/"},
		comparing: {"c", "/api/compare/"},
		looking:   {"l", "/api/jobs/"},
	}
}

// job is long work that the user may watch and cancel.
type job struct {
	ID     string `json:"id"`
	Kind   kind   `json:"kind"`
	Title  string `json:"title"`
	Model  string `json:"model,omitempty"` // that a run, a comparison or a look is of
	Path   string `json:"path"`            // DELETE of it ends the job and gives back what it holds
	Status string `json:"status"`
	What   string `json:"what"` // it does now
	Done   int    `json:"done"`
	Total  int    `json:"total"`
	Error  string `json:"error,omitempty"`

	version uint64        // of the last change
	hidden  bool          // it has not taken long enough to be told of
	of      []string      // the jobs of which the end of each is the end of this one
	ended   chan struct{} // closed at the end of its work
	ctx     context.Context
	cancel  context.CancelFunc
	jobs    *jobs
}

// begun is the answer of a request that begins a job.
type begun struct {
	ID string `json:"id"`
}

// jobs are all of them, in the order in which they began, and who watches them.
type jobs struct {
	ctx    context.Context // that all end with
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool // nothing begins any more
	list    []*job
	left    []job // the newest of those that are gone, for who watches
	count   map[kind]int
	version uint64
	changed chan struct{} // closed at the next change
	group   sync.WaitGroup
}

func newJobs(ctx context.Context) *jobs {
	js := &jobs{count: map[kind]int{}, changed: make(chan struct{})}
	js.ctx, js.cancel = context.WithCancel(ctx)
	return js
}

// begin enters a job and begins its work. The work's error is shown to the user; a panic in it is one. What publish tells of the job
// is told before anybody can give it back, and not at all where it may not begin.
func (js *jobs) begin(j *job, publish func(), work func(context.Context) error) error {
	if err := js.enter(js.ctx, j, publish); err != nil {
		return err
	}
	go func() {
		defer js.group.Done()
		_ = j.perform(work) // the job has it
	}()
	return nil
}

// enter gives a job its name and its place, unless one that it is of is gone. The caller performs it and then leaves the group.
func (js *jobs) enter(ctx context.Context, j *job, publish func()) error {
	js.mu.Lock()
	defer js.mu.Unlock()
	if js.closed {
		return problem{http.StatusServiceUnavailable, "the debugger has ended"}
	}
	for _, id := range j.of {
		if !slices.ContainsFunc(js.list, func(x *job) bool { return x.ID == id }) {
			return notFound("%s was given back meanwhile", id)
		}
	}
	js.group.Add(1)
	js.count[j.Kind]++
	named := kinds()[j.Kind]
	j.ID = fmt.Sprintf("%s%d", named.letter, js.count[j.Kind])
	j.Path = named.path + j.ID
	j.Status, j.jobs, j.ended = running, js, make(chan struct{})
	j.ctx, j.cancel = context.WithCancel(ctx)
	js.list = append(js.list, j)
	js.touch(j)
	publish()
	return nil
}

// unnoticed is how long a look takes before it is told of.
const unnoticed = 300 * time.Millisecond

// look does what a request waits for. It becomes a job of the list when it takes long, and is gone at its end: its result, or its
// error, is the answer of the request.
func (js *jobs) look(ctx context.Context, title string, of *job, work func(context.Context, *job) error) error {
	j := &job{Kind: looking, Title: title, Model: of.Model, of: []string{of.ID}, hidden: true}
	if of.Kind == opening {
		j.Model = of.ID
	}
	if err := js.enter(ctx, j, func() {}); err != nil {
		return err
	}
	defer js.group.Done()
	notice := time.AfterFunc(unnoticed, func() { j.update(func() { j.hidden = false }) })
	err := j.perform(func(ctx context.Context) error { return work(ctx, j) })
	notice.Stop()
	js.remove(j.ID)
	return err
}

// perform does the work of a job.
func (j *job) perform(work func(context.Context) error) error {
	defer close(j.ended)
	defer j.cancel()
	err := guarded(func() error { return work(j.ctx) })
	j.update(func() {
		switch {
		case err == nil:
			j.Status = done
		case j.ctx.Err() != nil:
			j.Status = cancelled
		default:
			j.Status, j.Error = failed, err.Error()
		}
		j.What = ""
	})
	return err
}

// guarded makes an error of a broken promise inside the program.
func guarded(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("this is a bug in aiopt: %v\n%s", v, debug.Stack())
		}
	}()
	return fn()
}

// end cancels all jobs, and lets no other begin. It returns when they have ended, or after a while: not all that runs looks at its context.
func (js *jobs) end(most time.Duration) {
	js.mu.Lock()
	js.closed = true
	js.mu.Unlock()
	js.cancel()
	ended := make(chan struct{})
	go func() {
		js.group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(most):
	}
}

func (js *jobs) touch(j *job) {
	if j.hidden {
		return
	}
	js.version++
	j.version = js.version
	close(js.changed)
	js.changed = make(chan struct{})
}

// update changes a job and tells who watches.
func (j *job) update(change func()) {
	j.jobs.mu.Lock()
	defer j.jobs.mu.Unlock()
	if j.Status != running { // what has ended stays as it was
		return
	}
	change()
	j.jobs.touch(j)
}

// step tells how far a job is.
func (j *job) step(what string, done, total int) {
	j.update(func() { j.What, j.Done, j.Total = what, done, total })
}

// status is the job's state, and its error.
func (j *job) status() (status, err string) {
	j.jobs.mu.Lock()
	defer j.jobs.mu.Unlock()
	return j.Status, j.Error
}

// since gives copies of the jobs that changed after a version, that of now, and what is closed at the next change.
func (js *jobs) since(version uint64) (list []job, now uint64, changed <-chan struct{}) {
	js.mu.Lock()
	defer js.mu.Unlock()
	for i := range js.left {
		if js.left[i].version > version {
			list = append(list, js.left[i])
		}
	}
	for _, j := range js.list {
		if !j.hidden && j.version > version {
			list = append(list, *j)
		}
	}
	return list, js.version, js.changed
}

// stop cancels a job; it reports whether there is one of that name.
func (js *jobs) stop(id string) bool {
	js.mu.Lock()
	defer js.mu.Unlock()
	for _, j := range js.list {
		if j.ID == id {
			j.cancel()
			return true
		}
	}
	return false
}

// mostLeft bounds how many jobs that are gone who watches is told of: enough for all that happens between two looks at the list.
const mostLeft = 256

// remove cancels a job, with those that are of it, and takes them out of the list. It gives those that it took.
func (js *jobs) remove(id string) []*job {
	js.mu.Lock()
	defer js.mu.Unlock()
	var out []*job
	js.list = slices.DeleteFunc(js.list, func(j *job) bool { // what is of a job comes behind it
		ofTaken := slices.ContainsFunc(out, func(x *job) bool { return slices.Contains(j.of, x.ID) })
		if j.ID != id && !ofTaken {
			return false
		}
		j.cancel()
		j.Status, j.What = gone, ""
		js.touch(j)
		if !j.hidden {
			js.left = append(js.left, *j)
		}
		out = append(out, j)
		return true
	})
	js.left = js.left[max(len(js.left)-mostLeft, 0):]
	return out
}

// afterwards does what is no job, with the end waiting for it; not once all ends.
func (js *jobs) afterwards(work func()) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if !js.closed {
		js.group.Go(work)
	}
}

// pause is how long changes are gathered before the page is told.
const pause = 50 * time.Millisecond
