package lower

// Standard is the table of the lowerings that aiopt comes with.
func Standard() *Table {
	t := NewTable()
	for _, family := range []func(*Table){
		identities,
		symbolics,
		creations,
		windows,
		pointwise,
		binaries,
		specials,
		shapes,
		joins,
		repeats,
		diagonals,
		pads,
		strided,
		indexing,
		scattering,
		histograms,
		reductions,
		statistics,
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
		quantizing,
		fakeQuantizing,
		torchao,
		coreai,
		vision,
		primitives,
		demos,
	} {
		family(t)
	}
	t.noteLimits()
	return t
}
