package pt2

import (
	"strconv"
	"strings"
)

// Metadata is what torch noted about where a node came from. Any field may be empty.
type Metadata struct {
	StackTrace  string // Python frames, outermost first; see Frames
	ModuleStack string // see Modules
	TorchFn     string // such as linear_1;builtin_function_or_method.linear
	Custom      string // annotations of the model's author, as JSON
	Origin      string // at core level, the name that the node this one was decomposed from had as exported
}

// Frame is one line of Python that led to a node.
type Frame struct {
	File string
	Line int
	Func string
	Code string // the source text, possibly several lines, without indentation
}

// Frames reads StackTrace, outermost first.
func (m *Metadata) Frames() []Frame {
	var frames []Frame
	var code []string
	finish := func() {
		if len(frames) > 0 {
			frames[len(frames)-1].Code = strings.Join(code, "\n")
		}
		code = code[:0]
	}
	for line := range strings.Lines(m.StackTrace) {
		line = strings.TrimSpace(line)
		if frame, ok := parseFrame(line); ok {
			finish()
			frames = append(frames, frame)
		} else if line != "" {
			code = append(code, line)
		}
	}
	finish()
	return frames
}

// parseFrame reads `File "x.py", line 3, in f`.
func parseFrame(line string) (Frame, bool) {
	rest, ok := strings.CutPrefix(line, `File "`)
	if !ok {
		return Frame{}, false
	}
	at := strings.LastIndex(rest, `", line `)
	if at < 0 {
		return Frame{}, false
	}
	number, fn, _ := strings.Cut(rest[at+len(`", line `):], ", in ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return Frame{}, false
	}
	return Frame{File: rest[:at], Line: n, Func: fn}, true
}

// Module is one level of the module stack around a node.
type Module struct {
	Path  string // as attributes from the root: layers.0.mlp; empty for the root
	Class string // with its Python module
}

// noModule is what torch writes as path and class for nodes that it does not know the module of.
const noModule = "_empty_nn_module_stack_from_metadata_hook"

// Modules reads ModuleStack, outermost first.
func (m *Metadata) Modules() []Module {
	if m.ModuleStack == "" {
		return nil
	}
	var modules []Module
	for level := range strings.SplitSeq(m.ModuleStack, ";") {
		_, rest, _ := strings.Cut(level, ",") // the key, which spells the path again
		path, class, _ := strings.Cut(rest, ",")
		if path == noModule {
			continue
		}
		modules = append(modules, Module{Path: path, Class: class})
	}
	return modules
}
