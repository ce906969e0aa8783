package ir

// DimTerm is a product with an integer coefficient: one summand of a [Dim].
type DimTerm struct {
	Coef    int64
	Factors []DimFactor // at least one; a power is a repetition
}

// DimFactor is one factor of a term. What it is, its kind says.
type DimFactor struct {
	Kind DimFactorKind
	Name string // of a symbol
	Args []Dim  // two of a floor division, two or more of a minimum or maximum
}

// DimFactorKind says what a factor is.
type DimFactorKind uint8

// The kinds of factors. A rounded float has no parts that integer arithmetic could compute.
const (
	FactorSymbol DimFactorKind = iota
	FactorFloorDiv
	FactorMin
	FactorMax
	FactorRounded
)

// Terms takes a valid d apart, in its canonical order: d is the sum of the terms and the constant. Code generators turn
// sizes and indices into instructions by it.
func (d Dim) Terms() (terms []DimTerm, constant int64) {
	for _, t := range d.terms() {
		term := DimTerm{Coef: t.coef}
		for _, a := range t.product {
			f := DimFactor{Kind: DimFactorKind(a.kind), Args: a.args}
			if a.kind == dimSymbol {
				f.Name = a.text
			}
			term.Factors = append(term.Factors, f)
		}
		terms = append(terms, term)
	}
	return terms, d.c
}
