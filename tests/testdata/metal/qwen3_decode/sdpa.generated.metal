#include <metal_stdlib>
using namespace metal;

// The larger of two, NaN where one is.
inline float max_of(float a, float b) { return a >= b || isnan(a) ? a : b; }

// tensor.slice, tensor.reshape, tensor.slice, tensor.reshape, nn.sdpa, which gives tensor<1x16x1x128xf32>.
//
//   x0: f32[2048], operand 0, read
//   x1: f32[131072], operand 1, read
//   x2: f32[131072], operand 2, read
//   x3: bool[128], operand 3, read
//   y: f32[2048], result 0, written
//   8192 threads in groups of 512
kernel void sdpa_0bd9eb2b(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const bool* x3 [[buffer(3)]],
    device float* y [[buffer(4)]],
    uint group_head [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float most[16];
  threadgroup float sum[16];
  threadgroup float4 part_vectors[512];
  threadgroup float* part = (threadgroup float*)part_vectors;
  uint batch = group_head / 16;
  float4 x0_v = *(device const float4*)(x0 + 128 * group_head + 4 * lane);
  float most2 = -INFINITY;
  float sum2 = 0.0f;
  float4 sum3 = float4(0.0f);
  for (uint k = 0; k < 2; k++) {
    uint key = 64 * k + simd;
    uint group = group_head / 2;
    float4 x1_v = *(device const float4*)(x1 + 16384 * group + 128 * key + 4 * lane);
    float4 x2_v = *(device const float4*)(x2 + 16384 * group + 128 * key + 4 * lane);
    uint key2 = 64 * k + simd + 16;
    float4 x1_v2 = *(device const float4*)(x1 + 16384 * group + 128 * key2 + 4 * lane);
    float4 x2_v2 = *(device const float4*)(x2 + 16384 * group + 128 * key2 + 4 * lane);
    uint key3 = 64 * k + simd + 32;
    float4 x1_v3 = *(device const float4*)(x1 + 16384 * group + 128 * key3 + 4 * lane);
    float4 x2_v3 = *(device const float4*)(x2 + 16384 * group + 128 * key3 + 4 * lane);
    uint key4 = 64 * k + simd + 48;
    float4 x1_v4 = *(device const float4*)(x1 + 16384 * group + 128 * key4 + 4 * lane);
    float4 x2_v4 = *(device const float4*)(x2 + 16384 * group + 128 * key4 + 4 * lane);
    float4 v = fma(x0_v, x1_v, float4(0.0f));
    float sum4 = simd_sum(v.x + v.z + (v.y + v.w));
    bool x3_v = true && true ? x3[64 * k + simd] : false;
    float v2 = true && x3_v ? sum4 * 0.088388346f : -INFINITY;
    float4 v3 = fma(x0_v, x1_v2, float4(0.0f));
    float sum5 = simd_sum(v3.x + v3.z + (v3.y + v3.w));
    bool x3_v2 = true && true ? x3[64 * k + simd + 16] : false;
    float v4 = true && x3_v2 ? sum5 * 0.088388346f : -INFINITY;
    float4 v5 = fma(x0_v, x1_v3, float4(0.0f));
    float sum6 = simd_sum(v5.x + v5.z + (v5.y + v5.w));
    bool x3_v3 = true && true ? x3[64 * k + simd + 32] : false;
    float v6 = true && x3_v3 ? sum6 * 0.088388346f : -INFINITY;
    float4 v7 = fma(x0_v, x1_v4, float4(0.0f));
    float sum7 = simd_sum(v7.x + v7.z + (v7.y + v7.w));
    bool x3_v4 = true && true ? x3[64 * k + simd + 48] : false;
    float v8 = true && x3_v4 ? sum7 * 0.088388346f : -INFINITY;
    float most3 = max_of(max_of(max_of(max_of(most2, v2), v4), v6), v8);
    float v9 = most3 == -INFINITY ? 0.0f : most3;
    float e = precise::exp(most2 - v9);
    float e2 = precise::exp(v2 - v9);
    float e3 = precise::exp(v4 - v9);
    float4 v10 = fma(x2_v2, float4(e3), fma(x2_v, float4(e2), sum3 * float4(e)));
    float e4 = precise::exp(v6 - v9);
    float e5 = precise::exp(v8 - v9);
    most2 = most3;
    sum2 = sum2 * e + e2 + e3 + e4 + e5;
    sum3 = fma(x2_v4, float4(e5), fma(x2_v3, float4(e4), v10));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane < 1) {
    most[simd] = most2;
    sum[simd] = sum2;
  }
  *(threadgroup float4*)(part + 4 * lane + 128 * simd) = sum3;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float most_v = most[0];
  float most_v2 = most[1];
  float most_v3 = most[2];
  float most3 = max_of(max_of(max_of(-INFINITY, most_v), most_v2), most_v3);
  float most_v4 = most[3];
  float most_v5 = most[4];
  float most_v6 = most[5];
  float most4 = max_of(max_of(max_of(most3, most_v4), most_v5), most_v6);
  float most_v7 = most[6];
  float most_v8 = most[7];
  float most_v9 = most[8];
  float most5 = max_of(max_of(max_of(most4, most_v7), most_v8), most_v9);
  float most_v10 = most[9];
  float most_v11 = most[10];
  float most_v12 = most[11];
  float most6 = max_of(max_of(max_of(most5, most_v10), most_v11), most_v12);
  float most_v13 = most[12];
  float most_v14 = most[13];
  float most_v15 = most[14];
  float most7 = max_of(max_of(max_of(most6, most_v13), most_v14), most_v15);
  float most_v16 = most[15];
  float most8 = max_of(most7, most_v16);
  float most_v17 = most[0];
  float e = precise::exp(most_v17 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v = sum[0];
  float most_v18 = most[1];
  float e2 = precise::exp(most_v18 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v2 = sum[1];
  float most_v19 = most[2];
  float e3 = precise::exp(most_v19 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v3 = sum[2];
  float v = fma(sum_v3, e3, fma(sum_v2, e2, fma(sum_v, e, 0.0f)));
  float most_v20 = most[3];
  float e4 = precise::exp(most_v20 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v4 = sum[3];
  float most_v21 = most[4];
  float e5 = precise::exp(most_v21 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v5 = sum[4];
  float most_v22 = most[5];
  float e6 = precise::exp(most_v22 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v6 = sum[5];
  float v2 = fma(sum_v6, e6, fma(sum_v5, e5, fma(sum_v4, e4, v)));
  float most_v23 = most[6];
  float e7 = precise::exp(most_v23 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v7 = sum[6];
  float most_v24 = most[7];
  float e8 = precise::exp(most_v24 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v8 = sum[7];
  float most_v25 = most[8];
  float e9 = precise::exp(most_v25 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v9 = sum[8];
  float v3 = fma(sum_v9, e9, fma(sum_v8, e8, fma(sum_v7, e7, v2)));
  float most_v26 = most[9];
  float e10 = precise::exp(most_v26 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v10 = sum[9];
  float most_v27 = most[10];
  float e11 = precise::exp(most_v27 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v11 = sum[10];
  float most_v28 = most[11];
  float e12 = precise::exp(most_v28 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v12 = sum[11];
  float v4 = fma(sum_v12, e12, fma(sum_v11, e11, fma(sum_v10, e10, v3)));
  float most_v29 = most[12];
  float e13 = precise::exp(most_v29 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v13 = sum[12];
  float most_v30 = most[13];
  float e14 = precise::exp(most_v30 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v14 = sum[13];
  float most_v31 = most[14];
  float e15 = precise::exp(most_v31 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v15 = sum[14];
  float v5 = fma(sum_v15, e15, fma(sum_v14, e14, fma(sum_v13, e13, v4)));
  float most_v32 = most[15];
  float e16 = precise::exp(most_v32 - (most8 == -INFINITY ? 0.0f : most8));
  float sum_v16 = sum[15];
  float v6 = fma(sum_v16, e16, v5);
  float v7 = v6 == 0.0f ? 0.0f : 1.0f / v6;
  if (t < 32) {
    float4 part_v = *(threadgroup float4*)(part + 4 * t);
    float4 part_v2 = *(threadgroup float4*)(part + 4 * t + 128);
    float4 v8 = fma(part_v2, float4(e2), fma(part_v, float4(e), float4(0.0f)));
    float4 part_v3 = *(threadgroup float4*)(part + 4 * t + 256);
    float4 part_v4 = *(threadgroup float4*)(part + 4 * t + 384);
    float4 v9 = fma(part_v4, float4(e4), fma(part_v3, float4(e3), v8));
    float4 part_v5 = *(threadgroup float4*)(part + 4 * t + 512);
    float4 part_v6 = *(threadgroup float4*)(part + 4 * t + 640);
    float4 v10 = fma(part_v6, float4(e6), fma(part_v5, float4(e5), v9));
    float4 part_v7 = *(threadgroup float4*)(part + 4 * t + 768);
    float4 part_v8 = *(threadgroup float4*)(part + 4 * t + 896);
    float4 v11 = fma(part_v8, float4(e8), fma(part_v7, float4(e7), v10));
    float4 part_v9 = *(threadgroup float4*)(part + 4 * t + 1024);
    float4 part_v10 = *(threadgroup float4*)(part + 4 * t + 1152);
    float4 v12 = fma(part_v10, float4(e10), fma(part_v9, float4(e9), v11));
    float4 part_v11 = *(threadgroup float4*)(part + 4 * t + 1280);
    float4 part_v12 = *(threadgroup float4*)(part + 4 * t + 1408);
    float4 v13 = fma(part_v12, float4(e12), fma(part_v11, float4(e11), v12));
    float4 part_v13 = *(threadgroup float4*)(part + 4 * t + 1536);
    float4 part_v14 = *(threadgroup float4*)(part + 4 * t + 1664);
    float4 v14 = fma(part_v14, float4(e14), fma(part_v13, float4(e13), v13));
    float4 part_v15 = *(threadgroup float4*)(part + 4 * t + 1792);
    float4 part_v16 = *(threadgroup float4*)(part + 4 * t + 1920);
    float4 v15 = fma(part_v16, float4(e16), fma(part_v15, float4(e15), v14));
    *(device float4*)(y + 4 * t + 128 * group_head) = v15 * float4(v7);
  }
}
