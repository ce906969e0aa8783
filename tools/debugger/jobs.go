package debugger

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// The states of a job.
const (
	running   = "running"
	done      = "done"
	failed    = "failed"
	cancelled = "cancelled"
)

// job is long work that the user may watch and cancel: opening a model, running it, comparing.
type job struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Model  string `json:"model,omitempty"` // that a run or a comparison is of
	Status string `json:"status"`
	What   string `json:"what"` // it does now
	Done   int    `json:"done"`
	Total  int    `json:"total"`
	Error  string `json:"error,omitempty"`

	version uint64 // of the last change
	ctx     context.Context
	cancel  context.CancelFunc
	jobs    *jobs
}

// jobs are all of them, in the order in which they began, and who watches them.
type jobs struct {
	mu      sync.Mutex
	ctx     context.Context
	list    []*job
	version uint64
	changed chan struct{} // closed at the next change
	group   sync.WaitGroup
}

func newJobs() *jobs { return &jobs{ctx: context.Background(), changed: make(chan struct{})} }

// begin makes jobs end with a context.
func (js *jobs) begin(ctx context.Context) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.ctx = ctx
}

// add makes a job that has not begun; run does.
func (js *jobs) add(prefix, title, model string) *job {
	js.mu.Lock()
	defer js.mu.Unlock()
	n := 1
	for _, j := range js.list {
		if j.ID[:1] == prefix {
			n++
		}
	}
	j := &job{ID: fmt.Sprintf("%s%d", prefix, n), Title: title, Model: model, Status: running, jobs: js}
	j.ctx, j.cancel = context.WithCancel(js.ctx)
	js.list = append(js.list, j)
	js.touch(j)
	return j
}

// run begins the work of a job. Its error is shown to the user; a panic in it is one.
func (j *job) run(work func(context.Context) error) {
	j.jobs.group.Add(1)
	go func() {
		defer j.jobs.group.Done()
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
	}()
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

// wait returns when all jobs have ended, or after a while: not all that runs looks at its context.
func (js *jobs) wait(most time.Duration) {
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
	js.version++
	j.version = js.version
	close(js.changed)
	js.changed = make(chan struct{})
}

// update changes a job and tells who watches.
func (j *job) update(change func()) {
	j.jobs.mu.Lock()
	defer j.jobs.mu.Unlock()
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
	for _, j := range js.list {
		if j.version > version {
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

// pause is how long changes are gathered before the page is told.
const pause = 50 * time.Millisecond
