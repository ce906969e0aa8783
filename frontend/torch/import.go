package torch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aiopt/aiopt/frontend/pt2"
	"github.com/aiopt/aiopt/ir"
)

// Program is a program of an archive, and the function that it becomes. The archive stays open as long as the module's
// resources are used.
type Program struct {
	Archive *pt2.Archive
	Model   *pt2.Model
	Func    string

	embedded bool // the archive is in memory: what it holds is in no file of its own
}

// Programs lists the programs of an archive: a single one becomes @main, several go by their names. With a name given,
// a single one has that name, and it stands before the names of several.
func Programs(a *pt2.Archive, name string) []Program {
	var out []Program
	for _, m := range a.Models {
		fn := m.Name
		switch {
		case len(a.Models) == 1 && name != "":
			fn = name
		case len(a.Models) == 1:
			fn = "main"
		case name != "":
			fn = name + "_" + m.Name
		}
		out = append(out, Program{Archive: a, Model: m, Func: fn})
	}
	return out
}

// Options change names; the zero Options keep the file's.
type Options struct {
	ModuleName string            // the first archive's file name otherwise
	Rename     map[string]string // inputs, outputs and states, by the name they have without it
}

// Warning is something that the module does not do as the PyTorch program does.
type Warning struct {
	Func string
	Loc  *ir.Loc // nil for the function as a whole
	Text string
}

// String puts the places around the text.
func (w Warning) String() string {
	text := "@" + w.Func + ": " + w.Text
	if !w.Loc.IsUnknown() {
		text += " (" + w.Loc.String() + ")"
	}
	return text
}

// Import turns programs into the functions of one module. States are shared by the name of their buffer, weights where
// name and bytes are equal. The error is ir.Problems: all that is wrong, each with its node and place in Python.
func Import(programs []Program, opt Options) (*ir.Module, []Warning, error) {
	if len(programs) == 0 {
		return nil, nil, fmt.Errorf("there is no program to import")
	}
	mod := &ir.Module{Name: opt.ModuleName, File: programs[0].Archive.Path, Program: programHash(programs)}
	if mod.Name == "" {
		mod.Name = moduleName(mod.File)
	}
	im := &importer{mod: mod, weights: newWeights(mod), states: map[string]*ir.State{}, warned: map[Warning]bool{}, classes: classes{}}
	for i := range programs {
		p := &programs[i]
		if im.weights.taken[p.Func] {
			return nil, nil, fmt.Errorf("two programs are to become @%s; name them: NAME=FILE", p.Func)
		}
		im.weights.taken[p.Func] = true
	}
	for i := range programs {
		p := &programs[i]
		fn := im.newFunction(p)
		mod.Funcs = append(mod.Funcs, fn.ir)
		fn.run()
		im.funcs = append(im.funcs, fn)
	}
	if len(im.problems) == 0 {
		im.finish()
	}
	if len(im.problems) == 0 {
		im.checkNames()
	}
	if len(im.problems) == 0 {
		im.problems = mod.Rename(opt.Rename)
	}
	if len(im.problems) > 0 {
		return nil, im.warnings, im.problems
	}
	return mod, im.warnings, nil
}

// importer holds what the functions of a module share.
type importer struct {
	mod      *ir.Module
	funcs    []*function
	weights  *weights
	states   map[string]*ir.State // by the buffer's name
	problems ir.Problems
	warnings []Warning
	warned   map[Warning]bool
	classes  classes
}

func (im *importer) newFunction(p *Program) *function {
	return &function{
		im: im, prog: p, ir: &ir.Func{Name: p.Func}, syms: newSymbols(p.Model.Ranges), locs: locs{map[[2]string]*ir.Loc{}, im.classes},
		owners: map[*ir.Resource]*input{}, unstated: map[string]bool{}, replaced: map[*ir.Value]*ir.Value{},
	}
}

// finish makes the states, which are known when all functions are, and ends the functions.
func (im *importer) finish() {
	first := map[string]*input{}
	for _, fn := range im.funcs {
		for _, in := range fn.changed() {
			fn.checkShared(in)
			key := in.key()
			if im.states[key] != nil {
				continue
			}
			im.weights.rename(in.weight.Resource, in.spec.Target+".init")
			s := &ir.State{Name: key, Type: in.weight.Type, Init: in.weight.Name}
			im.states[key] = s
			im.mod.States = append(im.mod.States, s)
			first[key] = in
		}
	}
	for _, fn := range im.funcs {
		for _, in := range fn.inputs {
			state := im.states[in.key()]
			if state == nil || in.constant == nil {
				continue
			}
			if !state.Type.Equal(in.weight.Type) {
				fn.problem(fmt.Sprintf("buffer %q", in.spec.Target), nil, fmt.Errorf("it is %s here and %s in another function; functions share states by name", in.weight.Type, state.Type))
			} else if in.weight.Resource != first[in.key()].weight.Resource && !sameBytes(in.weight.tensor, first[in.key()].weight.tensor) {
				fn.warn(nil, "the state @%s starts from another function's initial value; the one of %s differs", state.Name, fn.prog.Model.Name)
			}
		}
		fn.finish()
	}
	im.mod.DropUnusedResources()
	if len(im.classes) > maxClasses {
		im.problems = append(im.problems, ir.Problem{Op: "the stacks of modules", Msg: fmt.Sprintf("nodes name more than %d modules", maxClasses)})
	}
	im.mod.AddClasses(slices.Collect(maps.Keys(im.classes))...)
}

func sameBytes(a, b *pt2.Tensor) bool {
	return sameView(a, b) && a.Entry.CRC == b.Entry.CRC && bytes.Equal(a.Entry.Data, b.Entry.Data)
}

// checkNames refuses names that inputs or outputs of a function share.
func (im *importer) checkNames() {
	for _, f := range im.mod.Funcs {
		var inputs, outputs []string
		for _, p := range f.Params {
			if p.Role != ir.StateIn {
				inputs = append(inputs, p.Value.Name)
			}
		}
		for _, r := range f.Results {
			if r.Role == ir.Output {
				outputs = append(outputs, r.Name)
			}
		}
		im.refuseTwice(f.Name, "input", inputs)
		im.refuseTwice(f.Name, "output", outputs)
	}
	var states []string
	for _, s := range im.mod.States {
		states = append(states, s.Name)
	}
	im.refuseTwice("", "state", states)
}

func (im *importer) refuseTwice(fn, kind string, names []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			im.problems = append(im.problems, ir.Problem{Func: fn, Op: kind + " " + name, Msg: "the name is taken by another " + kind})
		}
		seen[name] = true
	}
}

// programHash is the hash of the program's JSON; of several, the hash of theirs.
func programHash(programs []Program) string {
	if len(programs) == 1 {
		return programs[0].Model.SHA256
	}
	sum := sha256.New()
	for _, p := range programs {
		sum.Write([]byte(p.Func + "=" + p.Model.SHA256 + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// moduleName is the file's name without folder and ending.
func moduleName(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if name = strings.Trim(notInNames.ReplaceAllString(name, "_"), "_"); name == "" {
		return "model"
	}
	return name
}
