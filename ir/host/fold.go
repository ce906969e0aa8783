package host

// fold is the loops of a reduction, from elements of T to accumulators of A. A is wide enough that sums of narrow types
// need no special care: float64 for real floats, complex128 for complex numbers.
type fold[T, A Wide] struct {
	init   A
	row    func(acc A, x []T) A // all of x into one accumulator
	column func(acc []A, x []T) // x[i] into acc[i]
	merge  func(acc, part []A)  // accumulators of later elements into those of earlier ones
	finish func(acc []A, n int) // what is left to do with accumulators of n elements; may be nil
}

type realNumber interface {
	int64 | uint64 | float32 | float64
}

type complexNumber interface{ complex64 | complex128 }

// foldReal gives the loops for real numbers, whose lowest and highest values are told; row is nil for a reduction that
// they do not have.
func foldReal[T, A realNumber](r Reduction, lowest, highest A) fold[T, A] {
	switch r {
	case ReduceSum:
		return fold[T, A]{row: sumRow[T, A], column: sumColumn[T, A], merge: sumColumn[A, A]}
	case ReduceProd:
		return fold[T, A]{init: 1, row: prodRow[T, A], column: prodColumn[T, A], merge: prodColumn[A, A]}
	case ReduceMax:
		return fold[T, A]{init: lowest, row: maxRow[T, A], column: maxColumn[T, A], merge: maxColumn[A, A]}
	case ReduceMin:
		return fold[T, A]{init: highest, row: minRow[T, A], column: minColumn[T, A], merge: minColumn[A, A]}
	}
	return fold[T, A]{}
}

// foldFloat adds the mean to foldReal.
func foldFloat[T float32 | float64](r Reduction, infinity float64) fold[T, float64] {
	if r != ReduceMean {
		return foldReal[T](r, -infinity, infinity)
	}
	f := foldReal[T](ReduceSum, -infinity, infinity)
	f.finish = func(acc []float64, n int) {
		for i := range acc {
			acc[i] /= float64(n)
		}
	}
	return f
}

func foldComplex[T complexNumber](r Reduction) fold[T, complex128] {
	switch r {
	case ReduceProd:
		return fold[T, complex128]{init: 1, row: prodComplexRow[T], column: prodComplexColumn[T], merge: prodComplexColumn[complex128]}
	case ReduceSum, ReduceMean:
		f := fold[T, complex128]{row: sumComplexRow[T], column: sumComplexColumn[T], merge: sumComplexColumn[complex128]}
		if r == ReduceMean {
			f.finish = func(acc []complex128, n int) {
				for i, x := range acc { // in parts, so that an infinite one does not make the other NaN
					acc[i] = complex(real(x)/float64(n), imag(x)/float64(n))
				}
			}
		}
		return f
	}
	return fold[T, complex128]{}
}

func foldBool(r Reduction) fold[bool, bool] {
	switch r {
	case ReduceAny, ReduceMax:
		return fold[bool, bool]{row: anyRow, column: anyColumn, merge: anyColumn}
	case ReduceAll, ReduceMin:
		return fold[bool, bool]{init: true, row: allRow, column: allColumn, merge: allColumn}
	}
	return fold[bool, bool]{}
}

func sumRow[T, A realNumber](acc A, x []T) A {
	var a, b, c, d A // four chains, so that an addition need not wait for the one before
	for ; len(x) >= 4; x = x[4:] {
		a += A(x[0])
		b += A(x[1])
		c += A(x[2])
		d += A(x[3])
	}
	for _, v := range x {
		a += A(v)
	}
	return acc + ((a + b) + (c + d))
}

func sumColumn[T, A realNumber](acc []A, x []T) {
	x = x[:len(acc)]
	for i := range acc {
		acc[i] += A(x[i])
	}
}

func prodRow[T, A realNumber](acc A, x []T) A {
	for _, v := range x {
		acc *= A(v)
	}
	return acc
}

func prodColumn[T, A realNumber](acc []A, x []T) {
	x = x[:len(acc)]
	for i := range acc {
		acc[i] *= A(x[i])
	}
}

// A comparison with NaN is false, so the loops for maximum and minimum take a NaN by its own test and keep it.

func maxRow[T, A realNumber](acc A, x []T) A {
	for _, v := range x {
		if a := A(v); a > acc || a != a {
			acc = a
		}
	}
	return acc
}

func maxColumn[T, A realNumber](acc []A, x []T) {
	x = x[:len(acc)]
	for i := range acc {
		if a := A(x[i]); a > acc[i] || a != a {
			acc[i] = a
		}
	}
}

func minRow[T, A realNumber](acc A, x []T) A {
	for _, v := range x {
		if a := A(v); a < acc || a != a {
			acc = a
		}
	}
	return acc
}

func minColumn[T, A realNumber](acc []A, x []T) {
	x = x[:len(acc)]
	for i := range acc {
		if a := A(x[i]); a < acc[i] || a != a {
			acc[i] = a
		}
	}
}

func sumComplexRow[T complexNumber](acc complex128, x []T) complex128 {
	for _, v := range x {
		acc += complex128(v)
	}
	return acc
}

func sumComplexColumn[T complexNumber](acc []complex128, x []T) {
	for i, v := range x[:len(acc)] {
		acc[i] += complex128(v)
	}
}

func prodComplexRow[T complexNumber](acc complex128, x []T) complex128 {
	for _, v := range x {
		acc *= complex128(v)
	}
	return acc
}

func prodComplexColumn[T complexNumber](acc []complex128, x []T) {
	for i, v := range x[:len(acc)] {
		acc[i] *= complex128(v)
	}
}

func anyRow(acc bool, x []bool) bool {
	for _, v := range x {
		acc = acc || v
	}
	return acc
}

func anyColumn(acc, x []bool) {
	for i, v := range x[:len(acc)] {
		acc[i] = acc[i] || v
	}
}

func allRow(acc bool, x []bool) bool {
	for _, v := range x {
		acc = acc && v
	}
	return acc
}

func allColumn(acc, x []bool) {
	for i, v := range x[:len(acc)] {
		acc[i] = acc[i] && v
	}
}
