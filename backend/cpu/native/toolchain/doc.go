// Package toolchain turns LLVM IR into loaded code with the `llc` and linker that a machine has, and keeps what it made.
//
// The objects it loads are its own: they lie in the user's cache below a folder that only the user may read, named by a
// hash of all that made them, beside a note with their own hash and the processor features that they need. One that does
// not agree with its note, or needs what the processor lacks, is made again.
package toolchain
