#include <metal_stdlib>
using namespace metal;

// nn.rms_norm, which gives tensor<1x1x1024xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[1024], operand 1, read
//   y: f32[1024], result 0, written
//   32 threads in groups of 32
kernel void rms_norm_9d4c54ae(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device float* y [[buffer(2)]],
    uint group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]]) {
  float4 x0_v = *(device const float4*)(x0 + 4 * t);
  float4 x0_v2 = *(device const float4*)(x0 + 4 * t + 128);
  float4 x0_v3 = *(device const float4*)(x0 + 4 * t + 256);
  float4 v = float4(0.0f) + x0_v * x0_v + x0_v2 * x0_v2 + x0_v3 * x0_v3;
  float4 x0_v4 = *(device const float4*)(x0 + 4 * t + 384);
  float4 x0_v5 = *(device const float4*)(x0 + 4 * t + 512);
  float4 x0_v6 = *(device const float4*)(x0 + 4 * t + 640);
  float4 v2 = v + x0_v4 * x0_v4 + x0_v5 * x0_v5 + x0_v6 * x0_v6;
  float4 x0_v7 = *(device const float4*)(x0 + 4 * t + 768);
  float4 x0_v8 = *(device const float4*)(x0 + 4 * t + 896);
  float4 v3 = v2 + x0_v7 * x0_v7 + x0_v8 * x0_v8;
  float sum = simd_sum(v3.x + v3.z + (v3.y + v3.w));
  float r = precise::rsqrt(sum / float(1024) + 1e-06f);
  float4 x0_v9 = *(device const float4*)(x0 + 4 * t);
  float4 x1_v = *(device const float4*)(x1 + 4 * t);
  *(device float4*)(y + 4 * t) = x0_v9 * float4(r) * x1_v;
  float4 x0_v10 = *(device const float4*)(x0 + 4 * t + 128);
  float4 x1_v2 = *(device const float4*)(x1 + 4 * t + 128);
  *(device float4*)(y + 4 * t + 128) = x0_v10 * float4(r) * x1_v2;
  float4 x0_v11 = *(device const float4*)(x0 + 4 * t + 256);
  float4 x1_v3 = *(device const float4*)(x1 + 4 * t + 256);
  *(device float4*)(y + 4 * t + 256) = x0_v11 * float4(r) * x1_v3;
  float4 x0_v12 = *(device const float4*)(x0 + 4 * t + 384);
  float4 x1_v4 = *(device const float4*)(x1 + 4 * t + 384);
  *(device float4*)(y + 4 * t + 384) = x0_v12 * float4(r) * x1_v4;
  float4 x0_v13 = *(device const float4*)(x0 + 4 * t + 512);
  float4 x1_v5 = *(device const float4*)(x1 + 4 * t + 512);
  *(device float4*)(y + 4 * t + 512) = x0_v13 * float4(r) * x1_v5;
  float4 x0_v14 = *(device const float4*)(x0 + 4 * t + 640);
  float4 x1_v6 = *(device const float4*)(x1 + 4 * t + 640);
  *(device float4*)(y + 4 * t + 640) = x0_v14 * float4(r) * x1_v6;
  float4 x0_v15 = *(device const float4*)(x0 + 4 * t + 768);
  float4 x1_v7 = *(device const float4*)(x1 + 4 * t + 768);
  *(device float4*)(y + 4 * t + 768) = x0_v15 * float4(r) * x1_v7;
  float4 x0_v16 = *(device const float4*)(x0 + 4 * t + 896);
  float4 x1_v8 = *(device const float4*)(x1 + 4 * t + 896);
  *(device float4*)(y + 4 * t + 896) = x0_v16 * float4(r) * x1_v8;
}

// tensor.reshape, nn.rms_norm, tensor.reshape, nn.rope, which gives tensor<1x16x1x128xf32>.
//
//   x0: f32[2048], operand 0, read
//   x1: f32[128], operand 1, read
//   x2: f32[128], operand 2, read
//   x3: f32[128], operand 3, read
//   y: f32[2048], result 0, written
//   512 threads in groups of 256
kernel void rms_norm_802cc767(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device float* y [[buffer(4)]],
    uint group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  uint row = 8 * group + simd;
  float4 x0_v = *(device const float4*)(x0 + 4 * lane + 128 * row);
  float4 v = float4(0.0f) + x0_v * x0_v;
  float sum = simd_sum(v.x + v.z + (v.y + v.w));
  float r = precise::rsqrt(sum / float(128) + 1e-06f);
  float4 x1_v = *(device const float4*)(x1 + 4 * lane);
  float4 x2_v = *(device const float4*)(x2 + 4 * lane);
  bool4 inside = bool4(4 * lane <= 60, 4 * lane <= 60, 4 * lane <= 60, 4 * lane <= 60);
  float4 x0_v2 = float4(
      inside[0] ? x0[4 * lane + 128 * row + 64] : 0.0f,
      inside[1] ? x0[4 * lane + 128 * row + 65] : 0.0f,
      inside[2] ? x0[4 * lane + 128 * row + 66] : 0.0f,
      inside[3] ? x0[4 * lane + 128 * row + 67] : 0.0f);
  float4 x1_v2 = float4(
      inside[0] ? x1[4 * lane + 64] : 0.0f,
      inside[1] ? x1[4 * lane + 65] : 0.0f,
      inside[2] ? x1[4 * lane + 66] : 0.0f,
      inside[3] ? x1[4 * lane + 67] : 0.0f);
  bool4 inside2 = bool4(4 * lane > 63, 4 * lane > 63, 4 * lane > 63, 4 * lane > 63);
  float4 x0_v3 = float4(
      inside2[0] ? x0[4 * lane + 128 * row - 64] : 0.0f,
      inside2[1] ? x0[4 * lane + 128 * row - 63] : 0.0f,
      inside2[2] ? x0[4 * lane + 128 * row - 62] : 0.0f,
      inside2[3] ? x0[4 * lane + 128 * row - 61] : 0.0f);
  float4 x1_v3 = float4(
      inside2[0] ? x1[4 * lane - 64] : 0.0f,
      inside2[1] ? x1[4 * lane - 63] : 0.0f,
      inside2[2] ? x1[4 * lane - 62] : 0.0f,
      inside2[3] ? x1[4 * lane - 61] : 0.0f);
  float4 v2 = select(-(x0_v2 * float4(r) * x1_v2), x0_v3 * float4(r) * x1_v3, inside2);
  float4 x3_v = *(device const float4*)(x3 + 4 * lane);
  *(device float4*)(y + 4 * lane + 128 * row) = x0_v * float4(r) * x1_v * x2_v + v2 * x3_v;
}

// tensor.reshape, nn.rms_norm, tensor.reshape, nn.rope, which gives tensor<1x8x1x128xf32>.
//
//   x0: f32[1024], operand 0, read
//   x1: f32[128], operand 1, read
//   x2: f32[128], operand 2, read
//   x3: f32[128], operand 3, read
//   y: f32[1024], result 0, written
//   256 threads in groups of 256
kernel void rms_norm_7f1ecd46(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device float* y [[buffer(4)]],
    uint group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  uint row = 8 * group + simd;
  float4 x0_v = *(device const float4*)(x0 + 4 * lane + 128 * row);
  float4 v = float4(0.0f) + x0_v * x0_v;
  float sum = simd_sum(v.x + v.z + (v.y + v.w));
  float r = precise::rsqrt(sum / float(128) + 1e-06f);
  float4 x1_v = *(device const float4*)(x1 + 4 * lane);
  float4 x2_v = *(device const float4*)(x2 + 4 * lane);
  bool4 inside = bool4(4 * lane <= 60, 4 * lane <= 60, 4 * lane <= 60, 4 * lane <= 60);
  float4 x0_v2 = float4(
      inside[0] ? x0[4 * lane + 128 * row + 64] : 0.0f,
      inside[1] ? x0[4 * lane + 128 * row + 65] : 0.0f,
      inside[2] ? x0[4 * lane + 128 * row + 66] : 0.0f,
      inside[3] ? x0[4 * lane + 128 * row + 67] : 0.0f);
  float4 x1_v2 = float4(
      inside[0] ? x1[4 * lane + 64] : 0.0f,
      inside[1] ? x1[4 * lane + 65] : 0.0f,
      inside[2] ? x1[4 * lane + 66] : 0.0f,
      inside[3] ? x1[4 * lane + 67] : 0.0f);
  bool4 inside2 = bool4(4 * lane > 63, 4 * lane > 63, 4 * lane > 63, 4 * lane > 63);
  float4 x0_v3 = float4(
      inside2[0] ? x0[4 * lane + 128 * row - 64] : 0.0f,
      inside2[1] ? x0[4 * lane + 128 * row - 63] : 0.0f,
      inside2[2] ? x0[4 * lane + 128 * row - 62] : 0.0f,
      inside2[3] ? x0[4 * lane + 128 * row - 61] : 0.0f);
  float4 x1_v3 = float4(
      inside2[0] ? x1[4 * lane - 64] : 0.0f,
      inside2[1] ? x1[4 * lane - 63] : 0.0f,
      inside2[2] ? x1[4 * lane - 62] : 0.0f,
      inside2[3] ? x1[4 * lane - 61] : 0.0f);
  float4 v2 = select(-(x0_v2 * float4(r) * x1_v2), x0_v3 * float4(r) * x1_v3, inside2);
  float4 x3_v = *(device const float4*)(x3 + 4 * lane);
  *(device float4*)(y + 4 * lane + 128 * row) = x0_v * float4(r) * x1_v * x2_v + v2 * x3_v;
}
