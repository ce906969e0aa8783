package debugger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
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
}

// timeline collects the stages of a module while passes run over it.
type timeline struct {
	job    *job
	keep   func(stage int, lines []string) // takes the text of each
	last   int                             // the stage that is the end; negative for none
	stages []stage
	start  time.Time
}

// errLast ends passes whose last stage is there.
var errLast = errors.New("the stage is there")

// hook notes the module after each pass.
func (t *timeline) hook() pass.Hook {
	return pass.Hook{
		Before: func(ctx *pass.Context, _ *ir.Module) error {
			t.job.step(ctx.Pass.Name, 0, 0)
			t.start = time.Now()
			return ctx.Err()
		},
		After: func(ctx *pass.Context, m *ir.Module) error {
			return cmp.Or(t.add(ctx.Pass.String(), m), ctx.Err())
		},
	}
}

// add notes a stage; its error is errLast, or none.
func (t *timeline) add(name string, m *ir.Module) error {
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
	t.keep(len(t.stages), strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"))
	t.stages = append(t.stages, s)
	if len(t.stages)-1 == t.last {
		return errLast
	}
	return nil
}

// lineBytes is what a line takes beside its letters: the newline, and the string of it alone.
const lineBytes = 17

// keepStage keeps the text of a stage while there is memory for it.
func (s *Server) keepStage(m *model, stage int, lines []string) {
	size := int64(0)
	for _, l := range lines {
		size += int64(len(l)) + lineBytes
	}
	s.stageTexts.put(place{m.job.ID, stage}, lines, size)
}

// stageTexts are the texts before a pass and after it.
type stageTexts struct{ before, after []string }

// textsAt gives the texts around a pass. Where they had to go for others, the passes run once more, as far as that.
func (s *Server) textsAt(ctx context.Context, m *model, at int) (stageTexts, error) {
	after, ok := s.stageTexts.get(place{m.job.ID, at})
	before, also := s.stageTexts.get(place{m.job.ID, at - 1})
	if ok && (also || at == 0) {
		return stageTexts{before, after}, nil
	}
	return look(ctx, s, &s.stageLooks, place{m.job.ID, at}, "text after "+m.stages[at].pass, m.job, func(ctx context.Context, j *job) (stageTexts, error) {
		var got stageTexts
		line := &timeline{job: j, last: at, keep: func(stage int, lines []string) {
			switch stage {
			case at - 1:
				got.before = lines
			case at:
				got.after = lines
			}
			s.keepStage(m, stage, lines)
		}}
		drop := func(string) {}
		_, err := s.load(ctx, m, line, drop, drop)
		if len(line.stages) > at { // it is what ended the passes
			err = nil
		}
		return got, err
	})
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

// history finds in each stage whose text is at hand the line that has the first tensor that an operation's results claim.
func (s *Server) history(m *model, op *ir.Op) []mention {
	at := slices.IndexFunc(op.Results, func(v *ir.Value) bool { return len(v.Claims) > 0 })
	if at < 0 {
		return nil
	}
	var list []mention
	tensor := op.Results[at].Claims[0].Tensor
	for i := range m.stages {
		lines, _ := s.stageTexts.get(place{m.job.ID, i})
		if n := slices.IndexFunc(lines, func(line string) bool { return claims(line, tensor) }); n >= 0 {
			list = append(list, mention{i, n, strings.TrimSpace(lines[n])})
		}
	}
	return list
}

// claims reports a line of a text in which a value claims a tensor: its name in quotes behind `is` or `approx`.
func claims(line, tensor string) bool {
	name := strconv.Quote(tensor)
	if !strings.Contains(line, name) {
		return false
	}
	spans, _ := air.line(line, "")
	before := ""
	for _, s := range spans {
		words := strings.Fields(before)
		if n := len(words); s == (span{quoted, name}) && n > 0 && (words[n-1] == "is" || words[n-1] == "approx") {
			return true
		}
		before += s[1]
	}
	return false
}

// hunk is a run of lines of two texts: kept ones, or those that one has instead of the other's.
type hunk struct {
	Change string   `json:"change"` // same, removed or added
	At     int      `json:"at"`     // the number of its first line in the text that has it, from 1
	Lines  [][]span `json:"lines"`
	Hidden int      `json:"hidden"` // lines of a long run that are left out
}

// changesInfo is what a pass changed.
type changesInfo struct {
	Stage int    `json:"stage"`
	Hunks []hunk `json:"hunks"`
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
	texts, err := s.textsAt(r.Context(), m, at)
	if err != nil {
		return nil, err
	}
	return changesInfo{at, hunks(texts.before, texts.after)}, nil
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
