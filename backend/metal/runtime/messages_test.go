package runtime

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// owning are the selectors whose results their callers own (Apple's "Memory Management Policy"): families of alloc, new, copy and init, and retain.
var owning = regexp.MustCompile(`^(alloc|new|copy|mutableCopy|init|retain)([A-Z]|$)`)

// TestTable holds the messages against the rules of the language.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for i, m := range messages {
		if m.selector == "" || m.to == "" || seen[m.selector] {
			t.Errorf("message %d is %q of %q: expected one that is not in the table yet", i, m.selector, m.to)
		}
		seen[m.selector] = true
		if n := strings.Count(m.selector, ":"); n != len(m.args) {
			t.Errorf("%s takes %d arguments, the table has %d", m.selector, n, len(m.args))
		}
		registers := 2 // the receiver and the selector
		for _, k := range m.args {
			registers += k.registers()
			if k == none || k == float || k == boolean {
				t.Errorf("%s takes what cannot be passed", m.selector)
			}
		}
		if registers > 8 {
			t.Errorf("%s takes %d registers, there are 8", m.selector, registers)
		}
		if owning.MatchString(m.selector) && m.result != anObject && m.result != none {
			t.Errorf("%s gives an owned object, the table has another result", m.selector)
		}
	}
}

// TestPlanted holds that the stand-in finds what is planted: without that, the other tests say nothing.
func TestPlanted(t *testing.T) {
	type stage struct {
		*recorder
		s                     sender
		device, queue, buffer object
		commands, encoder     object
	}
	for _, c := range []struct {
		name, want string
		do         func(k *stage)
	}{
		{"nothing", "", func(*stage) {}},
		{"released twice", "release: the object of MTLBuffer is gone", func(k *stage) { k.s.release(k.buffer, k.buffer) }},
		{"used after its end", "contents: the object of MTLBuffer is gone", func(k *stage) {
			k.s.release(k.buffer)
			k.s.to(k.buffer, contents)
		}},
		{"another receiver", "commit is sent to an object of MTLBuffer, which has it not", func(k *stage) { k.s.to(k.buffer, commit) }},
		{"another kind", "takes [2 2], was given [2 1]", func(k *stage) { k.s.to(k.device, newBuffer, num(4), obj(0)) }},
		{"too few", "takes [2 2], was given [2]", func(k *stage) { k.s.to(k.device, newBuffer, num(4)) }},
		{"a float read as another", "GPUStartTime gives a float", func(k *stage) { k.s.to(k.commands, started) }},
		{"an integer read as a float", "maxBufferLength of an object of MTLDevice is no float", func(k *stage) { k.s.sendFloat(k.device, maxBuffer) }},
		{"open encoder", "committed twice, or with an open encoder", func(k *stage) { k.s.to(k.commands, commit) }},
		{"two encoders", "or has an open one", func(k *stage) { k.s.to(k.commands, blitEncoder) }},
		{"ended twice", "an encoder ends twice", func(k *stage) {
			k.s.to(k.encoder, endEncoding)
			k.s.to(k.encoder, endEncoding)
		}},
		{"not committed", "waited for that nobody committed", func(k *stage) { k.s.to(k.commands, wait) }},
		{"offset", "is bound from 3 on at index 0", func(k *stage) { k.s.to(k.encoder, setBuffer, obj(k.buffer), num(3), num(0)) }},
		{"index", "at index 31", func(k *stage) { k.s.to(k.encoder, setBuffer, obj(k.buffer), num(0), num(31)) }},
		{"fill", "3 bytes of 64 are filled", func(k *stage) {
			k.s.to(k.encoder, endEncoding)
			k.s.to(k.s.object(k.commands, blitEncoder), fill, obj(k.buffer), rangeOf(0, 3), num(0))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &stage{recorder: record(nil, nil)}
			k.s = sender{k.recorder}
			pool := k.push()
			k.device = k.createDevice()
			k.queue = k.s.object(k.device, newQueue)
			k.buffer = k.s.object(k.device, newBuffer, num(64), num(storageShared))
			k.commands = k.s.object(k.queue, commandBuffer)
			k.encoder = k.s.object(k.commands, computeEncoder, num(dispatchConcurrent))
			c.do(k)
			_ = pool // which ends after the encoder, with what the test leaves open
			if c.want == "" && len(k.found) > 0 || c.want != "" && !slices.ContainsFunc(k.found, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("found %q, expected %q", k.found, c.want)
			}
		})
	}
	r := record(nil, nil)
	r.createDevice()
	if d := cmp.Diff([]string{"MTLDevice"}, r.left()); d != "" {
		t.Error(d)
	}
}
