package cuda

import (
	"fmt"
	"slices"
	"time"
)

// Work is what a kernel cannot do without: the bytes that it must read and write at least once, and its operations on numbers.
type Work struct {
	Bytes float64 `json:"bytes"`
	Flops float64 `json:"flops,omitempty"`
}

// Peaks are what a device can do at most. Bytes a second are measured by copying memory; operations are counted from the number of
// processors and their clock, two for each fused multiply-add of float, and no matrix units.
type Peaks struct {
	Bandwidth float64 `json:"bandwidth"` // bytes a second, those read and those written
	Flops     float64 `json:"flops"`     // operations a second
}

// Timing is how long a kernel took, by the device's own clock. Launches follow each other without a pause, so that the time of
// a launch is hidden where the kernel takes longer.
type Timing struct {
	Best, Median time.Duration // of a launch, over rounds
}

// Rate is what a kernel reached.
type Rate struct {
	Bandwidth, Flops     float64 // a second
	OfBandwidth, OfFlops float64 // parts of the peaks
}

// Rate compares the best time with the peaks.
func (t Timing) Rate(w Work, p Peaks) Rate {
	s := t.Best.Seconds()
	return Rate{w.Bytes / s, w.Flops / s, w.Bytes / s / p.Bandwidth, w.Flops / s / p.Flops}
}

// String gives GB/s and GFLOP/s with their parts of the peaks.
func (r Rate) String() string {
	text := fmt.Sprintf("%.0f GB/s (%.0f %% of a copy's)", r.Bandwidth/1e9, 100*r.OfBandwidth)
	if r.Flops > 0 {
		text += fmt.Sprintf(", %.0f GFLOP/s (%.1f %%)", r.Flops/1e9, 100*r.OfFlops)
	}
	return text
}

// floatLanes is how many operations on floats a processor starts in a cycle, by compute capability (CUDA C++ Programming Guide,
// "Arithmetic Instructions").
func floatLanes(major, minor int) int {
	if major == 8 && minor == 0 {
		return 64
	}
	return 128
}

// timingOf gives the best and the median of rounds.
func timingOf(rounds []time.Duration) Timing {
	sorted := slices.Sorted(slices.Values(rounds))
	return Timing{sorted[0], sorted[len(sorted)/2]}
}

// Place is where an argument lies on a device: nowhere, if it has no memory.
type Place struct {
	Memory *Memory
	At     int // bytes
}
