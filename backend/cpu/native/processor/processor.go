// Package processor tells what code this processor runs.
package processor

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/cpu"

	"github.com/aiopt/aiopt/backend/cpu/native/emit"
)

// Features lists what this processor has of the features that targets name, as LLVM calls them.
func Features() []string {
	all := []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2},
		{"fma", cpu.X86.HasFMA},
		{"f16c", cpu.X86.HasAVX && featuresOfLeaf1()&(1<<29) != 0}, // Intel SDM 2A, CPUID; x/sys does not tell
		{"bmi", cpu.X86.HasBMI1},
		{"bmi2", cpu.X86.HasBMI2},
		{"popcnt", cpu.X86.HasPOPCNT},
		{"avx512f", cpu.X86.HasAVX512F},
		{"avx512bw", cpu.X86.HasAVX512BW},
		{"avx512vl", cpu.X86.HasAVX512VL},
		{"avx512dq", cpu.X86.HasAVX512DQ},
		{"avx512cd", cpu.X86.HasAVX512CD},
		{"avx512vnni", cpu.X86.HasAVX512VNNI},
		{"avx512bf16", cpu.X86.HasAVX512BF16},
		{"avxvnni", cpu.X86.HasAVXVNNI},
		{"neon", cpu.ARM64.HasASIMD},
		{"fp-armv8", cpu.ARM64.HasFP},
	}
	var list []string
	for _, f := range all {
		if f.has {
			list = append(list, f.name)
		}
	}
	return list
}

// Machines gives the targets that this processor has every feature of, the most capable first, each with what the processor
// has of their optional features. The error is of a processor that no target is for.
func Machines() ([]*emit.Machine, error) {
	has := Features()
	var list []*emit.Machine
	for _, t := range emit.Targets() {
		if slices.ContainsFunc(t.Features, func(f string) bool { return !slices.Contains(has, f) }) {
			continue
		}
		m := &emit.Machine{Target: t}
		for _, f := range t.Optional() {
			if slices.Contains(has, f) {
				m.Extra = append(m.Extra, f)
			}
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there is no target for this %s processor, which has %v", runtime.GOARCH, has)
	}
	return list, nil
}
