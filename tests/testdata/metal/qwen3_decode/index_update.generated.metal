#include <metal_stdlib>
using namespace metal;

// state.index_update, which gives tensor<2x1x8x128x128xf32>.
//
//   x0: f32[262144], operand 0, read and written
//   x1: f32[1024], operand 1, read
//   x2: i64[1], operand 2, read
//   saved: f32[1024], what was there before, 0, written
//   places: i64[8], places of what was there before, 0, written
//   status: i32[1], status: not 0 after a mistake in the data, written
//   256 threads in groups of 256
kernel void index_update_ecc78556(
    device float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const long* x2 [[buffer(2)]],
    device float* saved [[buffer(3)]],
    device long* places [[buffer(4)]],
    device int* status [[buffer(5)]],
    uint group_x [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  uint x = lane + 32 * group_x;
  long x2_v = x2[0];
  long v = x2_v < 0L ? long(ulong(x2_v) + ulong(long(128))) : x2_v;
  uint at = uint(v < 0L ? 0L : v > 127L ? 127L : v);
  if (long(at) != v) atomic_store_explicit((device atomic_int*)status, 1, memory_order_relaxed);
  if (x < 1) {
    places[simd] = long(128 * at + 16384 * simd);
  }
  float4 x0_v = *(device float4*)(x0 + 128 * at + 4 * x + 16384 * simd);
  *(device float4*)(saved + 4 * x + 128 * simd) = x0_v;
  float4 x1_v = *(device const float4*)(x1 + 4 * x + 128 * simd);
  *(device float4*)(x0 + 128 * at + 4 * x + 16384 * simd) = x1_v;
}

// state.index_update, which gives tensor<2x1x8x128x128xf32>.
//
//   x0: f32[262144], operand 0, read and written
//   x1: f32[1024], operand 1, read
//   x2: i64[1], operand 2, read
//   saved: f32[1024], what was there before, 0, written
//   places: i64[8], places of what was there before, 0, written
//   status: i32[1], status: not 0 after a mistake in the data, written
//   256 threads in groups of 256
kernel void index_update_816f3562(
    device float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const long* x2 [[buffer(2)]],
    device float* saved [[buffer(3)]],
    device long* places [[buffer(4)]],
    device int* status [[buffer(5)]],
    uint group_x [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  uint x = lane + 32 * group_x;
  long x2_v = x2[0];
  long v = x2_v < 0L ? long(ulong(x2_v) + ulong(long(128))) : x2_v;
  uint at = uint(v < 0L ? 0L : v > 127L ? 127L : v);
  if (long(at) != v) atomic_store_explicit((device atomic_int*)status, 1, memory_order_relaxed);
  if (x < 1) {
    places[simd] = long(128 * at + 16384 * simd + 131072);
  }
  float4 x0_v = *(device float4*)(x0 + 128 * at + 4 * x + 16384 * simd + 131072);
  *(device float4*)(saved + 4 * x + 128 * simd) = x0_v;
  float4 x1_v = *(device const float4*)(x1 + 4 * x + 128 * simd);
  *(device float4*)(x0 + 128 * at + 4 * x + 16384 * simd + 131072) = x1_v;
}
