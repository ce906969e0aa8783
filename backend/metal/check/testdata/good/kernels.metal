// Kernels as a code generator would write them. good_test.go computes in Go what they should give.
#include <metal_stdlib>
#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>
using namespace metal;
using namespace mpp::tensor_ops;

kernel void silu(device const float* x [[buffer(0)]], device float* y [[buffer(1)]], constant uint& n [[buffer(2)]],
    uint i [[thread_position_in_grid]]) {
  if (i < n) {
    float v = x[i];
    y[i] = v / (1.0f + precise::exp(-v));
  }
}

kernel void silu4(device const half4* x [[buffer(0)]], device half4* y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  float4 v = float4(x[i]);
  y[i] = half4(v / (1.0f + precise::exp(-v)));
}

// A row for each group of 256 threads: simd groups first, then what they found.
kernel void softmax(device const half* x [[buffer(0)]], device half* y [[buffer(1)]], constant uint& cols [[buffer(2)]],
    uint row [[threadgroup_position_in_grid]], uint l [[thread_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]], uint s [[simdgroup_index_in_threadgroup]]) {
  threadgroup float part[8];
  device const half* in = x + row * cols;
  device half* out = y + row * cols;
  float most = -INFINITY;
  for (uint c = l; c < cols; c += 256) most = max(most, float(in[c]));
  most = simd_max(most);
  if (lane == 0) part[s] = most;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  most = simd_max(part[lane % 8]);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float sum = 0.0f;
  for (uint c = l; c < cols; c += 256) sum += precise::exp(float(in[c]) - most);
  sum = simd_sum(sum);
  if (lane == 0) part[s] = sum;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  sum = simd_sum(lane < 8 ? part[lane] : 0.0f);
  for (uint c = l; c < cols; c += 256) out[c] = half(precise::exp(float(in[c]) - most) / sum);
}

// C[m, n] = A[m, k] * B[k, n], a tile of 16x16 for each group of four simd groups.
kernel void gemm(device const half* a [[buffer(0)]], device const half* b [[buffer(1)]], device float* c [[buffer(2)]],
    constant uint3& size [[buffer(3)]], uint2 tile [[threadgroup_position_in_grid]], uint l [[thread_index_in_threadgroup]],
    uint s [[simdgroup_index_in_threadgroup]]) {
  threadgroup half as[16 * 16];
  threadgroup half bs[16 * 16];
  uint m = size.x, n = size.y, k = size.z;
  simdgroup_matrix<float, 8, 8> sum = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k0 = 0; k0 < k; k0 += 16) {
    for (uint i = l; i < 256; i += 128) {
      uint r = i / 16, col = i % 16;
      as[i] = tile.y * 16 + r < m && k0 + col < k ? a[(tile.y * 16 + r) * k + k0 + col] : half(0.0f);
      bs[i] = k0 + r < k && tile.x * 16 + col < n ? b[(k0 + r) * n + tile.x * 16 + col] : half(0.0f);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint kk = 0; kk < 16; kk += 8) {
      simdgroup_matrix<half, 8, 8> x, y;
      simdgroup_load(x, &as[(s / 2) * 8 * 16 + kk], 16);
      simdgroup_load(y, &bs[kk * 16 + (s % 2) * 8], 16);
      simdgroup_multiply_accumulate(sum, x, y, sum);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  threadgroup float cs[16 * 16];
  simdgroup_store(sum, &cs[(s / 2) * 8 * 16 + (s % 2) * 8], 16);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint i = l; i < 256; i += 128) {
    uint r = tile.y * 16 + i / 16, col = tile.x * 16 + i % 16;
    if (r < m && col < n) c[r * n + col] = cs[i];
  }
}

[[kernel]] void tiled(tensor<device float, dextents<int, 2>, tensor_handle> A [[buffer(0)]],
    tensor<device float, dextents<int, 2>, tensor_handle> B [[buffer(1)]], tensor<device float, dextents<int, 2>, tensor_handle> C [[buffer(2)]],
    uint2 g [[thread_position_in_grid]], uint2 t [[thread_position_in_threadgroup]]) {
  threadgroup float as[8][8];
  threadgroup float bs[8][8];
  int K = A.get_extent(0), M = A.get_extent(1), N = B.get_extent(0);
  int col = int(g.x), row = int(g.y);
  float sum = 0.0f;
  for (int k0 = 0; k0 < K; k0 += 8) {
    int ka = k0 + int(t.x), kb = k0 + int(t.y);
    as[t.y][t.x] = row < M && ka < K ? A[ka, row] : 0.0f;
    bs[t.y][t.x] = col < N && kb < K ? B[col, kb] : 0.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (int k = 0; k < 8; k++) sum += as[t.y][k] * bs[k][t.x];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (row < M && col < N) C[col, row] = sum;
}

// y = W x, W in codes of 4 bits with a scale and a zero point for 32 of a row; a row for each simd group.
kernel void w4_gemv(device const uchar* codes [[buffer(0)]], device const half* scales [[buffer(1)]], device const half* zeros [[buffer(2)]],
    device const half* x [[buffer(3)]], device half* y [[buffer(4)]], constant uint2& size [[buffer(5)]],
    uint group [[threadgroup_position_in_grid]], uint s [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
  uint rows = size.x, cols = size.y;
  uint row = group * 2 + s;
  float sum = 0.0f;
  if (row < rows) {
    device const uchar* w = codes + row * cols / 2;
    for (uint c = lane * 2; c < cols; c += 64) {
      uchar two = w[c / 2];
      float scale = float(scales[row * (cols / 32) + c / 32]), zero = float(zeros[row * (cols / 32) + c / 32]);
      half2 v = *(device const half2*)(x + c);
      sum += (float(two & 15) - zero) * scale * float(v.x) + (float(two >> 4) - zero) * scale * float(v.y);
    }
  }
  sum = simd_sum(sum);
  if (lane == 0 && row < rows) y[row] = half(sum);
}
