package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/aiopt/aiopt/ir"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// showsColours reports a terminal whose user has not asked for plain text (no-color.org), and that is more than a teletype.
func showsColours(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

func (t *tool) paint(colour, text string) string {
	if !t.colour {
		return text
	}
	return colour + text + plain
}

// printError prints an error for people: what, where, and what to try. Errors that carry their own places print as
// they are.
func (t *tool) printError(err error) {
	text := strings.TrimRight(err.Error(), "\n")
	if ps, ok := ir.AsProblems(err); ok && len(ps) > 1 {
		text = fmt.Sprintf("%d problems:\n%s", len(ps), text)
	}
	if p, ok := asPanic(err); ok {
		text += "\nThis is a bug in aiopt. Please report it with the model and this text:\n" + string(p.Stack)
	}
	fmt.Fprintf(t.stderr, "%s %s\n", t.paint(red, t.name+":"), readable(text))
}

// readable clips long lines, keeping both ends, and shows control characters as a file's names may hold them by a mark.
func readable(text string) string {
	const keep = 1000
	var b strings.Builder
	for line := range strings.Lines(text) {
		if len(line) > 2*keep {
			line = line[:keep] + " ... " + line[len(line)-keep:]
		}
		b.WriteString(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				return unicode.ReplacementChar
			}
			return r
		}, strings.ToValidUTF8(line, "")))
	}
	return b.String()
}

func (t *tool) warn(format string, args ...any) {
	fmt.Fprintf(t.stderr, "%s %s\n", t.paint(yellow, "warning:"), readable(fmt.Sprintf(format, args...)))
}

// slow is how long something may take before a progress bar appears.
const slow = 2 * time.Second

// late prints a line where something takes longer than two seconds and there is no terminal, which has a bar.
func (t *tool) late(line string) (stop func()) {
	if t.tty {
		return func() {}
	}
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		select {
		case <-done:
		case <-time.After(slow):
			fmt.Fprintln(t.stderr, line)
		}
	})
	return func() { close(done); wait.Wait() }
}

// progress shows a bar for work that takes longer than two seconds, on a terminal only. One step may take longer than that: what
// was told before is shown then.
type progress struct {
	t     *tool
	start time.Time
	late  *time.Timer

	mu      sync.Mutex
	bar     *progressbar.ProgressBar
	current string
	told    bool
	what    string // of the last step
	done    int
	total   int
}

func (t *tool) newProgress() *progress {
	p := &progress{t: t, start: time.Now()}
	if t.tty {
		p.late = time.AfterFunc(slow, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.show()
		})
	}
	return p
}

func (p *progress) step(what string, done, total int) {
	if !p.t.tty {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told, p.what, p.done, p.total = true, what, done, total
	if time.Since(p.start) >= slow {
		p.show()
	}
}

// show draws what was told last.
func (p *progress) show() {
	if !p.told {
		return
	}
	if p.bar == nil || p.current != p.what {
		p.clear()
		p.current = p.what
		p.bar = progressbar.NewOptions(p.total, progressbar.OptionSetWriter(p.t.stderr), progressbar.OptionSetDescription(p.what),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
		_ = p.bar.RenderBlank() // a bar that cannot be drawn is no reason to stop
	}
	_ = p.bar.Set(p.done)
}

func (p *progress) finish() {
	if p.late == nil {
		return
	}
	p.late.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = false
	p.clear()
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
