// Package aiopt is the front door of the compiler: [Toolkit.Load] reads a model, [Toolkit.Build] runs passes over it,
// [Toolkit.Save] writes it, and a backend of the toolkit runs it.
//
//	tk := aiopt.Standard()
//	m, err := tk.Load("mlp.pt2", aiopt.LoadOptions{})
//	err = tk.Build(ctx, m, "decompose, fuse, w4", aiopt.BuildOptions{})
//	err = tk.Save(m, "mlp.airpkg")
//
// Programs with passes, lowerings or operations of their own start from [Standard] too; see docs/extending.md.
package aiopt
