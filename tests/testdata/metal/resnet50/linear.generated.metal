#include <metal_stdlib>
using namespace metal;

// tensor.reshape, nn.linear, which gives tensor<1x1000xf32>.
//
//   x0: f32[2048], operand 0, read
//   x1: f32[2048000], operand 1, read
//   x2: f32[1000], operand 2, read
//   y: f32[1000], result 0, written
//   8192 threads in groups of 256
kernel void linear_587bb1a2(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device float* y [[buffer(3)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  uint col_given = 32 * group_column + 4 * simd;
  uint col = min(col_given, 999u);
  uint col_given2 = 32 * group_column + 4 * simd + 1;
  uint col2 = min(col_given2, 999u);
  uint col_given3 = 32 * group_column + 4 * simd + 2;
  uint col3 = min(col_given3, 999u);
  uint col_given4 = 32 * group_column + 4 * simd + 3;
  uint col4 = min(col_given4, 999u);
  float4 sum = float4(0.0f);
  float4 sum2 = float4(0.0f);
  float4 sum3 = float4(0.0f);
  float4 sum4 = float4(0.0f);
  for (uint k = 0; k < 16; k++) {
    float4 x1_v = *(device const float4*)(x1 + 2048 * col + 128 * k + 4 * lane);
    float4 x0_v = *(device const float4*)(x0 + 128 * k + 4 * lane);
    float4 x1_v2 = *(device const float4*)(x1 + 2048 * col2 + 128 * k + 4 * lane);
    float4 x1_v3 = *(device const float4*)(x1 + 2048 * col3 + 128 * k + 4 * lane);
    float4 x1_v4 = *(device const float4*)(x1 + 2048 * col4 + 128 * k + 4 * lane);
    sum = fma(x0_v, x1_v, sum);
    sum2 = fma(x0_v, x1_v2, sum2);
    sum3 = fma(x0_v, x1_v3, sum3);
    sum4 = fma(x0_v, x1_v4, sum4);
  }
  float sum5 = simd_sum(sum.x + sum.z + (sum.y + sum.w));
  float sum6 = simd_sum(sum2.x + sum2.z + (sum2.y + sum2.w));
  float sum7 = simd_sum(sum3.x + sum3.z + (sum3.y + sum3.w));
  float sum8 = simd_sum(sum4.x + sum4.z + (sum4.y + sum4.w));
  int n = int(lane);
  float v = n == 3 ? sum8 : n == 2 ? sum7 : n == 1 ? sum6 : sum5;
  if (lane < 4) {
    if (lane % 4 + 32 * group_column + 4 * simd < 1000) {
      uint col5 = lane % 4 + 32 * group_column + 4 * simd;
      float x2_v = x2[col5];
      y[col5] = v + x2_v;
    }
  }
}
