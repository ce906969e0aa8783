// Package cuda runs Metal Shading Language on an NVIDIA GPU: the very text that package check runs on the CPU, compiled by clang to PTX
// with a half of the header of its own (shim/) and no CUDA SDK, and run by the driver's library, libcuda.
//
// It is a test vehicle: it shows that generated and hand-written kernels give the right numbers on a real GPU, with real simd groups, caches
// and concurrency, where no Mac is at hand. How fast a kernel is here says nothing about Metal.
//
// A simd group is a warp, a threadgroup a block, threadgroup memory shared memory. Nothing is contracted to a fused multiply-add,
// denormal numbers are kept, reductions have the checker's order, and simdgroup matrices are multiplied in float by shuffles, so that results
// differ from the checker's by the last bits of a function at most. What is undefined in Metal is not watched for: run only what
// the checker found nothing in, as a kernel whose lanes miss each other hangs here.
package cuda
