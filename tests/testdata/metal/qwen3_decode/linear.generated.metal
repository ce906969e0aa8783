#include <metal_stdlib>
using namespace metal;

// nn.linear, which gives tensor<1x1x2048xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[2097152], operand 1, read
//   y: f32[2048], result 0, written
//   16384 threads in groups of 256
kernel void linear_3e7a1eda(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 x1_v = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd);
  float4 x0_v = *(device const float4*)(x0 + 4 * lane);
  float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1024);
  float4 x1_v3 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2048);
  float4 x1_v4 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3072);
  float4 x1_v5 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 128);
  float4 x0_v2 = *(device const float4*)(x0 + 4 * lane + 128);
  float4 x1_v6 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1152);
  float4 v = fma(x0_v2, x1_v6, fma(x0_v, x1_v2, float4(0.0f)));
  float4 x1_v7 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2176);
  float4 v2 = fma(x0_v2, x1_v7, fma(x0_v, x1_v3, float4(0.0f)));
  float4 x1_v8 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3200);
  float4 v3 = fma(x0_v2, x1_v8, fma(x0_v, x1_v4, float4(0.0f)));
  float4 x1_v9 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 256);
  float4 x0_v3 = *(device const float4*)(x0 + 4 * lane + 256);
  float4 v4 = fma(x0_v3, x1_v9, fma(x0_v2, x1_v5, fma(x0_v, x1_v, float4(0.0f))));
  float4 x1_v10 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1280);
  float4 x1_v11 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2304);
  float4 x1_v12 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3328);
  float4 x1_v13 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 384);
  float4 x0_v4 = *(device const float4*)(x0 + 4 * lane + 384);
  float4 x1_v14 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1408);
  float4 x1_v15 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2432);
  float4 x1_v16 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3456);
  float4 x1_v17 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 512);
  float4 x0_v5 = *(device const float4*)(x0 + 4 * lane + 512);
  float4 x1_v18 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1536);
  float4 v5 = fma(x0_v5, x1_v18, fma(x0_v4, x1_v14, fma(x0_v3, x1_v10, v)));
  float4 x1_v19 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2560);
  float4 v6 = fma(x0_v5, x1_v19, fma(x0_v4, x1_v15, fma(x0_v3, x1_v11, v2)));
  float4 x1_v20 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3584);
  float4 v7 = fma(x0_v5, x1_v20, fma(x0_v4, x1_v16, fma(x0_v3, x1_v12, v3)));
  float4 x1_v21 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 640);
  float4 x0_v6 = *(device const float4*)(x0 + 4 * lane + 640);
  float4 v8 = fma(x0_v6, x1_v21, fma(x0_v5, x1_v17, fma(x0_v4, x1_v13, v4)));
  float4 x1_v22 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1664);
  float4 x1_v23 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2688);
  float4 x1_v24 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3712);
  float4 x1_v25 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 768);
  float4 x0_v7 = *(device const float4*)(x0 + 4 * lane + 768);
  float4 x1_v26 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1792);
  float4 x1_v27 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2816);
  float4 x1_v28 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3840);
  float4 x1_v29 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 896);
  float4 x0_v8 = *(device const float4*)(x0 + 4 * lane + 896);
  float4 x1_v30 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1920);
  float4 v9 = fma(x0_v8, x1_v30, fma(x0_v7, x1_v26, fma(x0_v6, x1_v22, v5)));
  float4 x1_v31 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2944);
  float4 v10 = fma(x0_v8, x1_v31, fma(x0_v7, x1_v27, fma(x0_v6, x1_v23, v6)));
  float4 x1_v32 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3968);
  float4 v11 = fma(x0_v8, x1_v32, fma(x0_v7, x1_v28, fma(x0_v6, x1_v24, v7)));
  float4 v12 = fma(x0_v8, x1_v29, fma(x0_v7, x1_v25, v8));
  float sum = simd_sum(v12.x + v12.z + (v12.y + v12.w));
  float sum2 = simd_sum(v9.x + v9.z + (v9.y + v9.w));
  float sum3 = simd_sum(v10.x + v10.z + (v10.y + v10.w));
  float sum4 = simd_sum(v11.x + v11.z + (v11.y + v11.w));
  int n = int(lane);
  float v13 = n == 3 ? sum4 : n == 2 ? sum3 : n == 1 ? sum2 : sum;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    y[col] = v13;
  }
}

// nn.linear, which gives tensor<1x1x1024xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[1048576], operand 1, read
//   y: f32[1024], result 0, written
//   8192 threads in groups of 256
kernel void linear_dbd26fea(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 x1_v = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd);
  float4 x0_v = *(device const float4*)(x0 + 4 * lane);
  float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1024);
  float4 x1_v3 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2048);
  float4 x1_v4 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3072);
  float4 x1_v5 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 128);
  float4 x0_v2 = *(device const float4*)(x0 + 4 * lane + 128);
  float4 x1_v6 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1152);
  float4 v = fma(x0_v2, x1_v6, fma(x0_v, x1_v2, float4(0.0f)));
  float4 x1_v7 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2176);
  float4 v2 = fma(x0_v2, x1_v7, fma(x0_v, x1_v3, float4(0.0f)));
  float4 x1_v8 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3200);
  float4 v3 = fma(x0_v2, x1_v8, fma(x0_v, x1_v4, float4(0.0f)));
  float4 x1_v9 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 256);
  float4 x0_v3 = *(device const float4*)(x0 + 4 * lane + 256);
  float4 v4 = fma(x0_v3, x1_v9, fma(x0_v2, x1_v5, fma(x0_v, x1_v, float4(0.0f))));
  float4 x1_v10 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1280);
  float4 x1_v11 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2304);
  float4 x1_v12 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3328);
  float4 x1_v13 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 384);
  float4 x0_v4 = *(device const float4*)(x0 + 4 * lane + 384);
  float4 x1_v14 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1408);
  float4 x1_v15 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2432);
  float4 x1_v16 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3456);
  float4 x1_v17 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 512);
  float4 x0_v5 = *(device const float4*)(x0 + 4 * lane + 512);
  float4 x1_v18 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1536);
  float4 v5 = fma(x0_v5, x1_v18, fma(x0_v4, x1_v14, fma(x0_v3, x1_v10, v)));
  float4 x1_v19 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2560);
  float4 v6 = fma(x0_v5, x1_v19, fma(x0_v4, x1_v15, fma(x0_v3, x1_v11, v2)));
  float4 x1_v20 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3584);
  float4 v7 = fma(x0_v5, x1_v20, fma(x0_v4, x1_v16, fma(x0_v3, x1_v12, v3)));
  float4 x1_v21 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 640);
  float4 x0_v6 = *(device const float4*)(x0 + 4 * lane + 640);
  float4 v8 = fma(x0_v6, x1_v21, fma(x0_v5, x1_v17, fma(x0_v4, x1_v13, v4)));
  float4 x1_v22 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1664);
  float4 x1_v23 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2688);
  float4 x1_v24 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3712);
  float4 x1_v25 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 768);
  float4 x0_v7 = *(device const float4*)(x0 + 4 * lane + 768);
  float4 x1_v26 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1792);
  float4 x1_v27 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2816);
  float4 x1_v28 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3840);
  float4 x1_v29 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 896);
  float4 x0_v8 = *(device const float4*)(x0 + 4 * lane + 896);
  float4 x1_v30 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1920);
  float4 v9 = fma(x0_v8, x1_v30, fma(x0_v7, x1_v26, fma(x0_v6, x1_v22, v5)));
  float4 x1_v31 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2944);
  float4 v10 = fma(x0_v8, x1_v31, fma(x0_v7, x1_v27, fma(x0_v6, x1_v23, v6)));
  float4 x1_v32 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3968);
  float4 v11 = fma(x0_v8, x1_v32, fma(x0_v7, x1_v28, fma(x0_v6, x1_v24, v7)));
  float4 v12 = fma(x0_v8, x1_v29, fma(x0_v7, x1_v25, v8));
  float sum = simd_sum(v12.x + v12.z + (v12.y + v12.w));
  float sum2 = simd_sum(v9.x + v9.z + (v9.y + v9.w));
  float sum3 = simd_sum(v10.x + v10.z + (v10.y + v10.w));
  float sum4 = simd_sum(v11.x + v11.z + (v11.y + v11.w));
  int n = int(lane);
  float v13 = n == 3 ? sum4 : n == 2 ? sum3 : n == 1 ? sum2 : sum;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    y[col] = v13;
  }
}

// tensor.reshape, nn.linear, tensor.add, which gives tensor<1x1x1024xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[2048], operand 1, read
//   x2: f32[2097152], operand 2, read
//   y: f32[1024], result 0, written
//   8192 threads in groups of 256
kernel void linear_1e1a26a6(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device float* y [[buffer(3)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 sum = float4(0.0f);
  float4 sum2 = float4(0.0f);
  float4 sum3 = float4(0.0f);
  float4 sum4 = float4(0.0f);
  for (uint k = 0; k < 16; k++) {
    float4 x2_v = *(device const float4*)(x2 + 65536 * group_column + 128 * k + 4 * lane + 8192 * simd);
    float4 x1_v = *(device const float4*)(x1 + 128 * k + 4 * lane);
    float4 x2_v2 = *(device const float4*)(x2 + 65536 * group_column + 128 * k + 4 * lane + 8192 * simd + 2048);
    float4 x2_v3 = *(device const float4*)(x2 + 65536 * group_column + 128 * k + 4 * lane + 8192 * simd + 4096);
    float4 x2_v4 = *(device const float4*)(x2 + 65536 * group_column + 128 * k + 4 * lane + 8192 * simd + 6144);
    sum = fma(x1_v, x2_v, sum);
    sum2 = fma(x1_v, x2_v2, sum2);
    sum3 = fma(x1_v, x2_v3, sum3);
    sum4 = fma(x1_v, x2_v4, sum4);
  }
  float sum5 = simd_sum(sum.x + sum.z + (sum.y + sum.w));
  float sum6 = simd_sum(sum2.x + sum2.z + (sum2.y + sum2.w));
  float sum7 = simd_sum(sum3.x + sum3.z + (sum3.y + sum3.w));
  float sum8 = simd_sum(sum4.x + sum4.z + (sum4.y + sum4.w));
  int n = int(lane);
  float v = n == 3 ? sum8 : n == 2 ? sum7 : n == 1 ? sum6 : sum5;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    float x0_v = x0[col];
    y[col] = x0_v + v;
  }
}

// nn.linear, which gives tensor<1x1x3072xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[3145728], operand 1, read
//   y: f32[3072], result 0, written
//   24576 threads in groups of 256
kernel void linear_6ead1e90(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 x1_v = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd);
  float4 x0_v = *(device const float4*)(x0 + 4 * lane);
  float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1024);
  float4 x1_v3 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2048);
  float4 x1_v4 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3072);
  float4 x1_v5 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 128);
  float4 x0_v2 = *(device const float4*)(x0 + 4 * lane + 128);
  float4 x1_v6 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1152);
  float4 v = fma(x0_v2, x1_v6, fma(x0_v, x1_v2, float4(0.0f)));
  float4 x1_v7 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2176);
  float4 v2 = fma(x0_v2, x1_v7, fma(x0_v, x1_v3, float4(0.0f)));
  float4 x1_v8 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3200);
  float4 v3 = fma(x0_v2, x1_v8, fma(x0_v, x1_v4, float4(0.0f)));
  float4 x1_v9 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 256);
  float4 x0_v3 = *(device const float4*)(x0 + 4 * lane + 256);
  float4 v4 = fma(x0_v3, x1_v9, fma(x0_v2, x1_v5, fma(x0_v, x1_v, float4(0.0f))));
  float4 x1_v10 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1280);
  float4 x1_v11 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2304);
  float4 x1_v12 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3328);
  float4 x1_v13 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 384);
  float4 x0_v4 = *(device const float4*)(x0 + 4 * lane + 384);
  float4 x1_v14 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1408);
  float4 x1_v15 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2432);
  float4 x1_v16 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3456);
  float4 x1_v17 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 512);
  float4 x0_v5 = *(device const float4*)(x0 + 4 * lane + 512);
  float4 x1_v18 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1536);
  float4 v5 = fma(x0_v5, x1_v18, fma(x0_v4, x1_v14, fma(x0_v3, x1_v10, v)));
  float4 x1_v19 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2560);
  float4 v6 = fma(x0_v5, x1_v19, fma(x0_v4, x1_v15, fma(x0_v3, x1_v11, v2)));
  float4 x1_v20 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3584);
  float4 v7 = fma(x0_v5, x1_v20, fma(x0_v4, x1_v16, fma(x0_v3, x1_v12, v3)));
  float4 x1_v21 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 640);
  float4 x0_v6 = *(device const float4*)(x0 + 4 * lane + 640);
  float4 v8 = fma(x0_v6, x1_v21, fma(x0_v5, x1_v17, fma(x0_v4, x1_v13, v4)));
  float4 x1_v22 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1664);
  float4 x1_v23 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2688);
  float4 x1_v24 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3712);
  float4 x1_v25 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 768);
  float4 x0_v7 = *(device const float4*)(x0 + 4 * lane + 768);
  float4 x1_v26 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1792);
  float4 x1_v27 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2816);
  float4 x1_v28 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3840);
  float4 x1_v29 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 896);
  float4 x0_v8 = *(device const float4*)(x0 + 4 * lane + 896);
  float4 x1_v30 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1920);
  float4 v9 = fma(x0_v8, x1_v30, fma(x0_v7, x1_v26, fma(x0_v6, x1_v22, v5)));
  float4 x1_v31 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2944);
  float4 v10 = fma(x0_v8, x1_v31, fma(x0_v7, x1_v27, fma(x0_v6, x1_v23, v6)));
  float4 x1_v32 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3968);
  float4 v11 = fma(x0_v8, x1_v32, fma(x0_v7, x1_v28, fma(x0_v6, x1_v24, v7)));
  float4 v12 = fma(x0_v8, x1_v29, fma(x0_v7, x1_v25, v8));
  float sum = simd_sum(v12.x + v12.z + (v12.y + v12.w));
  float sum2 = simd_sum(v9.x + v9.z + (v9.y + v9.w));
  float sum3 = simd_sum(v10.x + v10.z + (v10.y + v10.w));
  float sum4 = simd_sum(v11.x + v11.z + (v11.y + v11.w));
  int n = int(lane);
  float v13 = n == 3 ? sum4 : n == 2 ? sum3 : n == 1 ? sum2 : sum;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    y[col] = v13;
  }
}

// nn.linear, nn.silu, tensor.mul, which gives tensor<1x1x3072xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[3145728], operand 1, read
//   x2: f32[3072], operand 2, read
//   y: f32[3072], result 0, written
//   24576 threads in groups of 256
kernel void linear_43fe6260(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device float* y [[buffer(3)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 x1_v = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd);
  float4 x0_v = *(device const float4*)(x0 + 4 * lane);
  float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1024);
  float4 x1_v3 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2048);
  float4 x1_v4 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3072);
  float4 x1_v5 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 128);
  float4 x0_v2 = *(device const float4*)(x0 + 4 * lane + 128);
  float4 x1_v6 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1152);
  float4 v = fma(x0_v2, x1_v6, fma(x0_v, x1_v2, float4(0.0f)));
  float4 x1_v7 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2176);
  float4 v2 = fma(x0_v2, x1_v7, fma(x0_v, x1_v3, float4(0.0f)));
  float4 x1_v8 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3200);
  float4 v3 = fma(x0_v2, x1_v8, fma(x0_v, x1_v4, float4(0.0f)));
  float4 x1_v9 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 256);
  float4 x0_v3 = *(device const float4*)(x0 + 4 * lane + 256);
  float4 v4 = fma(x0_v3, x1_v9, fma(x0_v2, x1_v5, fma(x0_v, x1_v, float4(0.0f))));
  float4 x1_v10 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1280);
  float4 x1_v11 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2304);
  float4 x1_v12 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3328);
  float4 x1_v13 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 384);
  float4 x0_v4 = *(device const float4*)(x0 + 4 * lane + 384);
  float4 x1_v14 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1408);
  float4 x1_v15 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2432);
  float4 x1_v16 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3456);
  float4 x1_v17 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 512);
  float4 x0_v5 = *(device const float4*)(x0 + 4 * lane + 512);
  float4 x1_v18 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1536);
  float4 v5 = fma(x0_v5, x1_v18, fma(x0_v4, x1_v14, fma(x0_v3, x1_v10, v)));
  float4 x1_v19 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2560);
  float4 v6 = fma(x0_v5, x1_v19, fma(x0_v4, x1_v15, fma(x0_v3, x1_v11, v2)));
  float4 x1_v20 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3584);
  float4 v7 = fma(x0_v5, x1_v20, fma(x0_v4, x1_v16, fma(x0_v3, x1_v12, v3)));
  float4 x1_v21 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 640);
  float4 x0_v6 = *(device const float4*)(x0 + 4 * lane + 640);
  float4 v8 = fma(x0_v6, x1_v21, fma(x0_v5, x1_v17, fma(x0_v4, x1_v13, v4)));
  float4 x1_v22 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1664);
  float4 x1_v23 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2688);
  float4 x1_v24 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3712);
  float4 x1_v25 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 768);
  float4 x0_v7 = *(device const float4*)(x0 + 4 * lane + 768);
  float4 x1_v26 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1792);
  float4 x1_v27 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2816);
  float4 x1_v28 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3840);
  float4 x1_v29 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 896);
  float4 x0_v8 = *(device const float4*)(x0 + 4 * lane + 896);
  float4 x1_v30 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1920);
  float4 v9 = fma(x0_v8, x1_v30, fma(x0_v7, x1_v26, fma(x0_v6, x1_v22, v5)));
  float4 x1_v31 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2944);
  float4 v10 = fma(x0_v8, x1_v31, fma(x0_v7, x1_v27, fma(x0_v6, x1_v23, v6)));
  float4 x1_v32 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3968);
  float4 v11 = fma(x0_v8, x1_v32, fma(x0_v7, x1_v28, fma(x0_v6, x1_v24, v7)));
  float4 v12 = fma(x0_v8, x1_v29, fma(x0_v7, x1_v25, v8));
  float sum = simd_sum(v12.x + v12.z + (v12.y + v12.w));
  float sum2 = simd_sum(v9.x + v9.z + (v9.y + v9.w));
  float sum3 = simd_sum(v10.x + v10.z + (v10.y + v10.w));
  float sum4 = simd_sum(v11.x + v11.z + (v11.y + v11.w));
  int n = int(lane);
  float v13 = n == 3 ? sum4 : n == 2 ? sum3 : n == 1 ? sum2 : sum;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    float x2_v = x2[col];
    float v14 = v13 * (1.0f / (1.0f + precise::exp(-v13))) * x2_v;
    y[col] = v14;
  }
}

// nn.linear, tensor.add, which gives tensor<1x1x1024xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[3072], operand 1, read
//   x2: f32[3145728], operand 2, read
//   y: f32[1024], result 0, written
//   8192 threads in groups of 256
kernel void linear_3cd92d90(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device float* y [[buffer(3)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 sum = float4(0.0f);
  float4 sum2 = float4(0.0f);
  float4 sum3 = float4(0.0f);
  float4 sum4 = float4(0.0f);
  for (uint k = 0; k < 24; k++) {
    float4 x2_v = *(device const float4*)(x2 + 98304 * group_column + 128 * k + 4 * lane + 12288 * simd);
    float4 x1_v = *(device const float4*)(x1 + 128 * k + 4 * lane);
    float4 x2_v2 = *(device const float4*)(x2 + 98304 * group_column + 128 * k + 4 * lane + 12288 * simd + 3072);
    float4 x2_v3 = *(device const float4*)(x2 + 98304 * group_column + 128 * k + 4 * lane + 12288 * simd + 6144);
    float4 x2_v4 = *(device const float4*)(x2 + 98304 * group_column + 128 * k + 4 * lane + 12288 * simd + 9216);
    sum = fma(x1_v, x2_v, sum);
    sum2 = fma(x1_v, x2_v2, sum2);
    sum3 = fma(x1_v, x2_v3, sum3);
    sum4 = fma(x1_v, x2_v4, sum4);
  }
  float sum5 = simd_sum(sum.x + sum.z + (sum.y + sum.w));
  float sum6 = simd_sum(sum2.x + sum2.z + (sum2.y + sum2.w));
  float sum7 = simd_sum(sum3.x + sum3.z + (sum3.y + sum3.w));
  float sum8 = simd_sum(sum4.x + sum4.z + (sum4.y + sum4.w));
  int n = int(lane);
  float v = n == 3 ? sum8 : n == 2 ? sum7 : n == 1 ? sum6 : sum5;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    float x0_v = x0[col];
    y[col] = x0_v + v;
  }
}

// nn.linear, which gives tensor<1x1x151936xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[155582464], operand 1, read
//   y: f32[151936], result 0, written
//   1215488 threads in groups of 256
kernel void linear_736ba81f(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    uint group_column [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  float4 x1_v = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd);
  float4 x0_v = *(device const float4*)(x0 + 4 * lane);
  float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1024);
  float4 x1_v3 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2048);
  float4 x1_v4 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3072);
  float4 x1_v5 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 128);
  float4 x0_v2 = *(device const float4*)(x0 + 4 * lane + 128);
  float4 x1_v6 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1152);
  float4 v = fma(x0_v2, x1_v6, fma(x0_v, x1_v2, float4(0.0f)));
  float4 x1_v7 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2176);
  float4 v2 = fma(x0_v2, x1_v7, fma(x0_v, x1_v3, float4(0.0f)));
  float4 x1_v8 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3200);
  float4 v3 = fma(x0_v2, x1_v8, fma(x0_v, x1_v4, float4(0.0f)));
  float4 x1_v9 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 256);
  float4 x0_v3 = *(device const float4*)(x0 + 4 * lane + 256);
  float4 v4 = fma(x0_v3, x1_v9, fma(x0_v2, x1_v5, fma(x0_v, x1_v, float4(0.0f))));
  float4 x1_v10 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1280);
  float4 x1_v11 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2304);
  float4 x1_v12 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3328);
  float4 x1_v13 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 384);
  float4 x0_v4 = *(device const float4*)(x0 + 4 * lane + 384);
  float4 x1_v14 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1408);
  float4 x1_v15 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2432);
  float4 x1_v16 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3456);
  float4 x1_v17 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 512);
  float4 x0_v5 = *(device const float4*)(x0 + 4 * lane + 512);
  float4 x1_v18 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1536);
  float4 v5 = fma(x0_v5, x1_v18, fma(x0_v4, x1_v14, fma(x0_v3, x1_v10, v)));
  float4 x1_v19 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2560);
  float4 v6 = fma(x0_v5, x1_v19, fma(x0_v4, x1_v15, fma(x0_v3, x1_v11, v2)));
  float4 x1_v20 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3584);
  float4 v7 = fma(x0_v5, x1_v20, fma(x0_v4, x1_v16, fma(x0_v3, x1_v12, v3)));
  float4 x1_v21 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 640);
  float4 x0_v6 = *(device const float4*)(x0 + 4 * lane + 640);
  float4 v8 = fma(x0_v6, x1_v21, fma(x0_v5, x1_v17, fma(x0_v4, x1_v13, v4)));
  float4 x1_v22 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1664);
  float4 x1_v23 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2688);
  float4 x1_v24 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3712);
  float4 x1_v25 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 768);
  float4 x0_v7 = *(device const float4*)(x0 + 4 * lane + 768);
  float4 x1_v26 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1792);
  float4 x1_v27 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2816);
  float4 x1_v28 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3840);
  float4 x1_v29 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 896);
  float4 x0_v8 = *(device const float4*)(x0 + 4 * lane + 896);
  float4 x1_v30 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 1920);
  float4 v9 = fma(x0_v8, x1_v30, fma(x0_v7, x1_v26, fma(x0_v6, x1_v22, v5)));
  float4 x1_v31 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 2944);
  float4 v10 = fma(x0_v8, x1_v31, fma(x0_v7, x1_v27, fma(x0_v6, x1_v23, v6)));
  float4 x1_v32 = *(device const float4*)(x1 + 32768 * group_column + 4 * lane + 4096 * simd + 3968);
  float4 v11 = fma(x0_v8, x1_v32, fma(x0_v7, x1_v28, fma(x0_v6, x1_v24, v7)));
  float4 v12 = fma(x0_v8, x1_v29, fma(x0_v7, x1_v25, v8));
  float sum = simd_sum(v12.x + v12.z + (v12.y + v12.w));
  float sum2 = simd_sum(v9.x + v9.z + (v9.y + v9.w));
  float sum3 = simd_sum(v10.x + v10.z + (v10.y + v10.w));
  float sum4 = simd_sum(v11.x + v11.z + (v11.y + v11.w));
  int n = int(lane);
  float v13 = n == 3 ? sum4 : n == 2 ? sum3 : n == 1 ? sum2 : sum;
  if (lane < 4) {
    uint col = lane % 4 + 32 * group_column + 4 * simd;
    y[col] = v13;
  }
}
