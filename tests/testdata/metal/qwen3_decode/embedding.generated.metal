#include <metal_stdlib>
using namespace metal;

// nn.embedding, which gives tensor<1x1x1024xf32>.
//
//   x0: f32[155582464], operand 0, read
//   x1: i64[1], operand 1, read
//   y: f32[1024], result 0, written
//   status: i32[1], status: not 0 after a mistake in the data, written
//   256 threads in groups of 256
kernel void embedding_a863140b(
    device const float* x0 [[buffer(0)]],
    device const long* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    device int* status [[buffer(3)]],
    uint group_x [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]]) {
  uint x = 256 * group_x + t;
  long x1_v = x1[0];
  long v = x1_v < 0L ? 9223372036854775807L : x1_v;
  long v2 = v < 0L ? long(ulong(v) + ulong(long(151936))) : v;
  uint at = uint(v2 < 0L ? 0L : v2 > 151935L ? 151935L : v2);
  if (long(at) != v2) atomic_store_explicit((device atomic_int*)status, 1, memory_order_relaxed);
  float4 x0_v = *(device const float4*)(x0 + 1024 * at + 4 * x);
  *(device float4*)(y + 4 * x) = x0_v;
}
