package pass

import (
	"fmt"
	"runtime"
	"strings"
)

// Set holds the passes and named pipelines that a program knows, in the order they were added.
type Set struct {
	entries   []entry
	pipelines []named
}

type entry struct {
	name  string
	make  func() *Pass
	place string
}

type named struct{ name, doc, text string }

// Add adds a pass by its constructor. A name that is taken is an error that names both places.
func (s *Set) Add(make func() *Pass) error {
	name := make().Name
	place := callerPlace()
	for _, e := range s.entries {
		if e.name == name {
			return fmt.Errorf("the pass %s is added twice: at %s and at %s", name, e.place, place)
		}
	}
	s.entries = append(s.entries, entry{name, make, place})
	return nil
}

// callerPlace is the line outside this project's front door that added something.
func callerPlace() string {
	pcs := make([]uintptr, 8)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "(*Toolkit).") {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// AddPipeline gives a pipeline a name, to be used as @name.
func (s *Set) AddPipeline(name, doc, text string) error {
	if have, ok := s.Pipeline(name); ok {
		return fmt.Errorf("the pipeline @%s is added twice: %q and %q", name, have, text)
	}
	s.pipelines = append(s.pipelines, named{name, doc, text})
	return nil
}

// Make makes a pass with its default options; nil for an unknown name.
func (s *Set) Make(name string) *Pass {
	for _, e := range s.entries {
		if e.name == name {
			return e.make()
		}
	}
	return nil
}

// Names lists the passes.
func (s *Set) Names() []string {
	names := make([]string, len(s.entries))
	for i, e := range s.entries {
		names[i] = e.name
	}
	return names
}

// Pipeline gives the text of a named pipeline.
func (s *Set) Pipeline(name string) (string, bool) {
	for _, p := range s.pipelines {
		if p.name == name {
			return p.text, true
		}
	}
	return "", false
}

// Pipelines calls fn for each named pipeline.
func (s *Set) Pipelines(fn func(name, doc, text string)) {
	for _, p := range s.pipelines {
		fn(p.name, p.doc, p.text)
	}
}

func (s *Set) pipelineNames() []string {
	names := make([]string, len(s.pipelines))
	for i, p := range s.pipelines {
		names[i] = p.name
	}
	return names
}

// pipelineList says which there are.
func (s *Set) pipelineList() string {
	if len(s.pipelines) == 0 {
		return ""
	}
	return "; there is @" + strings.Join(s.pipelineNames(), ", @")
}
