//go:build !(linux && (amd64 || arm64))

package cuda

import (
	"context"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/programs"
)

// Device is a GPU, which only Linux has here.
type Device struct{ Name, Architecture, Driver string }

// Program is a module on a device.
type Program struct{}

// Rounds say how a kernel is timed.
type Rounds struct{ Rounds, Launches int }

func missing() error {
	return &programs.Missing{What: "Metal code is run on NVIDIA GPUs on Linux only, so far"}
}

// Open gives a *programs.Missing.
func Open() (*Device, error) { return nil, missing() }

// Close does nothing.
func (v *Device) Close() error { return nil }

// Peaks gives a *programs.Missing.
func (v *Device) Peaks(context.Context) (Peaks, error) { return Peaks{}, missing() }

// Load gives a *programs.Missing.
func (v *Device) Load(*Module) (*Program, error) { return nil, missing() }

// Unload does nothing.
func (p *Program) Unload() error { return nil }

// Run gives a *programs.Missing.
func (p *Program) Run(context.Context, check.Dispatch) error { return missing() }

// Time gives a *programs.Missing.
func (p *Program) Time(context.Context, check.Dispatch, Rounds) (Timing, error) {
	return Timing{}, missing()
}
