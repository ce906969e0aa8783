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
	return &programs.Missing{System: true, What: "Metal code is run on NVIDIA GPUs on Linux only, so far"}
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

// Memory is memory of a device.
type Memory struct{}

// Alloc gives a *programs.Missing.
func (v *Device) Alloc(int) (*Memory, error) { return nil, missing() }

// Read gives a *programs.Missing.
func (m *Memory) Read(int, []byte) error { return missing() }

// Write gives a *programs.Missing.
func (m *Memory) Write(int, []byte) error { return missing() }

// Fill gives a *programs.Missing.
func (m *Memory) Fill(int, int, byte) error { return missing() }

// Copy gives a *programs.Missing.
func (m *Memory) Copy(int, *Memory, int, int) error { return missing() }

// Free does nothing.
func (m *Memory) Free() {}

// Start gives a *programs.Missing.
func (p *Program) Start(check.Dispatch, []Place) error { return missing() }

// Finish gives a *programs.Missing.
func (v *Device) Finish(context.Context) error { return missing() }
