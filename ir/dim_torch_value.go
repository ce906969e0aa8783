package ir

import "fmt"

// dimTorchValue is a PyTorch expression: a condition, the exact fraction num/den, or what floats make of one, step by step.
type dimTorchValue struct {
	isCond   bool
	cond     guardClauses
	num, den Dim
	float    string    // the head that made it a float; empty for an integer or rational
	rounded  bool      // the float may be off the exact fraction by a rounding
	steps    *dimFloat // instead of num/den, for floats that are rounded more than once or have no short fraction
}

func dimTorchInt(d Dim) dimTorchValue { return dimTorchValue{num: d, den: Const(1)} }

// checked reports overflows and divisions by zero as errors, and reduces the fraction by an integer. For sizes below 2^53 a float is exact as long as its
// denominator is a power of two.
func (v dimTorchValue) checked() (dimTorchValue, error) {
	if v.steps != nil {
		return v, v.steps.err
	}
	if bad := dimFirstInvalid(v.num, v.den); bad != nil {
		return v, bad.Err()
	}
	n, isConst := v.den.IsConst()
	if isConst && n == 0 && !v.isCond {
		return v, fmt.Errorf("dimension divided by zero: %v / 0", v.num)
	}
	if common := dimCommonFactor(v.num, v.den); isConst && n != 1 && !v.isCond {
		if n < 0 {
			common = common.Neg()
		}
		if common.x == nil {
			v.num, _ = dimDivideExactly(v.num, common)
			v.den, _ = dimDivideExactly(v.den, common)
			n = v.den.c
		}
	}
	v.rounded = v.float != "" && (!isConst || n&(n-1) != 0)
	return v, nil
}

// dim is the value as a Dim; a fraction must divide without a remainder.
func (v dimTorchValue) dim(head string) (Dim, error) {
	switch {
	case v.isCond:
		return Dim{}, &DimHeadError{head, "a condition stands where an integer is expected"}
	case v.float != "":
		return Dim{}, &DimHeadError{v.float, "it is a floating-point value"}
	case v.den.Equal(Const(1)):
		return v.num, nil
	}
	if q, ok := dimDivideExactly(v.num, v.den); ok {
		return q, nil
	}
	if _, isConst := v.den.IsConst(); isConst {
		return Dim{}, &DimHeadError{"Rational", fmt.Sprintf("(%v)/%v is not always an integer", v.num, v.den)}
	}
	return Dim{}, &DimHeadError{"Pow", fmt.Sprintf("(%v)/(%v) is not always an integer", v.num, v.den)}
}

// number refuses conditions.
func (v dimTorchValue) number(head string) error {
	if v.isCond {
		return &DimHeadError{head, "a condition stands where a number is expected"}
	}
	return nil
}

// inexact reports a float that is used further as what it was rounded to.
func (v dimTorchValue) inexact() bool { return v.rounded || v.steps != nil }

// asSteps is a number as the floats that PyTorch computes it by.
func (v dimTorchValue) asSteps() *dimFloat {
	switch {
	case v.steps != nil:
		return v.steps
	case v.den.Equal(Const(1)):
		return dimFloatSize(v.num)
	}
	return dimFloatSize(v.num).div(dimFloatSize(v.den))
}

func (v dimTorchValue) neg() dimTorchValue {
	v.num = v.num.Neg()
	if v.steps != nil {
		v.steps = v.steps.neg()
	}
	return v
}
