package debugger

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/text"
	"github.com/aiopt/aiopt/passes/pass"
)

// stage is the module at a point of its pipeline.
type stage struct {
	pass   string
	took   time.Duration
	ops    int
	claims int
	lost   int
	lines  []string
}

// timeline collects the stages of a module while passes run over it.
type timeline struct {
	stages []stage
	start  time.Time
}

func newTimeline() *timeline { return &timeline{} }

// hook notes the module after each pass.
func (t *timeline) hook(j *job) pass.Hook {
	return pass.Hook{
		Before: func(ctx *pass.Context, _ *ir.Module) error {
			j.step(ctx.Pass.Name, 0, 0)
			t.start = time.Now()
			return ctx.Err()
		},
		After: func(ctx *pass.Context, m *ir.Module) error {
			t.add(ctx.Pass.String(), m)
			return ctx.Err()
		},
	}
}

func (t *timeline) add(name string, m *ir.Module) {
	s := stage{pass: name, lost: len(m.Lost)}
	if !t.start.IsZero() {
		s.took = time.Since(t.start)
	}
	m.Walk(func(op *ir.Op) {
		s.ops++
		for _, v := range op.Results {
			s.claims += len(v.Claims)
		}
	})
	var b bytes.Buffer
	if err := text.Print(&b, m, text.Options{Inline: -1}); err != nil { // a buffer takes everything
		b.WriteString("// " + err.Error())
	}
	s.lines = strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	t.stages = append(t.stages, s)
}

type stageInfo struct {
	Pass   string  `json:"pass"`
	Millis float64 `json:"millis"`
	Ops    int     `json:"ops"`
	Claims int     `json:"claims"`
	Lost   int     `json:"lost"`
}

func stageInfos(list []stage) []stageInfo {
	out := []stageInfo{}
	for _, s := range list {
		out = append(out, stageInfo{s.pass, float64(s.took.Microseconds()) / 1000, s.ops, s.claims, s.lost})
	}
	return out
}

// mention is what a stage has of a tensor: the line of the value that claims it.
type mention struct {
	Stage int    `json:"stage"`
	Line  int    `json:"line"` // from 0
	Text  string `json:"text"`
}

// history finds in each stage the line that has the first tensor that an operation's results claim.
func history(stages []stage, op *ir.Op) []mention {
	var list []mention
	for _, v := range op.Results {
		if len(v.Claims) == 0 {
			continue
		}
		claim := fmt.Sprintf(" is %q", v.Claims[0].Tensor)
		for i, s := range stages {
			for at, line := range s.lines {
				if strings.Contains(line, claim) {
					list = append(list, mention{i, at, strings.TrimSpace(line)})
					break
				}
			}
		}
		return list
	}
	return list
}

// hunk is a run of lines of two texts: kept ones, or those that one has instead of the other's.
type hunk struct {
	Change string   `json:"change"` // same, removed or added
	At     int      `json:"at"`     // the number of its first line in the text that has it, from 1
	Lines  [][]span `json:"lines"`
	Hidden int      `json:"hidden"` // lines of a long run that are left out
}

// getStage gives what a pass changed in the text. With around=N, N lines around changes are given, too.
func (s *Server) getStage(r *http.Request) (any, error) {
	m, err := s.model(r)
	if err != nil {
		return nil, err
	}
	at, err := strconv.Atoi(r.PathValue("stage"))
	if err != nil || at < 0 || at >= len(m.stages) {
		return nil, notFound("the model has no stage %q", r.PathValue("stage"))
	}
	var before []string
	if at > 0 {
		before = m.stages[at-1].lines
	}
	return map[string]any{"stage": at, "hunks": hunks(before, m.stages[at].lines)}, nil
}

// What is shown of long runs of lines.
const (
	around   = 3   // kept lines on both sides of a change
	mostShow = 400 // lines of one change
)

// hunks shows the difference of two texts.
func hunks(before, after []string) []hunk {
	list := []hunk{}
	for _, e := range diff(flush(before), flush(after)) {
		switch {
		case e.keep > 2*around:
			list = append(list,
				hunk{"same", e.b + 1, highlight(air, after[e.b:e.b+around], 0, around), 0},
				hunk{Change: "same", At: e.b + around + 1, Lines: [][]span{}, Hidden: e.keep - 2*around},
				hunk{"same", e.b + e.keep - around + 1, highlight(air, after[e.b+e.keep-around:e.b+e.keep], 0, around), 0})
		case e.keep > 0:
			list = append(list, hunk{"same", e.b + 1, highlight(air, after[e.b:e.b+e.keep], 0, e.keep), 0})
		}
		list = appendChange(list, "removed", before, e.a+e.keep, e.removed)
		list = appendChange(list, "added", after, e.b+e.keep, e.added)
	}
	return list
}

// flush gives lines without what indents them: an operation that went into a body is the same.
func flush(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimLeft(l, " ")
	}
	return out
}

func appendChange(list []hunk, change string, lines []string, at, n int) []hunk {
	if n == 0 {
		return list
	}
	shown := min(n, mostShow)
	return append(list, hunk{change, at + 1, highlight(air, lines[at:at+shown], 0, shown), n - shown})
}
