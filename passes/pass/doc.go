// Package pass is the frame that compiler passes run in.
//
// A [Pass] is a struct made by a constructor: a name, a sentence, typed options and a function over a module. A
// [Pipeline] is a list of passes written as text, such as `decompose, fuse, w4{group=32}`. A [Runner] runs one: before
// hooks, the pass, the verifier, after hooks; dumping, timing, numeric verification and the crash reproducer are all
// [Hook] values. A [Set] holds the passes and the named pipelines that a program knows.
//
// The package knows no pass and no backend; a pass that must compute asks its [Context] for an [Executor].
package pass
