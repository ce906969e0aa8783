package debugger

import (
	"net/http"
	"strings"

	"github.com/aiopt/aiopt/backend/cpu/native"
	"github.com/aiopt/aiopt/backend/cpu/native/emit"
	"github.com/aiopt/aiopt/backend/cpu/native/processor"
	"github.com/aiopt/aiopt/backend/kernel/calls"
	"github.com/aiopt/aiopt/backend/kernel/schedule"
	"github.com/aiopt/aiopt/backend/metal/launch"
	"github.com/aiopt/aiopt/backend/metal/msl"
	"github.com/aiopt/aiopt/backend/metal/plan"
	"github.com/aiopt/aiopt/dialect/core"
	"github.com/aiopt/aiopt/ir"
)

// hasKernel reports an operation that code may be generated for.
func hasKernel(op *ir.Op) bool {
	return op.Def.Dialect() != "torch" && !op.Is(core.Constant) && !op.Def.Traits.Has(ir.Terminator) && schedule.OneResult(op)
}

// printer gives the text that is generated for an operation.
type printer struct {
	language language
	print    func(*ir.Op) (string, error)
}

// printers are by the form that a request names.
func printers() map[string]printer {
	return map[string]printer{
		"llvm":  {llvm, printLLVM},
		"metal": {metal, printMetal},
	}
}

// getKernel gives the code that is generated for an operation, or says why there is none.
func (s *Server) getKernel(r *http.Request) (any, error) {
	_, p, err := s.programOf(r)
	if err != nil {
		return nil, err
	}
	node, err := p.node(r)
	if err != nil {
		return nil, err
	}
	form, ok := printers()[r.FormValue("form")]
	if !ok {
		return nil, badRequest("form=%q: expected llvm or metal", r.FormValue("form"))
	}
	op := p.tree.Op(node)
	if op == nil || !hasKernel(op) {
		return nil, notFound("no code is generated for %s", p.described(node))
	}
	text, err := form.print(op)
	if err != nil {
		return nil, notFound("there is no kernel for %s: %v", op.Name(), err)
	}
	return window(r, op.Name(), form.language, strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
}

// machine is what native code is made for here.
func machine() (*emit.Machine, error) {
	list, err := processor.Machines()
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func printLLVM(op *ir.Op) (string, error) {
	m, err := machine()
	if err != nil {
		return "", err
	}
	p, err := calls.Of(op, native.TargetOf(m))
	if err != nil {
		return "", err
	}
	to := emit.NewModule(m)
	for _, k := range p.Kernels {
		if err := to.Add(k.Name, k); err != nil {
			return "", err
		}
	}
	return to.Text()
}

func printMetal(op *ir.Op) (string, error) {
	p, err := calls.Of(op, plan.Target())
	if err != nil {
		return "", err
	}
	to := msl.NewModule(launch.Buffers)
	for _, k := range p.Kernels {
		if _, err := to.Add(k, msl.Options{}); err != nil {
			return "", err
		}
	}
	return to.Text(), nil
}
