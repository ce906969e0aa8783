package schedule

// gpuEntries are the schedules for GPUs. The last two make a kernel of every group whose operations the emitter knows.
func gpuEntries() []Entry {
	return []Entry{
		{
			Name:    "attention",
			Doc:     "nn.sdpa by an online softmax over blocks of keys: 8x8 matrices where there are many queries, SIMD groups along rows where there are few.",
			Applies: attends,
			Make:    makeGPUAttention,
		},
		{
			Name:    "dots",
			Doc:     "Products of few rows with columns along k, such as weights, compressed or not: a SIMD group for a few columns, threads along k.",
			Applies: func(g *Group, _ Target) string { return g.needsDots() },
			Make:    makeDots,
		},
		{
			Name:    "columns",
			Doc:     "Products of few rows with columns side by side: threads along columns, SIMD groups share k.",
			Applies: func(g *Group, _ Target) string { return g.needsColumns() },
			Make:    makeColumns,
		},
		{
			Name:    "tiles",
			Doc:     "Products and convolutions by 8x8 matrices in registers, whose factors go through shared memory.",
			Applies: func(g *Group, _ Target) string { return g.needsTiles() },
			Make:    makeTiled,
		},
		{
			Name:    "scan",
			Doc:     "Sums and products up to each place: a thread for each number, or vector of them, that is carried along the axis.",
			Applies: func(g *Group, _ Target) string { return g.needsScan() },
			Make:    makeScan,
		},
		{
			Name:    "scatter",
			Doc:     "What is written to places that are computed: a copy, into which one thread for each row or column writes in order.",
			Applies: func(g *Group, _ Target) string { return g.needsScatter() },
			Make:    makeScatter,
		},
		{
			Name:    "grouped",
			Doc:     "Runs of rows times a matrix each: rows find theirs, and a thread goes over each column.",
			Applies: func(g *Group, _ Target) string { return g.needsGrouped() },
			Make:    makeGrouped,
		},
		{
			Name:    "rows",
			Doc:     "Softmax, norms and reductions of rows: a SIMD group, or a group of threads, for each row, which stays in registers where it is short.",
			Applies: func(g *Group, _ Target) string { return g.needsRowTeams() },
			Make:    makeRowTeams,
		},
		{
			Name:    "elementwise",
			Doc:     "A thread for each result, or vector of neighbours; a thread goes alone over what is reduced.",
			Applies: func(*Group, Target) string { return "" },
			Make:    makeNest,
		},
	}
}
