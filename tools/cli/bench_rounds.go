package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// peaksCommand asks for the machine's peaks between rounds.
const peaksCommand = "peaks"

// roundResult is the answer to a line with seconds.
type roundResult struct {
	Latency []float64 `json:"latency_ms"`
}

// peaksResult is the answer to peaksCommand; 0 is what is not known.
type peaksResult struct {
	MulAdds float64 `json:"gflops"` // of multiply-adds, each counted as two
	Read    float64 `json:"read_gb_per_s"`
}

// serve measures whenever standard input asks for it, until that ends: so other programs can be measured in between.
func (b *benchRun) serve(ctx context.Context, r *benchResult) error {
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	b.watch.Pause(true)
	answer := func(v any) error {
		data, err := json.Marshal(v)
		if err == nil {
			_, err = fmt.Fprintf(b.stdout, "%s\n", data)
		}
		return err
	}
	if err := answer(map[string]float64{"ready_ms": r.Load + r.Compile + milliseconds(b.first)}); err != nil {
		return err
	}
	lines, failed := b.requests(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-lines:
			if !ok {
				if err := <-failed; err != nil {
					return fmt.Errorf("reading standard input: %w", err)
				}
				if len(r.Latency) == 0 {
					return usagef("--rounds-from-stdin: standard input has no line of seconds, such as 0.5")
				}
				return nil
			}
			if line == peaksCommand {
				p := b.peaks(ctx)
				if err := answer(peaksResult{2 * p.MulAdds / 1e9, p.Read / 1e9}); err != nil {
					return err
				}
				continue
			}
			round, err := b.round(ctx, line)
			if err != nil {
				return err
			}
			b.watch.Look()
			r.Latency = append(r.Latency, round.Latency...)
			if err := answer(round); err != nil {
				return err
			}
		}
	}
}

// requests reads lines beside, so that an interrupt is heard while nothing is asked for.
func (b *benchRun) requests(ctx context.Context) (<-chan string, <-chan error) {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(b.stdin)
		for in.Scan() {
			select {
			case lines <- strings.TrimSpace(in.Text()):
			case <-ctx.Done():
			}
		}
		failed <- in.Err()
	}()
	return lines, failed
}

// round runs the model for about the seconds that a line says, once at least.
func (b *benchRun) round(ctx context.Context, line string) (*roundResult, error) {
	seconds, err := strconv.ParseFloat(line, 64)
	if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) {
		return nil, usagef("standard input: found the line %q, expected seconds, such as 0.5, or %s", line, peaksCommand)
	}
	var t thinned
	for begin := time.Now(); t.n == 0 || time.Since(begin).Seconds() < seconds; {
		took, err := b.once(ctx)
		if err != nil {
			return nil, err
		}
		t.add(milliseconds(took))
	}
	return &roundResult{t.kept}, nil
}

// thinned keeps some of a series at even distances, as a small model runs so often that what is kept of all would be most of
// the memory that is measured.
type thinned struct {
	kept []float64
	n    int // numbers that were added
	skip int // one in skip+1 is kept
}

// mostThinned is how many numbers of a series are kept.
const mostThinned = 2000

func (t *thinned) add(x float64) {
	if t.n%(t.skip+1) == 0 {
		if len(t.kept) == mostThinned {
			for i := range mostThinned / 2 {
				t.kept[i] = t.kept[2*i]
			}
			t.kept, t.skip = t.kept[:mostThinned/2], 2*t.skip+1
		}
		t.kept = append(t.kept, x)
	}
	t.n++
}
