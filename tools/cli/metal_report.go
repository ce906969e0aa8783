package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/ir"
	"github.com/aiopt/aiopt/ir/host"
)

// metalReport is what `aiopt metal` says of a plan, and of checking it.
type metalReport struct {
	Functions []metalFunction `json:"functions"`
	Host      []metalHost     `json:"host"` // operations that the interpreter computes
	Texts     []metalText     `json:"texts"`
	Lines     int             `json:"lines"`             // of generated MSL
	Checked   []string        `json:"checked,omitempty"` // what has run and was right, a sentence each
	Wrong     []string        `json:"wrong,omitempty"`   // what was not

	errs []error // of Wrong
}

// wrong notes something that is.
func (r *metalReport) wrong(err error) {
	r.errs = append(r.errs, err)
	r.Wrong = append(r.Wrong, err.Error())
}

// add puts what another report has checked behind.
func (r *metalReport) add(o *metalReport) {
	r.Checked, r.Wrong, r.errs = append(r.Checked, o.Checked...), append(r.Wrong, o.Wrong...), append(r.errs, o.errs...)
}

type metalFunction struct {
	Name       string `json:"name"`
	Dispatches int    `json:"dispatches"`
	Kernels    int    `json:"kernels"`
	Host       int    `json:"host"`
	Arena      int64  `json:"arena"` // bytes
	Slots      int    `json:"slots"`
}

type metalHost struct {
	Operation string `json:"operation"`
	Count     int    `json:"count"`
	Reason    string `json:"reason"`
}

type metalText struct {
	Name    string `json:"name"`
	Origin  string `json:"origin"`
	Kernels int    `json:"kernels"`
	Lines   int    `json:"lines"`
}

// reportOf counts what is in a plan.
func reportOf(m *ir.Module, p *plan.Plan) *metalReport {
	r := &metalReport{Functions: []metalFunction{}, Host: []metalHost{}, Texts: []metalText{}}
	for _, f := range p.File.Functions {
		row := metalFunction{Name: f.Name, Arena: f.Arena, Slots: len(f.Slots)}
		kernels := map[int]bool{}
		for _, s := range f.Steps {
			if s.Host != nil {
				row.Host++
				r.host(s.Host)
				continue
			}
			row.Dispatches++
			kernels[s.Dispatch.Kernel] = true
		}
		row.Kernels = len(kernels)
		r.Functions = append(r.Functions, row)
	}
	slices.SortStableFunc(r.Host, func(a, b metalHost) int { return cmp.Compare(b.Count, a.Count) })
	for _, t := range p.Texts {
		row := metalText{Name: t.Name, Lines: bytes.Count(t.Data, []byte("\n"))}
		for _, k := range p.File.Kernels {
			if k.Text == t.Name {
				row.Kernels++
				row.Origin = k.Origin
			}
		}
		if row.Origin == launch.Generated {
			r.Lines += row.Lines
		}
		r.Texts = append(r.Texts, row)
	}
	return r
}

func (r *metalReport) host(h *launch.Host) {
	at := slices.IndexFunc(r.Host, func(x metalHost) bool { return x.Operation == h.Name && x.Reason == h.Reason })
	if at < 0 {
		at = len(r.Host)
		r.Host = append(r.Host, metalHost{Operation: h.Name, Reason: h.Reason})
	}
	r.Host[at].Count++
}

func (r *metalReport) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// table prints it for people.
func (r *metalReport) table(w io.Writer) {
	fmt.Fprintf(w, "%-24s %10s %8s %6s  %s\n", "function", "dispatches", "kernels", "host", "memory of a call")
	for _, f := range r.Functions {
		memory := []string{}
		if f.Arena > 0 || f.Slots == 0 {
			memory = append(memory, fmt.Sprintf("%d bytes", f.Arena))
		}
		if f.Slots > 0 {
			memory = append(memory, host.Counted(f.Slots, "slot")+" of sizes that the call decides")
		}
		fmt.Fprintf(w, "%-24s %10d %8d %6d  %s\n", f.Name, f.Dispatches, f.Kernels, f.Host, strings.Join(memory, ", "))
	}
	if len(r.Host) > 0 {
		fmt.Fprintln(w, "\noperations of the host")
		for _, h := range r.Host {
			fmt.Fprintf(w, "%6d %s: %s\n", h.Count, h.Operation, h.Reason)
		}
	}
	fmt.Fprintln(w)
	for _, t := range r.Texts {
		fmt.Fprintf(w, "%-40s %s, %s, %s\n", t.Name, t.Origin, host.Counted(t.Kernels, "kernel"), host.Counted(t.Lines, "line"))
	}
	for i, line := range r.Checked {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, line)
	}
}
