package emit

import (
	"fmt"

	llvm "github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// Runner is the name of the function `void run(ptr list, i64 n)` that calls kernels one after the other, so that a list of
// them costs one call from Go. The list has [RunnerWords] words for each: the function and its four arguments.
const Runner = "run"

// RunnerWords is the length of one item of the list.
const RunnerWords = 5

// AddRunner gives the module the function.
func (m *Module) AddRunner() {
	list, n := llvm.NewParam("list", pointer{}), llvm.NewParam("n", types.I64)
	f := m.module.NewFunc(Runner, types.Void, list, n)
	entry, body, done := f.NewBlock("entry"), f.NewBlock(""), f.NewBlock("")
	zero := constant.NewInt(types.I64, 0)
	entry.NewCondBr(entry.NewICmp(enum.IPredSLT, zero, n), body, done)
	done.NewRet(nil)

	g := &gen{Module: m, fn: f, block: body}
	i := body.NewPhi(llvm.NewIncoming(zero, entry))
	at := g.mul(i, g.bits(i, RunnerWords))
	word := func(k int64, t types.Type) value.Value {
		return g.load(t, g.address(types.I64, list, g.add(at, g.bits(at, k))), 8)
	}
	callee := funcPointer{word(0, pointer{})}
	body.NewCall(callee, word(1, pointer{}), word(2, types.I64), word(3, types.I64), word(4, pointer{}))
	next := g.add(i, g.bits(i, 1))
	i.Incs = append(i.Incs, llvm.NewIncoming(next, body))
	body.NewCondBr(g.icmp(enum.IPredSLT, next, n), body, done)
}

// funcPointer is an address that is called; llir asks for a typed pointer there.
type funcPointer struct{ value.Value }

func (funcPointer) Type() types.Type {
	return types.NewPointer(types.NewFunc(types.Void, pointer{}, types.I64, types.I64, pointer{}))
}

// Text is the module as text. No kernel may be added afterwards.
func (m *Module) Text() (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return m.module.String(), nil
}
