package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
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

// progress shows a bar for work that takes longer than two seconds, on a terminal only.
type progress struct {
	t       *tool
	start   time.Time
	bar     *progressbar.ProgressBar
	current string
}

func (t *tool) newProgress() *progress { return &progress{t: t, start: time.Now()} }

func (p *progress) step(what string, done, total int) {
	if !p.t.tty || time.Since(p.start) < slow {
		return
	}
	if p.bar == nil || p.current != what {
		p.finish()
		p.current = what
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.t.stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
