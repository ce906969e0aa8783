#include <metal_stdlib>
using namespace metal;

// tensor.mean, which gives tensor<1x1x1x2048xf32>.
//
//   x0: f32[100352], operand 0, read
//   y: f32[2048], result 0, written
//   512 threads in groups of 256
kernel void mean_bdd2a9bb(
    device const float* x0 [[buffer(0)]],
    device float* y [[buffer(1)]],
    uint group_x [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]]) {
  uint x = 256 * group_x + t;
  float4 sum = float4(0.0f);
  for (uint k = 0; k < 49; k++) {
    float4 x0_v = *(device const float4*)(x0 + 2048 * k + 4 * x);
    sum += x0_v;
  }
  *(device float4*)(y + 4 * x) = sum / float4(float(49));
}
