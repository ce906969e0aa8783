package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// many is a text whose templates make others: 2^n of them.
func many(n int) string {
	return fmt.Sprintf(`#include <metal_stdlib>
using namespace metal;
template <int N, int M> struct tree { enum { value = (tree<N - 1, 2 * M>::value ^ tree<N - 1, 2 * M + 1>::value) & 1 }; };
template <int M> struct tree<0, M> { enum { value = M }; };
kernel void k(device int* x [[buffer(0)]], uint i [[thread_position_in_grid]]) { x[i] = tree<%d, 1>::value; }
`, n)
}

// large is a text with a constant of so many bytes.
func large(bytes int) string {
	return fmt.Sprintf(`#include <metal_stdlib>
using namespace metal;
constant uint table[%d] = {1, 2, 3};
kernel void k(device uint* x [[buffer(0)]], uint i [[thread_position_in_grid]]) { x[i] = table[x[i]]; }
`, bytes/4)
}

// TestCompileLimits compiles texts that take more time, memory or bytes of code than a text may.
func TestCompileLimits(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limits     Limits
		kind       Kind
		want       string
	}{
		{"small", many(4), Limits{}, "", ""},
		{"time", many(30), Limits{Time: time.Second}, Time, "compiling it takes more than 1s"},
		{"memory", many(30), Limits{Memory: 300 << 20}, Memory, "compiling it takes more than 300 MiB of memory"},
		{"code", large(compileFile + 4<<20), Limits{}, Memory, "its code takes more than 64 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools := *tools(t)
			tools.Limits = c.limits
			_, err := Compile(context.Background(), &tools, Source{"text.metal", c.text})
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var bad *SourceError
			if !errors.As(err, &bad) || bad.Diagnostics[0].Kind != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("found %v, expected %s: %q", err, c.kind, c.want)
			}
		})
	}
}

// TestHead holds that only the beginning is kept, and all is taken.
func TestHead(t *testing.T) {
	h := &head{most: 5}
	for _, text := range []string{"abc", "defg", "h"} {
		if n, err := h.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%d of %q, %v", n, text, err)
		}
	}
	if h.String() != "abcde" {
		t.Errorf("kept %q", h.String())
	}
}
