package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aiopt/aiopt/backend/cpu/native"
	gpu "github.com/aiopt/aiopt/backend/metal/runtime"
)

// percentile gives the number below which a share of a sorted list lies, the nearest one that is in it.
func percentile(sorted []float64, share float64) float64 {
	return sorted[max(int(math.Ceil(share*float64(len(sorted))))-1, 0)]
}

// print shows the results.
func (b *benchRun) print(ctx context.Context, path string, r *benchResult, kernels []kernelRow) error {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(b.stdout, "%-9s"+format+"\n", append([]any{name}, args...)...)
	}
	var functions []string
	for _, one := range b.calls {
		functions = append(functions, "@"+one.sig.Name)
	}
	threads := "a thread for each core"
	if b.threads > 0 {
		threads = fmt.Sprintf("%d threads", b.threads)
	}
	line("model", "%s %s, engine %s, %s", path, strings.Join(functions, " "), b.backend, threads)
	line("inputs", "%s", b.shapes())
	line("load", "%.2f ms", r.Load)
	line("compile", "%.2f ms", r.Compile)
	line("first", "%.3f ms", milliseconds(b.first))
	sorted := slices.Sorted(slices.Values(r.Latency))
	line("latency", "%.4g ms median; least %.4g, 90%% %.4g, 99%% %.4g, most %.4g; of %d", percentile(sorted, 0.5), sorted[0],
		percentile(sorted, 0.9), percentile(sorted, 0.99), sorted[len(sorted)-1], len(sorted))
	if r.Memory != nil {
		line("memory", "%.1f MB at most", *r.Memory)
	}
	if r.MaxAbs != nil {
		line("error", "%.3g at most, %.3g relative RMS", *r.MaxAbs, *r.RelRMS)
	}
	b.printKernels(ctx, kernels)
	if !b.json {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.stdout, "%s\n", data)
	return err
}

// peaks measures the machine where it can run native code and the engine computes there; zeros otherwise.
func (b *benchRun) peaks(ctx context.Context) native.Peaks {
	if b.backend == gpu.Name {
		return native.Peaks{}
	}
	engine, ok := b.Backend("cpu").(native.Backend)
	if !ok || engine.Available() != nil {
		return native.Peaks{}
	}
	p, err := engine.Peaks(ctx, b.threads)
	if err != nil {
		b.warn("the machine's peaks are not known: %v", err)
	}
	return p
}

// mostRows of the table are printed; the last one adds up the others.
const mostRows = 30

func (b *benchRun) printKernels(ctx context.Context, rows []kernelRow) {
	p := b.peaks(ctx)
	if p.Read > 0 {
		fmt.Fprintf(b.stdout, "%-9s%.1f GFLOP/s of multiply-adds, %.1f GB/s read\n", "peaks", 2*p.MulAdds/1e9, p.Read/1e9)
	}
	total := time.Duration(0)
	for _, r := range rows {
		total += r.time
	}
	fmt.Fprintf(b.stdout, "\n%9s %6s %6s %8s %8s %8s  %-7s kernel\n", "ms", "calls", "share", "GFLOP/s", "GB/s", "of peak", "by")
	show := func(r kernelRow) {
		rate := func(work float64) string {
			if !r.known || r.time <= 0 {
				return "-"
			}
			return fmt.Sprintf("%.1f", work/float64(r.time.Nanoseconds()))
		}
		share := 0.0
		if total > 0 {
			share = 100 * float64(r.time) / float64(total)
		}
		fmt.Fprintf(b.stdout, "%9.3f %6d %5.1f%% %8s %8s %8s  %-7s %s\n", milliseconds(r.time)/watchedRuns, r.calls/watchedRuns, share,
			rate(2*r.adds), rate(r.bytes), r.ofPeak(p), r.by, strings.TrimSpace(r.name+"  "+r.types))
	}
	for i, r := range rows {
		if i < mostRows {
			show(r)
		}
	}
	if len(rows) > mostRows {
		rest := kernelRow{name: fmt.Sprintf("%d other kinds of kernels", len(rows)-mostRows)}
		for _, r := range rows[mostRows:] {
			rest.time, rest.calls = rest.time+r.time, rest.calls+r.calls
		}
		show(rest)
	}
	fmt.Fprintf(b.stdout, "%9.3f in all\n", milliseconds(total)/watchedRuns)
}

// ofPeak is the larger share of the machine's peaks that a row reaches.
func (r kernelRow) ofPeak(p native.Peaks) string {
	if !r.known || r.time <= 0 || p.Read <= 0 {
		return "-"
	}
	least := max(r.adds/p.MulAdds, r.bytes/p.Read)
	return fmt.Sprintf("%.0f%%", 100*least/r.time.Seconds())
}
