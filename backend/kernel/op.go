package kernel

// Op is what an instruction does. Arithmetic is on lanes; all arguments have the result's type unless the table says
// otherwise.
type Op uint8

// The operations.
const (
	Const   Op = iota // Number, or Int of integers and bools, in every lane
	Index             // an index as an integer, i64 or i32
	Bind              // makes an integer an index symbol with a bound
	Within            // a mask: lane i is true where Least <= Index + Stride*i <= Most
	Load              // from Buffer at Index, Index+Stride, ...
	Store             // Args[0] into Buffer
	Splat             // a number in every lane
	Lanes             // the numbers of the lanes, 0, 1, ..., as integers
	Shuffle           // lanes of one or two vectors by Lane
	Pick              // lanes of Args[0], whose number is a power of two, by the low bits of the 32-bit integers Args[1]
	Cast              // to another element type, rounded to nearest even; floats to integers toward zero, saturating, NaN 0; integers to narrower ones keep their low bits; f64 to f16 and bf16 by way of f32; to bool: not 0
	Bits              // the same bits as another element type of the same width
	Select            // Args[0] is a bool: Args[1] where it is true, else Args[2]

	Add
	Sub
	Mul
	Div // of integers: toward zero; the divisor is not 0 and the quotient fits
	Rem // of integers: of the dividend's sign; as for Div
	Min // of floats: NaN if one is
	Max
	Neg
	Abs
	MulAdd // Args[0]*Args[1] + Args[2], rounded once
	And
	Or
	Xor
	Not
	ShiftLeft  // by 0 to the width less one
	ShiftRight // of signed integers with the sign; by 0 to the width less one

	Equal
	Less
	LessEqual
	IsNaN

	Sqrt
	Rsqrt
	Recip
	Exp
	Exp2
	Log
	Log2
	Sin
	Cos
	Tanh
	Erf
	Floor
	Ceil
	Round // to nearest, halves to even
	Trunc

	Sum // of the lanes, in a fixed tree order, to one number
	LanesMin
	LanesMax
	Any
	All

	DotBytes // to i32 lanes: Args[2] + the sum over 4 neighbours of u8 Args[0] * i8 Args[1], which have 4 times the lanes
	DotHalf  // to f32 lanes: Args[2] + the sum over 2 neighbours of bf16 Args[0] * Args[1]

	Barrier      // threads of a group wait for each other; their writes to shared memory are seen
	GroupSum     // over the threads of a SIMD group
	GroupMax     // over the threads of a SIMD group; as Max of floats, NaN if one is
	GroupMin     // over the threads of a SIMD group; as Min
	GroupShuffle // the value that thread Args[1] of the SIMD group has
	TileMulAdd   // 8x8 matrices held by a SIMD group, 64 lanes in rows: Args[0]*Args[1] + Args[2], which is f32
	TileLoad     // an 8x8 matrix from Buffer at Index with rows Stride apart, or columns where it is Transposed
	TileStore    // an 8x8 matrix into Buffer, once for the SIMD group
	LoopInstr    // runs Loop
	IfInstr      // runs If
	numOps
)
