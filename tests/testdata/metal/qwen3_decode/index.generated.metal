#include <metal_stdlib>
using namespace metal;

// tensor.index, which gives tensor<1x128xf32>.
//
//   x0: f32[16384], operand 0, read
//   x1: i64[1], operand 1, read
//   y: f32[128], result 0, written
//   status: i32[1], status: not 0 after a mistake in the data, written
//   32 threads in groups of 32
kernel void index_3a158303(
    device const float* x0 [[buffer(0)]],
    device const long* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    device int* status [[buffer(3)]],
    uint group_x [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]]) {
  uint x = 32 * group_x + t;
  long x1_v = x1[0];
  long v = x1_v < 0L ? long(ulong(x1_v) + ulong(long(128))) : x1_v;
  uint at = uint(v < 0L ? 0L : v > 127L ? 127L : v);
  if (long(at) != v) atomic_store_explicit((device atomic_int*)status, 1, memory_order_relaxed);
  float4 x0_v = *(device const float4*)(x0 + 128 * at + 4 * x);
  *(device float4*)(y + 4 * x) = x0_v;
}
