package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/cuda/timed"
)

// gpuResult is what --backend=metal-cuda finds; JSON has these fields in this order.
type gpuResult struct {
	Device  string      `json:"device"`
	Copy    float64     `json:"copy_gb_per_s"`
	Flops   float64     `json:"gflops"` // of float, without matrix units
	Kernels []gpuKernel `json:"kernels"`
	Total   float64     `json:"total_ms"` // of all calls of all kernels
}

// gpuKernel is a kernel's part.
type gpuKernel struct {
	Function  string  `json:"function"`
	Name      string  `json:"name"`
	Size      string  `json:"size"`
	Calls     int     `json:"calls"`
	MS        float64 `json:"ms"` // of one, the best of the rounds
	Bandwidth float64 `json:"gb_per_s"`
	OfCopy    float64 `json:"of_copy"`
	Flops     float64 `json:"gflops,omitempty"`
	OfFlops   float64 `json:"of_flops,omitempty"`
}

// add takes a kernel's time.
func (r *gpuResult) add(k *timed.Kernel, t cuda.Timing) {
	rate := t.Rate(k.Work, cuda.Peaks{Bandwidth: r.Copy * 1e9, Flops: r.Flops * 1e9})
	r.Kernels = append(r.Kernels, gpuKernel{
		Function: k.Launch.Function, Name: k.Name, Size: k.Size, Calls: k.Calls, MS: milliseconds(t.Best),
		Bandwidth: rate.Bandwidth / 1e9, OfCopy: rate.OfBandwidth, Flops: rate.Flops / 1e9, OfFlops: rate.OfFlops,
	})
	r.Total += milliseconds(t.Best) * float64(k.Calls)
}

// printGPU shows the results.
func (c *bench) printGPU(device *cuda.Device, set *timed.Set, r *gpuResult) error {
	fmt.Fprintf(c.stdout, "model    %s @%s: Metal kernels on an NVIDIA GPU, a test vehicle that says nothing about Metal's speed\n", set.Model, set.Function)
	fmt.Fprintf(c.stdout, "device   %s, CUDA %s, kernels for %s\n", device.Name, device.Driver, device.Architecture)
	fmt.Fprintf(c.stdout, "peaks    %.0f GB/s of a copy, %.0f GFLOP/s of float without matrix units\n", r.Copy, r.Flops)
	c.printLeftOut(set)
	fmt.Fprintf(c.stdout, "\n%9s %6s %6s %8s %8s %8s %8s  kernel\n", "ms", "calls", "share", "GB/s", "of copy", "GFLOP/s", "of peak")
	for _, k := range r.Kernels {
		flops, of := "-", "-"
		if k.Flops > 0 {
			flops, of = fmt.Sprintf("%.0f", k.Flops), fmt.Sprintf("%.1f%%", 100*k.OfFlops)
		}
		ms := k.MS * float64(k.Calls)
		fmt.Fprintf(c.stdout, "%9.4f %6d %5.1f%% %8.0f %7.0f%% %8s %8s  %s\n", ms, k.Calls, 100*ms/r.Total, k.Bandwidth, 100*k.OfCopy, flops, of,
			k.Function+"  "+k.Name+" -> "+k.Size)
	}
	fmt.Fprintf(c.stdout, "%9.4f in all, of kernels that follow each other without a pause\n", r.Total)
	if !c.json {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", data)
	return err
}

// printLeftOut says what is not measured.
func (c *bench) printLeftOut(set *timed.Set) {
	if len(set.Host) > 0 {
		fmt.Fprintf(c.stdout, "left out %s, which no generated kernel computes\n", strings.Join(set.Host, ", "))
	}
}
