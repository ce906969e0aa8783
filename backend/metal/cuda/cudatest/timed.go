package cudatest

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/aiopt/aiopt/backend/metal/check"
	"github.com/aiopt/aiopt/backend/metal/check/checktest"
	"github.com/aiopt/aiopt/backend/metal/cuda"
	"github.com/aiopt/aiopt/backend/metal/launch"
)

// Timed is a kernel of testdata/bench.metal at a size.
type Timed struct {
	Kernel string // its name
	Size   string // in words
	Work   cuda.Work
	Make   func() check.Dispatch
}

// Random gives numbers between -2 and 2, which are the same for the same seed.
func Random(dtype string, n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	width := launch.ElementBytes(dtype)
	b := make([]byte, n*width)
	switch dtype {
	case "f32", "f16", "bf16":
		const period = 1 << 16 // enough to be without a pattern in a row, and quick to make
		m := min(n, period)
		for i := range m {
			checktest.PutFloat(b[i*width:], dtype, 4*r.Float32()-2)
		}
		for at := m * width; at < len(b); {
			at += copy(b[at:], b[:at])
		}
	default:
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	return b
}

func words(list ...uint32) []byte {
	var b []byte
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// dispatch binds buffers: those that are nil are written, of so many bytes as size says.
func dispatch(kernel string, threads, group [3]int, args ...part) check.Dispatch {
	d := check.Dispatch{Threads: threads, Launch: launch.Kernel{Function: kernel, ABI: launch.Buffers, Threadgroup: group}}
	for i, a := range args {
		p := launch.Param{Name: string(rune('a' + i)), Kind: launch.Buffer, DType: a.dtype, Access: launch.Read}
		if a.bytes == nil {
			p.Access, a.bytes = launch.Write, make([]byte, a.n*launch.ElementBytes(a.dtype))
		}
		d.Launch.Params = append(d.Launch.Params, p)
		d.Args = append(d.Args, check.Arg{Bytes: a.bytes})
	}
	return d
}

type part struct {
	dtype string
	n     int    // elements, of what is written
	bytes []byte // of what is read
}

func read(dtype string, n int, seed uint64) part {
	return part{dtype: dtype, bytes: Random(dtype, n, seed)}
}
func write(dtype string, n int) part { return part{dtype: dtype, n: n} }

// ByThread is an elementwise kernel of four numbers a thread.
func ByThread(kernel, dtype string, inputs, n int) check.Dispatch {
	var args []part
	for i := range inputs {
		args = append(args, read(dtype, n, uint64(i)))
	}
	return dispatch(kernel, [3]int{n / 4, 1, 1}, [3]int{256, 1, 1}, append(args, write(dtype, n))...)
}

// ByRow is a kernel with a group for each row of 4096.
func ByRow(kernel, dtype string, rows int, weights bool) check.Dispatch {
	args := []part{read(dtype, rows*4096, 1)}
	if weights {
		args = append(args, read(dtype, 4096, 2))
	}
	return dispatch(kernel, [3]int{256 * rows, 1, 1}, [3]int{256, 1, 1}, append(args, write(dtype, rows*4096))...)
}

// Gemv is y = W x with W in 4 bits.
func Gemv(rows, columns int) check.Dispatch {
	blocks := columns / 32
	return dispatch("w4_gemv_f16", [3]int{(rows + 7) / 8 * 256, 1, 1}, [3]int{256, 1, 1}, read("u32", rows*blocks*4, 1), read("f16", rows*blocks, 2), read("f16", rows*blocks, 3),
		read("f16", columns, 4), write("f16", rows), part{dtype: "u32", bytes: words(uint32(rows), uint32(blocks))})
}

// Gemm is C = A B of squares.
func Gemm(n int) check.Dispatch {
	return dispatch("gemm_f16", [3]int{n / 64 * 128, n / 64, 1}, [3]int{128, 1, 1}, read("f16", n*n, 1), read("f16", n*n, 2), write("f32", n*n),
		part{dtype: "u32", bytes: words(uint32(n), uint32(n), uint32(n), 0)})
}

// Small are the kernels at sizes that the checker runs in a moment.
func Small() []check.Dispatch {
	return []check.Dispatch{
		ByThread("add_f32", "f32", 2, 4*300), ByThread("silu_f32", "f32", 1, 4*300), ByThread("silu_f16", "f16", 1, 4*300),
		ByRow("softmax_f32", "f32", 3, false), ByRow("softmax_f16", "f16", 3, false), ByRow("rms_norm_f16", "f16", 3, true), Gemv(13, 1056), Gemm(64),
	}
}

// Large are the kernels at the sizes that are measured: tensors of 256 MiB, which no cache holds.
func Large() []Timed {
	const n, rows = 64 << 20, 16 << 10
	const f32, f16 = 4.0, 2.0
	const m, k = 32 << 10, 16 << 10
	return []Timed{
		{"add_f32", "64M", cuda.Work{Bytes: 3 * f32 * n, Flops: n}, func() check.Dispatch { return ByThread("add_f32", "f32", 2, n) }},
		{"silu_f32", "64M", cuda.Work{Bytes: 2 * f32 * n}, func() check.Dispatch { return ByThread("silu_f32", "f32", 1, n) }},
		{"silu_f16", "128M", cuda.Work{Bytes: 2 * f16 * 2 * n}, func() check.Dispatch { return ByThread("silu_f16", "f16", 1, 2*n) }},
		{"softmax_f32", "16384x4096", cuda.Work{Bytes: 2 * f32 * rows * 4096}, func() check.Dispatch { return ByRow("softmax_f32", "f32", rows, false) }},
		{"softmax_f16", "32768x4096", cuda.Work{Bytes: 2 * f16 * 2 * rows * 4096}, func() check.Dispatch { return ByRow("softmax_f16", "f16", 2*rows, false) }},
		{"rms_norm_f16", "32768x4096", cuda.Work{Bytes: 2 * f16 * 2 * rows * 4096}, func() check.Dispatch { return ByRow("rms_norm_f16", "f16", 2*rows, true) }},
		{"w4_gemv_f16", "32768x16384", cuda.Work{Bytes: m * k * (0.5 + 4.0/32), Flops: 2 * m * k}, func() check.Dispatch { return Gemv(m, k) }},
		{"gemm_f16", "2048", cuda.Work{Bytes: 8 * 2048 * 2048, Flops: 2 * 2048 * 2048 * 2048}, func() check.Dispatch { return Gemm(2048) }},
	}
}
