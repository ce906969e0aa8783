package schedule

// EntriesFor are the schedules for a target, special ones before general ones.
func EntriesFor(t Target) []Entry {
	if t.gpu() {
		return gpuEntries()
	}
	return cpuEntries()
}

// cpuEntries are the schedules for CPUs.
func cpuEntries() []Entry {
	return []Entry{
		{
			Name:    "attention",
			Doc:     "nn.sdpa by an online softmax over blocks of keys: lanes along queries where there are many, along rows where there are few.",
			Applies: (*Group).needsAttention,
			Make:    makeAttention,
		},
		{
			Name:    "depthwise",
			Doc:     "Convolutions of single channels: the window's elements, one after the other, for vectors of pixels.",
			Applies: (*Group).needsDepthwise,
			Make:    makeDepthwise,
		},
		{
			Name:    "bytes",
			Doc:     "Products with compressed weights where activations may be rounded to 8 bits: sums of integers, scaled block by block.",
			Applies: (*Group).needsBytes,
			Make:    makeBytes,
		},
		{
			Name:    "panels",
			Doc:     "Products of few rows with compressed weights, packed by columns: codes become numbers in registers, a scale is applied to sums.",
			Applies: (*Group).needsPanels,
			Make:    makePanels,
		},
		{
			Name:    "windows",
			Doc:     "Convolutions with channels last: tiles of pixels by vectors of channels, whose windows are read where they lie or from a copy with zeros around.",
			Applies: (*Group).needsLastConv,
			Make:    makeLastConv,
		},
		{
			Name:    "dots",
			Doc:     "Products of few rows with compressed weights: the codes are read where they lie.",
			Applies: (*Group).needsRows,
			Make:    makeRows,
		},
		{
			Name:    "product",
			Doc:     "Matrix products and convolutions: tiles of the result stay in registers, operands are packed in the order they are read.",
			Applies: (*Group).needsProduct,
			Make:    makeProduct,
		},
		{
			Name:    "grouped",
			Doc:     "Runs of rows times a matrix each: rows find theirs, lanes are columns.",
			Applies: (*Group).needsGrouped,
			Make:    makeGrouped,
		},
		{
			Name:    "scan",
			Doc:     "Sums and products up to each place: a number, or a vector of them, is carried along the axis.",
			Applies: (*Group).needsScan,
			Make:    makeScan,
		},
		{
			Name:    "scatter",
			Doc:     "What is written to places that are computed: a copy, into which one thread for each row or column writes in order.",
			Applies: (*Group).needsScatter,
			Make:    makeScatter,
		},
		{
			Name:    "rows",
			Doc:     "Softmax, norms and reductions: the reductions of a row, then its elements, while the row is in the cache.",
			Applies: (*Group).needsReductions,
			Make:    makeNest,
		},
		{
			Name:    "elementwise",
			Doc:     "Everything whose elements do not depend on each other: as few loops as the shapes allow, by vectors.",
			Applies: (*Group).needsNoReduction,
			Make:    makeNest,
		},
	}
}

// gpuEntries are the schedules for GPUs. The last two make a kernel of every group whose operations the emitter knows.
func gpuEntries() []Entry {
	return []Entry{
		{
			Name:    "attention",
			Doc:     "nn.sdpa by an online softmax over blocks of keys: 8x8 matrices where there are many queries, SIMD groups along rows where there are few.",
			Applies: (*Group).needsAttention,
			Make:    makeGPUAttention,
		},
		{
			Name:    "codes",
			Doc:     "Products of few rows with weights that are codes with scales: codes are multiplied as they lie, scales are applied to sums.",
			Applies: (*Group).needsCodes,
			Make:    makeCodes,
		},
		{
			Name:    "dots",
			Doc:     "Products of few rows with columns along k, such as weights, compressed or not: a SIMD group for a few columns, threads along k.",
			Applies: (*Group).needsDots,
			Make:    makeDots,
		},
		{
			Name:    "columns",
			Doc:     "Products of few rows with columns side by side: threads along columns, SIMD groups share k.",
			Applies: (*Group).needsColumns,
			Make:    makeColumns,
		},
		{
			Name:    "tiles",
			Doc:     "Products and convolutions by 8x8 matrices in registers, whose factors go through shared memory.",
			Applies: (*Group).needsTiles,
			Make:    makeTiled,
		},
		{
			Name:    "scan",
			Doc:     "Sums and products up to each place: a thread for each number, or vector of them, that is carried along the axis.",
			Applies: (*Group).needsScan,
			Make:    makeScan,
		},
		{
			Name:    "scatter",
			Doc:     "What is written to places that are computed: a copy, into which one thread for each row or column writes in order.",
			Applies: (*Group).needsScatter,
			Make:    makeScatter,
		},
		{
			Name:    "grouped",
			Doc:     "Runs of rows times a matrix each: rows find theirs, and a thread goes over each column.",
			Applies: (*Group).needsGrouped,
			Make:    makeGrouped,
		},
		{
			Name:    "rows",
			Doc:     "Softmax, norms and reductions of rows: a SIMD group, or a group of threads, for each row, which stays in registers where it is short.",
			Applies: (*Group).needsRowTeams,
			Make:    makeRowTeams,
		},
		{
			Name:    "squares",
			Doc:     "Transpositions: squares go through shared memory, so that threads lie along what is read and what is written.",
			Applies: (*Group).needsSquares,
			Make:    makeSquares,
		},
		{
			Name:    "elementwise",
			Doc:     "A thread for each result, or vector of neighbours; a thread goes alone over what is reduced.",
			Applies: (*Group).needsNothing,
			Make:    makeNest,
		},
	}
}

// needsNothing is for schedules that any group may be tried with.
func (g *Group) needsNothing(Target) string { return "" }

// needsReductions says why a group has no reductions.
func (g *Group) needsReductions(Target) string { return g.needsReduction(true) }

// needsNoReduction says why a group has some.
func (g *Group) needsNoReduction(Target) string { return g.needsReduction(false) }

// needsReduction says why a group that shall have reductions, or none, is not such a group.
func (g *Group) needsReduction(want bool) string {
	e, err := g.Expanded()
	if err != nil {
		return err.Error()
	}
	has := false
	for _, op := range e.Body {
		_, reduces := reducedAxes(op)
		has = has || reduces
	}
	switch {
	case has && !want:
		return "it has reductions"
	case !has && want:
		return "it has no reduction"
	}
	return ""
}
