// Package sides chooses what the sides of a comparison are: which passes a model is opened with, and what both sides are called with. The
// command compare and the debugger choose alike.
package sides
