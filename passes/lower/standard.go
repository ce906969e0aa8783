package lower

// Standard is the table of the lowerings that aiopt comes with.
func Standard() *Table {
	t := NewTable()
	for _, family := range []func(*Table){
		identities,
		symbolics,
		creations,
		pointwise,
		binaries,
		shapes,
		joins,
		diagonals,
		pads,
		strided,
		indexing,
		scattering,
		reductions,
		sorting,
		products,
		distances,
		linalg,
		fourier,
		convolutions,
		pools,
		resampling,
		norms,
		attentions,
		recurrents,
		losses,
	} {
		family(t)
	}
	return t
}
