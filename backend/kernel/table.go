package kernel

import (
	"fmt"
	"slices"

	"github.com/aiopt/aiopt/ir/host"
)

// opSpec is what is known of an operation.
type opSpec struct {
	name  string
	args  int
	elems elemSet  // of the arguments, where the rule says nothing else
	rule  typeRule // the type of the result
}

// typeRule gives the type of an instruction's result from its arguments. The type that is asked for decides where the
// arguments do not. A problem is a text of what was found and what was expected.
type typeRule func(in *Instr, asked Type) (t Type, problem string)

type elemSet uint8

const (
	noElems   elemSet = iota
	anyElems          // all that a value may have
	wordElems         // integers and bool
	intElems
	floatElems // f32 and f64: narrower floats are only loaded, stored, moved and cast
	mathElems  // integers, f32, f64
	boolElems
)

var elemSets = [...]struct {
	doc  string
	list []host.Elem
}{
	noElems:    {"nothing", nil},
	anyElems:   {"a number of at least a byte", []host.Elem{host.Bool, host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64, host.F16, host.BF16, host.F32, host.F64}},
	wordElems:  {"an integer or bool", []host.Elem{host.Bool, host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64}},
	intElems:   {"an integer", []host.Elem{host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64}},
	floatElems: {"f32 or f64", []host.Elem{host.F32, host.F64}},
	mathElems:  {"an integer, f32 or f64", []host.Elem{host.I8, host.I16, host.I32, host.I64, host.U8, host.U16, host.U32, host.U64, host.F32, host.F64}},
	boolElems:  {"bool", []host.Elem{host.Bool}},
}

func (s elemSet) has(e host.Elem) bool { return slices.Contains(elemSets[s].list, e) }

// tileLanes are the elements of an 8x8 matrix.
const tileLanes = 64

var ops = [numOps]opSpec{
	Const:   {"const", 0, noElems, asAsked},
	Index:   {"index", 0, noElems, ruleIndex},
	Bind:    {"bind", 1, intElems, ruleBind},
	Within:  {"within", 0, noElems, ruleMask},
	Load:    {"load", 0, noElems, ruleLoad},
	Store:   {"store", 1, anyElems, ruleStore},
	Splat:   {"splat", 1, anyElems, ruleSplat},
	Lanes:   {"lanes", 0, noElems, ruleIndex},
	Shuffle: {"shuffle", -1, anyElems, ruleShuffle},
	Pick:    {"pick", 2, anyElems, rulePick},
	Cast:    {"cast", 1, anyElems, ruleCast},
	Bits:    {"bits", 1, anyElems, ruleBits},
	Select:  {"select", 3, anyElems, ruleSelect},

	Add:        {"add", 2, mathElems, same},
	Sub:        {"sub", 2, mathElems, same},
	Mul:        {"mul", 2, mathElems, same},
	Div:        {"div", 2, mathElems, same},
	Rem:        {"rem", 2, intElems, same},
	Min:        {"min", 2, mathElems, same},
	Max:        {"max", 2, mathElems, same},
	Neg:        {"neg", 1, mathElems, same},
	Abs:        {"abs", 1, mathElems, same},
	MulAdd:     {"muladd", 3, floatElems, same},
	And:        {"and", 2, wordElems, same},
	Or:         {"or", 2, wordElems, same},
	Xor:        {"xor", 2, wordElems, same},
	Not:        {"not", 1, wordElems, same},
	ShiftLeft:  {"shl", 2, intElems, same},
	ShiftRight: {"shr", 2, intElems, same},

	Equal:     {"eq", 2, mathElems, compared},
	Less:      {"lt", 2, mathElems, compared},
	LessEqual: {"le", 2, mathElems, compared},
	IsNaN:     {"isnan", 1, floatElems, compared},

	Sqrt:  {"sqrt", 1, floatElems, same},
	Rsqrt: {"rsqrt", 1, floatElems, same},
	Recip: {"recip", 1, floatElems, same},
	Exp:   {"exp", 1, floatElems, same},
	Exp2:  {"exp2", 1, floatElems, same},
	Log:   {"log", 1, floatElems, same},
	Log2:  {"log2", 1, floatElems, same},
	Sin:   {"sin", 1, floatElems, same},
	Cos:   {"cos", 1, floatElems, same},
	Tanh:  {"tanh", 1, floatElems, same},
	Erf:   {"erf", 1, floatElems, same},
	Floor: {"floor", 1, floatElems, same},
	Ceil:  {"ceil", 1, floatElems, same},
	Round: {"round", 1, floatElems, same},
	Trunc: {"trunc", 1, floatElems, same},

	Sum:      {"sum", 1, mathElems, toNumber},
	LanesMin: {"lanesmin", 1, mathElems, toNumber},
	LanesMax: {"lanesmax", 1, mathElems, toNumber},
	Any:      {"any", 1, boolElems, toNumber},
	All:      {"all", 1, boolElems, toNumber},

	DotBytes: {"dotbytes", 3, anyElems, ruleDot(4, host.U8, host.I8, host.I32)},
	DotHalf:  {"dothalf", 3, anyElems, ruleDot(2, host.BF16, host.BF16, host.F32)},

	Barrier:      {"barrier", 0, noElems, nothing},
	GroupSum:     {"groupsum", 1, mathElems, same},
	GroupMax:     {"groupmax", 1, mathElems, same},
	GroupMin:     {"groupmin", 1, mathElems, same},
	GroupShuffle: {"groupshuffle", 2, anyElems, ruleGroupShuffle},
	TileMulAdd:   {"tilemuladd", 3, anyElems, ruleTile},
	TileLoad:     {"tileload", 0, noElems, ruleLoad},
	TileStore:    {"tilestore", 1, anyElems, ruleStore},
	LoopInstr:    {"loop", 0, noElems, nothing},
	IfInstr:      {"if", 0, noElems, nothing},
}

// String is the name in the text form.
func (o Op) String() string {
	if o >= numOps {
		return fmt.Sprintf("op(%d)", uint8(o))
	}
	return ops[o].name
}

// String is the type in the text form, such as f32 or f32x16.
func (t Type) String() string {
	if t.Lanes == 1 {
		return t.Elem.String()
	}
	return fmt.Sprintf("%sx%d", t.Elem, t.Lanes)
}

// resultType gives the type of the instruction's result, the zero Type for one without a result.
func resultType(in *Instr, asked Type) (Type, string) {
	if in.Op >= numOps {
		return asked, "there is no such operation"
	}
	spec := ops[in.Op]
	if spec.args >= 0 && len(in.Args) != spec.args {
		return asked, fmt.Sprintf("found %d arguments, expected %d", len(in.Args), spec.args)
	}
	for i, a := range in.Args {
		if a == nil {
			return asked, fmt.Sprintf("argument %d is missing", i)
		}
		free := in.Op == Select && i == 0
		if set := spec.elems; !free && !set.has(a.Type.Elem) {
			return asked, fmt.Sprintf("argument %d is %s, expected %s", i, a.Type, elemSets[set].doc)
		}
	}
	t, problem := spec.rule(in, asked)
	if problem == "" && t != (Type{}) && (!anyElems.has(t.Elem) || t.Lanes < 1 || t.Lanes > maxLanes) {
		problem = fmt.Sprintf("the result is %s, expected %s with 1 to %d lanes", t, elemSets[anyElems].doc, maxLanes)
	}
	return t, problem
}

const maxLanes = 1024

func asAsked(_ *Instr, asked Type) (Type, string) { return asked, "" }
func nothing(*Instr, Type) (Type, string)         { return Type{}, "" }

// same demands equal types of all arguments and gives it.
func same(in *Instr, _ Type) (Type, string) {
	t := in.Args[0].Type
	for i, a := range in.Args {
		if a.Type != t {
			return t, fmt.Sprintf("argument %d is %s, expected %s as argument 0", i, a.Type, t)
		}
	}
	return t, ""
}

func compared(in *Instr, asked Type) (Type, string) {
	t, problem := same(in, asked)
	return Type{host.Bool, t.Lanes}, problem
}

func toNumber(in *Instr, _ Type) (Type, string) { return Type{in.Args[0].Type.Elem, 1}, "" }

func ruleIndex(_ *Instr, asked Type) (Type, string) {
	if asked.Elem != host.I64 && asked.Elem != host.I32 {
		return asked, fmt.Sprintf("the result is %s, expected i64 or i32", asked)
	}
	return asked, ""
}

func ruleMask(_ *Instr, asked Type) (Type, string) { return Type{host.Bool, asked.Lanes}, "" }

func ruleBind(in *Instr, _ Type) (Type, string) {
	if in.Args[0].Type.Lanes != 1 {
		return Type{}, fmt.Sprintf("argument 0 is %s, expected one number", in.Args[0].Type)
	}
	return Type{}, ""
}

func ruleLoad(in *Instr, asked Type) (Type, string) {
	if in.Buffer == nil {
		return asked, "the buffer is missing"
	}
	asked.Elem = in.Buffer.Elem
	if in.Op == TileLoad {
		asked.Lanes = tileLanes
	}
	return asked, maskProblem(in, asked.Lanes)
}

func ruleStore(in *Instr, _ Type) (Type, string) {
	t := in.Args[0].Type
	switch {
	case in.Buffer == nil:
		return Type{}, "the buffer is missing"
	case t.Elem != in.Buffer.Elem:
		return Type{}, fmt.Sprintf("argument 0 is %s, expected %s as buffer %s", t, in.Buffer.Elem, in.Buffer.Name)
	case in.Op == TileStore && t.Lanes != tileLanes:
		return Type{}, fmt.Sprintf("argument 0 has %d lanes, expected %d", t.Lanes, tileLanes)
	}
	return Type{}, maskProblem(in, t.Lanes)
}

func maskProblem(in *Instr, lanes int) string {
	if want := (Type{host.Bool, lanes}); in.Mask != nil && in.Mask.Type != want {
		return fmt.Sprintf("the mask is %s, expected %s", in.Mask.Type, want)
	}
	return ""
}

func ruleSplat(in *Instr, asked Type) (Type, string) {
	t := in.Args[0].Type
	if t.Lanes != 1 {
		return asked, fmt.Sprintf("argument 0 is %s, expected one number", t)
	}
	return Type{t.Elem, asked.Lanes}, ""
}

func ruleShuffle(in *Instr, asked Type) (Type, string) {
	if len(in.Args) != 1 && len(in.Args) != 2 {
		return asked, fmt.Sprintf("found %d arguments, expected 1 or 2", len(in.Args))
	}
	t, problem := same(in, asked)
	for _, l := range in.Lane {
		if l < 0 || l >= t.Lanes*len(in.Args) {
			problem = fmt.Sprintf("lane %d is outside the %d lanes of the arguments", l, t.Lanes*len(in.Args))
		}
	}
	return Type{t.Elem, len(in.Lane)}, problem
}

func rulePick(in *Instr, _ Type) (Type, string) {
	table, at := in.Args[0].Type, in.Args[1].Type
	switch {
	case table.Lanes&(table.Lanes-1) != 0:
		return table, fmt.Sprintf("argument 0 is %s, expected a power of two of lanes", table)
	case at.Elem != host.I32 && at.Elem != host.U32:
		return table, fmt.Sprintf("argument 1 is %s, expected i32 or u32", at)
	}
	return Type{table.Elem, at.Lanes}, ""
}

func ruleCast(in *Instr, asked Type) (Type, string) {
	return Type{asked.Elem, in.Args[0].Type.Lanes}, ""
}

func ruleBits(in *Instr, asked Type) (Type, string) {
	t := in.Args[0].Type
	if asked.Elem == host.Bool || t.Elem == host.Bool || asked.Elem.Bits() != t.Elem.Bits() {
		return asked, fmt.Sprintf("the bits of %s are not those of a %s", t, asked.Elem)
	}
	return Type{asked.Elem, t.Lanes}, ""
}

func ruleSelect(in *Instr, _ Type) (Type, string) {
	c, a, b := in.Args[0].Type, in.Args[1].Type, in.Args[2].Type
	switch {
	case a != b:
		return a, fmt.Sprintf("argument 2 is %s, expected %s as argument 1", b, a)
	case c != (Type{host.Bool, a.Lanes}):
		return a, fmt.Sprintf("argument 0 is %s, expected %s", c, Type{host.Bool, a.Lanes})
	}
	return a, ""
}

func ruleDot(times int, a, b, sum host.Elem) typeRule {
	return func(in *Instr, _ Type) (Type, string) {
		t := in.Args[2].Type
		want := []Type{{a, t.Lanes * times}, {b, t.Lanes * times}, {sum, t.Lanes}}
		for i, arg := range in.Args {
			if arg.Type != want[i] {
				return t, fmt.Sprintf("argument %d is %s, expected %s", i, arg.Type, want[i])
			}
		}
		return t, ""
	}
}

func ruleGroupShuffle(in *Instr, _ Type) (Type, string) {
	if t := in.Args[1].Type; t.Lanes != 1 || !intElems.has(t.Elem) {
		return in.Args[0].Type, fmt.Sprintf("argument 1 is %s, expected one integer", t)
	}
	return in.Args[0].Type, ""
}

// ruleTile takes two matrices of one type, f32 or narrower, and adds them to one of f32.
func ruleTile(in *Instr, _ Type) (Type, string) {
	t, sum := in.Args[0].Type, Type{host.F32, tileLanes}
	if t.Lanes != tileLanes || t.Elem != host.F32 && t.Elem != host.F16 && t.Elem != host.BF16 {
		return sum, fmt.Sprintf("argument 0 is %s, expected %d lanes of f32, f16 or bf16", t, tileLanes)
	}
	for i, want := range []Type{t, t, sum} {
		if in.Args[i].Type != want {
			return sum, fmt.Sprintf("argument %d is %s, expected %s", i, in.Args[i].Type, want)
		}
	}
	return sum, ""
}
