package emit

import (
	"fmt"

	llvm "github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// Runner is the name of the function `void run(ptr list, i64 lo, i64 hi, ptr scratch)` that calls kernels lo..hi-1 of a list
// one after the other, so that a list of them costs one call from Go. It is called as kernels are, and may be in a list.
const Runner = "run"

// Sharer is the name of the function `i64 share(ptr list, i64 at, i64 n, i64 epoch, ptr scratch, i64 spins)` with which
// several threads run one list at a time. From item at on, each claims pieces of an item while there are some, and goes on
// when all are done; nobody waits for a thread that has claimed nothing. It gives n, or the item that it has waited for
// longer than spins, or -1 where the list is not at the epoch any more.
const Sharer = "share"

// Waiter is the name of the function `void await(ptr word, i64 spins)` that returns when a word is not zero, or after spins.
const Waiter = "await"

// yieldEach is after how many looks a thread that waits lets others have its processor: where there are more threads than
// processors, what it waits for may need it. A power of two.
const yieldEach = 256

// RunnerWords is the length of one item of a list; Item names its words.
const RunnerWords = 8

// The words of an item.
const (
	ItemFunction = iota
	ItemContext
	ItemRounds
	ItemPieces // into how many pieces the rounds are cut
	ItemClaim  // the epoch, shifted by ClaimBits, and how many pieces are claimed
	ItemDone   // pieces that are done
)

// ClaimBits is how many bits of a claim count pieces.
const ClaimBits = 16

// item reads and writes the words of one.
type item struct {
	*gen
	at value.Value // its first word
}

func (g *gen) item(list, i value.Value) item {
	return item{g, g.address(types.I64, list, g.mul(i, g.bits(i, RunnerWords)))}
}

func (it item) place(word int64) value.Value {
	return it.address(types.I64, it.at, constant.NewInt(types.I64, word))
}

func (it item) word(word int64, t types.Type) value.Value { return it.load(t, it.place(word), 8) }

func (it item) shared(word int64) value.Value {
	inst := it.block.NewLoad(types.I64, it.place(word))
	inst.Atomic, inst.Ordering, inst.Align = true, enum.AtomicOrderingAcquire, 8
	return inst
}

func (it item) call(lo, hi, scratch value.Value) {
	it.block.NewCall(funcPointer{it.word(ItemFunction, pointer{})}, it.word(ItemContext, pointer{}), lo, hi, scratch)
}

// AddRunner gives the module these functions.
func (m *Module) AddRunner() {
	m.addRun()
	m.addShare()
	m.addAwait()
}

func (m *Module) addRun() {
	list, lo, hi, scratch := llvm.NewParam("list", pointer{}), llvm.NewParam("lo", types.I64), llvm.NewParam("hi", types.I64), llvm.NewParam("scratch", pointer{})
	f := m.module.NewFunc(Runner, types.Void, list, lo, hi, scratch)
	entry, body, done := f.NewBlock("entry"), f.NewBlock(""), f.NewBlock("")
	entry.NewCondBr(entry.NewICmp(enum.IPredSLT, lo, hi), body, done)
	done.NewRet(nil)

	g := &gen{Module: m, fn: f, block: body}
	i := body.NewPhi(llvm.NewIncoming(lo, entry))
	it := g.item(list, i)
	it.call(constant.NewInt(types.I64, 0), it.word(ItemRounds, types.I64), scratch)
	next := g.add(i, g.bits(i, 1))
	i.Incs = append(i.Incs, llvm.NewIncoming(next, body))
	body.NewCondBr(g.icmp(enum.IPredSLT, next, hi), body, done)
}

func (m *Module) addShare() {
	list, from, n, epoch := llvm.NewParam("list", pointer{}), llvm.NewParam("at", types.I64), llvm.NewParam("n", types.I64), llvm.NewParam("epoch", types.I64)
	scratch, spins := llvm.NewParam("scratch", pointer{}), llvm.NewParam("spins", types.I64)
	f := m.module.NewFunc(Sharer, types.I64, list, from, n, epoch, scratch, spins)
	one := constant.NewInt(types.I64, 1)
	entry, head, open := f.NewBlock(""), f.NewBlock(""), f.NewBlock("")
	claim, free, try := f.NewBlock(""), f.NewBlock(""), f.NewBlock("")
	work, wait, next := f.NewBlock(""), f.NewBlock(""), f.NewBlock("")
	ended, gone, late := f.NewBlock(""), f.NewBlock(""), f.NewBlock("")
	g := &gen{Module: m, fn: f}

	entry.NewBr(head)
	i := head.NewPhi(llvm.NewIncoming(from, entry))
	head.NewCondBr(head.NewICmp(enum.IPredSLT, i, n), open, ended)
	ended.NewRet(n)

	g.block = open
	it := g.item(list, i)
	pieces, rounds := it.word(ItemPieces, types.I64), it.word(ItemRounds, types.I64)
	open.NewBr(claim)

	g.block = claim // what is claimed of the list at this epoch
	old := it.shared(ItemClaim)
	claim.NewCondBr(g.icmp(enum.IPredEQ, g.lshr(old, ClaimBits), epoch), free, gone)
	gone.NewRet(constant.NewInt(types.I64, -1))

	g.block = free
	k := g.and(old, g.bits(old, 1<<ClaimBits-1))
	free.NewCondBr(g.icmp(enum.IPredULT, k, pieces), try, wait)

	g.block = try
	swap := &llvm.InstCmpXchg{
		Ptr: it.place(ItemClaim), Cmp: old, New: g.add(old, one), SuccessOrdering: enum.AtomicOrderingAcquireRelease,
		FailureOrdering: enum.AtomicOrderingAcquire, Typ: types.NewStruct(types.I64, types.I1),
	}
	try.Insts = append(try.Insts, swap)
	try.NewCondBr(try.NewExtractValue(swap, 1), work, claim)

	g.block = work
	lo := work.NewUDiv(g.mul(rounds, k), pieces)
	hi := work.NewUDiv(g.mul(rounds, g.add(k, one)), pieces)
	it.call(lo, hi, scratch)
	work.Insts = append(work.Insts, &llvm.InstAtomicRMW{
		Op: enum.AtomicOpAdd, Dst: it.place(ItemDone), X: one, Ordering: enum.AtomicOrderingRelease, Typ: types.I64,
	})
	work.NewBr(claim)

	g.block = wait
	g.spin(spins, func() value.Value { // or the list is over, and begun anew
		done := g.icmp(enum.IPredUGE, it.shared(ItemDone), pieces)
		return g.or(done, g.icmp(enum.IPredNE, g.lshr(it.shared(ItemClaim), ClaimBits), epoch))
	}, next, late)
	late.NewRet(i)

	g.block = next
	i.Incs = append(i.Incs, llvm.NewIncoming(g.add(i, one), next))
	next.NewBr(head)
}

func (m *Module) addAwait() {
	word, spins := llvm.NewParam("word", pointer{}), llvm.NewParam("spins", types.I64)
	f := m.module.NewFunc(Waiter, types.Void, word, spins)
	g := &gen{Module: m, fn: f, block: f.NewBlock("entry")}
	done := f.NewBlock("")
	g.spin(spins, func() value.Value {
		return g.icmp(enum.IPredNE, item{g, word}.shared(0), constant.NewInt(types.I64, 0))
	}, done, done)
	done.NewRet(nil)
}

// spin goes on to done when a condition holds, and to late after having looked spins times. It ends the block.
func (g *gen) spin(spins value.Value, holds func() value.Value, done, late *llvm.Block) {
	entry, look, pause, yield, again := g.block, g.fn.NewBlock(""), g.fn.NewBlock(""), g.fn.NewBlock(""), g.fn.NewBlock("")
	entry.NewBr(look)

	g.block = look
	spun := look.NewPhi(llvm.NewIncoming(constant.NewInt(types.I64, 0), entry))
	look.NewCondBr(holds(), done, pause)

	g.block = pause
	var hint []value.Value
	for _, n := range g.machine.PauseHint {
		hint = append(hint, constant.NewInt(types.I32, n))
	}
	pause.NewCall(g.intrinsic(g.machine.Pause, types.Void, hint), hint...)
	more := g.add(spun, constant.NewInt(types.I64, 1))
	pause.NewCondBr(g.icmp(enum.IPredEQ, g.and(more, g.bits(more, yieldEach-1)), g.bits(more, 0)), yield, again)

	call := g.machine.Yield
	yield.NewCall(&llvm.InlineAsm{
		Asm: call.Asm, Constraint: call.Constraint, SideEffect: true, Typ: types.NewPointer(types.NewFunc(types.I64, types.I64)),
	}, constant.NewInt(types.I64, call.Number))
	yield.NewBr(again)

	spun.Incs = append(spun.Incs, llvm.NewIncoming(more, again))
	again.NewCondBr(again.NewICmp(enum.IPredULT, more, spins), look, late)
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
