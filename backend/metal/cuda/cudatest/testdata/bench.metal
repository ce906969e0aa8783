// Kernels whose speed is measured, as a person would write them for a GPU. bench_test.go has their sizes.
#include <metal_stdlib>
using namespace metal;

kernel void add_f32(device const float4* a [[buffer(0)]], device const float4* b [[buffer(1)]], device float4* y [[buffer(2)]],
    uint i [[thread_position_in_grid]]) {
  y[i] = a[i] + b[i];
}

kernel void silu_f32(device const float4* x [[buffer(0)]], device float4* y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  y[i] = v / (1.0f + precise::exp(-v));
}

kernel void silu_f16(device const half4* x [[buffer(0)]], device half4* y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  float4 v = float4(x[i]);
  y[i] = half4(v / (1.0f + precise::exp(-v)));
}

// The sum or the largest of what the 256 threads of a group have.
static inline float sum_of_group(float mine, threadgroup float* part, uint lane, uint s) {
  mine = simd_sum(mine);
  if (lane == 0) part[s] = mine;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float all = simd_sum(lane < 8 ? part[lane] : 0.0f);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return all;
}
static inline float most_of_group(float mine, threadgroup float* part, uint lane, uint s) {
  mine = simd_max(mine);
  if (lane == 0) part[s] = mine;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float all = simd_max(part[lane % 8]);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return all;
}

// Rows of 4096: four times four numbers for each thread of a group, which stay with it.
kernel void softmax_f32(device const float4* x [[buffer(0)]], device float4* y [[buffer(1)]], uint row [[threadgroup_position_in_grid]],
    uint l [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]], uint s [[simdgroup_index_in_threadgroup]]) {
  threadgroup float part[8];
  float4 v[4];
  float most = -INFINITY, sum = 0.0f;
  for (uint k = 0; k < 4; k++) {
    v[k] = x[row * 1024 + k * 256 + l];
    most = max(most, max(max(v[k].x, v[k].y), max(v[k].z, v[k].w)));
  }
  most = most_of_group(most, part, lane, s);
  for (uint k = 0; k < 4; k++) {
    v[k] = precise::exp(v[k] - most);
    sum += (v[k].x + v[k].y) + (v[k].z + v[k].w);
  }
  sum = sum_of_group(sum, part, lane, s);
  for (uint k = 0; k < 4; k++) y[row * 1024 + k * 256 + l] = v[k] * (1.0f / sum);
}

kernel void softmax_f16(device const half4* x [[buffer(0)]], device half4* y [[buffer(1)]], uint row [[threadgroup_position_in_grid]],
    uint l [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]], uint s [[simdgroup_index_in_threadgroup]]) {
  threadgroup float part[8];
  float4 v[4];
  float most = -INFINITY, sum = 0.0f;
  for (uint k = 0; k < 4; k++) {
    v[k] = float4(x[row * 1024 + k * 256 + l]);
    most = max(most, max(max(v[k].x, v[k].y), max(v[k].z, v[k].w)));
  }
  most = most_of_group(most, part, lane, s);
  for (uint k = 0; k < 4; k++) {
    v[k] = precise::exp(v[k] - most);
    sum += (v[k].x + v[k].y) + (v[k].z + v[k].w);
  }
  sum = sum_of_group(sum, part, lane, s);
  for (uint k = 0; k < 4; k++) y[row * 1024 + k * 256 + l] = half4(v[k] * (1.0f / sum));
}

kernel void rms_norm_f16(device const half4* x [[buffer(0)]], device const half4* w [[buffer(1)]], device half4* y [[buffer(2)]],
    uint row [[threadgroup_position_in_grid]], uint l [[thread_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]],
    uint s [[simdgroup_index_in_threadgroup]]) {
  threadgroup float part[8];
  float4 v[4];
  float sum = 0.0f;
  for (uint k = 0; k < 4; k++) {
    v[k] = float4(x[row * 1024 + k * 256 + l]);
    sum += dot(v[k], v[k]);
  }
  float scale = precise::rsqrt(sum_of_group(sum, part, lane, s) / 4096.0f + 1e-6f);
  for (uint k = 0; k < 4; k++) y[row * 1024 + k * 256 + l] = half4(v[k] * scale * float4(w[k * 256 + l]));
}

// y = W x: W in codes of 4 bits, 32 of them to a scale and a zero point; a row for each simd group. A lane takes the 32 of one scale.
kernel void w4_gemv_f16(device const uint4* codes [[buffer(0)]], device const half* scales [[buffer(1)]], device const half* zeros [[buffer(2)]],
    device const half4* x [[buffer(3)]], device half* y [[buffer(4)]], constant uint2& size [[buffer(5)]],
    uint group [[threadgroup_position_in_grid]], uint s [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
  uint rows = size.x, blocks = size.y;
  uint row = group * 8 + s;
  float sum = 0.0f;
  if (row < rows) {
    for (uint b = lane; b < blocks; b += 32) {
      uint4 word = codes[row * blocks + b];
      float dotted = 0.0f, plain = 0.0f;
      for (uint k = 0; k < 4; k++) {
        for (uint j = 0; j < 2; j++) {
          float4 v = float4(x[b * 8 + k * 2 + j]);
          uint c = word[k] >> (16 * j);
          dotted += float(c & 15) * v.x + float(c >> 4 & 15) * v.y + float(c >> 8 & 15) * v.z + float(c >> 12 & 15) * v.w;
          plain += (v.x + v.y) + (v.z + v.w);
        }
      }
      sum += float(scales[row * blocks + b]) * (dotted - float(zeros[row * blocks + b]) * plain);
    }
  }
  sum = simd_sum(sum);
  if (lane == 0 && row < rows) y[row] = half(sum);
}

// C = A B, a tile of 64x64 for each group of four simd groups, 4x4 matrices of 8x8 for each of them.
kernel void gemm_f16(device const half* a [[buffer(0)]], device const half* b [[buffer(1)]], device float* c [[buffer(2)]],
    constant uint3& size [[buffer(3)]], uint2 tile [[threadgroup_position_in_grid]], uint s [[simdgroup_index_in_threadgroup]]) {
  uint n = size.y, k = size.z;
  uint row = tile.y * 64 + s / 2 * 32, column = tile.x * 64 + s % 2 * 32;
  simdgroup_float8x8 sum[4][4];
  for (uint i = 0; i < 4; i++)
    for (uint j = 0; j < 4; j++) sum[i][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k0 = 0; k0 < k; k0 += 8) {
    simdgroup_half8x8 x[4], y[4];
    for (uint i = 0; i < 4; i++) simdgroup_load(x[i], a + (row + i * 8) * k + k0, k);
    for (uint j = 0; j < 4; j++) simdgroup_load(y[j], b + k0 * n + column + j * 8, n);
    for (uint i = 0; i < 4; i++)
      for (uint j = 0; j < 4; j++) simdgroup_multiply_accumulate(sum[i][j], x[i], y[j], sum[i][j]);
  }
  for (uint i = 0; i < 4; i++)
    for (uint j = 0; j < 4; j++) simdgroup_store(sum[i][j], c + (row + i * 8) * n + column + j * 8, n);
}
