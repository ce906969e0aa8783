package host

// Promote is the element type in which PyTorch computes with two tensors of equal standing. Of a type and Invalid it is
// the type. The width of floats and complex numbers counts, and a signed integer holds both integers where one can.
func Promote(a, b Elem) Elem {
	if a == Invalid || a == b {
		return b
	}
	if b == Invalid {
		return a
	}
	ka, kb := a.rank(), b.rank()
	if ka > kb {
		a, b, ka, kb = b, a, kb, ka
	}
	switch {
	case a == F64 && kb == KindComplex:
		return C128
	case ka != kb:
		return b
	case ka == KindInt && a.Kind() != b.Kind():
		return signedFor(a, b)
	case ka == KindFloat && a.Bits() == b.Bits(): // f16 with bf16
		return F32
	case a.Bits() > b.Bits():
		return a
	}
	return b
}

// rank is the kind for promotion, where signed and unsigned integers are one.
func (e Elem) rank() Kind {
	if e.Kind() == KindUint {
		return KindInt
	}
	return e.Kind()
}

// signedFor is the narrowest signed type that holds an unsigned and a signed one; i64 where none does.
func signedFor(a, b Elem) Elem {
	if a.Kind() == KindInt {
		a, b = b, a
	}
	for _, e := range []Elem{I8, I16, I32} {
		if e.Bits() > a.Bits() && e.Bits() >= b.Bits() {
			return e
		}
	}
	return I64
}
