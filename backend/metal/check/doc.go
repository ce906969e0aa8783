// Package check runs Metal Shading Language on the processor and says what is wrong with it.
//
// A text goes through these steps:
//
//  1. The lexical pass ([Compile]) splits the text into tokens, refuses what the checker cannot answer for (lint.go), finds
//     the kernels and puts a call in place of each threadgroup variable. Lines and almost all columns stay what they were.
//  2. clang parses it with address spaces as part of the types, which finds pointers that change theirs.
//  3. clang compiles it against the header in shim/, address spaces erased, with a call before each load and store.
//  4. A child process runs the dispatch: each thread is a fiber, 32 make a simd group. It may write to its output and end;
//     the system refuses it anything else. It reports by address; lines come from the executable's debug information.
//
// What is undefined in Metal and defined here: a simd operation with lanes missing takes the lanes that came, and is
// reported; a thread stops at its first access outside of memory; threads take turns, so that one that spins for another hangs
// until its time is over. Memory that nobody wrote holds bytes of 0xff. Vectors of 32 bytes (long4) are not supported.
// fast:: and precise:: are both accurate, nothing is contracted to a fused multiply-add, and denormal numbers are kept.
package check
