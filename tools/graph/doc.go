// Package graph draws functions of the IR: a [Tree] nests their operations in the modules of the PyTorch model, a [Scene]
// places the boxes and edges of a tree of which some modules are open, and SVG and DOT are written of a scene. It knows
// nothing of browsers; all results are the same for the same input.
package graph
