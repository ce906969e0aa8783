#include <metal_stdlib>
using namespace metal;

// The larger of two, NaN where one is.
inline float4 max_of4(float4 a, float4 b) {
  bool4 first = a >= b;
  return select(b, a, first || isnan(a));
}

// tensor.transpose, nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x112x112x64xf32>.
//
//   x0: f32[150528], operand 0, read
//   x1: f32[9408], operand 1, read
//   x2: f32[64], operand 2, read
//   x3: f32[64], operand 3, read
//   x4: f32[64], operand 4, read
//   x5: f32[64], operand 5, read
//   y: f32[802816], result 0, written
//   25088 threads in groups of 128
kernel void conv_9e8bc6fe(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint group_columns [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float a[1280];
  threadgroup float b[1088];
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = (64 * group_columns + pixel) % 112;
  uint pixel3 = (64 * group_columns + pixel) / 112;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 9; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 16;
    uint out = t / 16;
    float x1_v = x1[in + 16 * k + 147 * out];
    a[in + 20 * out] = x1_v;
    uint out2 = t / 16 + 8;
    float x1_v2 = x1[in + 16 * k + 147 * out2];
    a[in + 20 * out2] = x1_v2;
    uint out3 = t / 16 + 16;
    float x1_v3 = x1[in + 16 * k + 147 * out3];
    a[in + 20 * out3] = x1_v3;
    uint out4 = t / 16 + 24;
    float x1_v4 = x1[in + 16 * k + 147 * out4];
    a[in + 20 * out4] = x1_v4;
    uint out5 = t / 16 + 32;
    float x1_v5 = x1[in + 16 * k + 147 * out5];
    a[in + 20 * out5] = x1_v5;
    uint out6 = t / 16 + 40;
    float x1_v6 = x1[in + 16 * k + 147 * out6];
    a[in + 20 * out6] = x1_v6;
    uint out7 = t / 16 + 48;
    float x1_v7 = x1[in + 16 * k + 147 * out7];
    a[in + 20 * out7] = x1_v7;
    uint out8 = t / 16 + 56;
    float x1_v8 = x1[in + 16 * k + 147 * out8];
    a[in + 20 * out8] = x1_v8;
    uint tap = (2 * k + own) % 7;
    uint tap2 = 2 * k + (2 * k + own) / 7 - 7 * ((16 * k + own) / 49);
    uint channel = (16 * k + own) / 49;
    bool inside = 2 * pixel3 + tap2 > 2 && 2 * pixel3 + tap2 <= 226;
    bool inside2 = 2 * pixel2 + tap > 2 && 2 * pixel2 + tap <= 226;
    float x0_v = inside && inside2 ? x0[50176 * channel + 2 * pixel2 + 448 * pixel3 + tap + 224 * tap2 - 675] : 0.0f;
    b[68 * own + pixel] = inside && inside2 ? x0_v : 0.0f;
    uint tap3 = (2 * k + own + 2) % 7;
    uint tap4 = 2 * k + (2 * k + own + 2) / 7 - 7 * ((16 * k + own + 2) / 49);
    uint channel2 = (16 * k + own + 2) / 49;
    bool inside3 = 2 * pixel3 + tap4 > 2 && 2 * pixel3 + tap4 <= 226;
    bool inside4 = 2 * pixel2 + tap3 > 2 && 2 * pixel2 + tap3 <= 226;
    float x0_v2 = inside3 && inside4 ? x0[50176 * channel2 + 2 * pixel2 + 448 * pixel3 + tap3 + 224 * tap4 - 675] : 0.0f;
    b[68 * own + pixel + 136] = inside3 && inside4 ? x0_v2 : 0.0f;
    uint tap5 = (2 * k + own + 4) % 7;
    uint tap6 = 2 * k + (2 * k + own + 4) / 7 - 7 * ((16 * k + own + 4) / 49);
    uint channel3 = (16 * k + own + 4) / 49;
    bool inside5 = 2 * pixel3 + tap6 > 2 && 2 * pixel3 + tap6 <= 226;
    bool inside6 = 2 * pixel2 + tap5 > 2 && 2 * pixel2 + tap5 <= 226;
    float x0_v3 = inside5 && inside6 ? x0[50176 * channel3 + 2 * pixel2 + 448 * pixel3 + tap5 + 224 * tap6 - 675] : 0.0f;
    b[68 * own + pixel + 272] = inside5 && inside6 ? x0_v3 : 0.0f;
    uint tap7 = (2 * k + own + 6) % 7;
    uint tap8 = 2 * k + (2 * k + own + 6) / 7 - 7 * ((16 * k + own + 6) / 49);
    uint channel4 = (16 * k + own + 6) / 49;
    bool inside7 = 2 * pixel3 + tap8 > 2 && 2 * pixel3 + tap8 <= 226;
    bool inside8 = 2 * pixel2 + tap7 > 2 && 2 * pixel2 + tap7 <= 226;
    float x0_v4 = inside7 && inside8 ? x0[50176 * channel4 + 2 * pixel2 + 448 * pixel3 + tap7 + 224 * tap8 - 675] : 0.0f;
    b[68 * own + pixel + 408] = inside7 && inside8 ? x0_v4 : 0.0f;
    uint tap9 = (2 * k + own + 1) % 7;
    uint tap10 = 2 * k + (2 * k + own + 1) / 7 + 1 - 7 * ((16 * k + own + 8) / 49);
    uint channel5 = (16 * k + own + 8) / 49;
    bool inside9 = 2 * pixel3 + tap10 > 2 && 2 * pixel3 + tap10 <= 226;
    bool inside10 = 2 * pixel2 + tap9 > 2 && 2 * pixel2 + tap9 <= 226;
    float x0_v5 = inside9 && inside10 ? x0[50176 * channel5 + 2 * pixel2 + 448 * pixel3 + 224 * tap10 + tap9 - 675] : 0.0f;
    b[68 * own + pixel + 544] = inside9 && inside10 ? x0_v5 : 0.0f;
    uint tap11 = (2 * k + own + 3) % 7;
    uint tap12 = 2 * k + (2 * k + own + 3) / 7 + 1 - 7 * ((16 * k + own + 10) / 49);
    uint channel6 = (16 * k + own + 10) / 49;
    bool inside11 = 2 * pixel3 + tap12 > 2 && 2 * pixel3 + tap12 <= 226;
    bool inside12 = 2 * pixel2 + tap11 > 2 && 2 * pixel2 + tap11 <= 226;
    float x0_v6 = inside11 && inside12 ? x0[50176 * channel6 + 2 * pixel2 + 448 * pixel3 + tap11 + 224 * tap12 - 675] : 0.0f;
    b[68 * own + pixel + 680] = inside11 && inside12 ? x0_v6 : 0.0f;
    uint tap13 = (2 * k + own + 5) % 7;
    uint tap14 = 2 * k + (2 * k + own + 5) / 7 + 1 - 7 * ((16 * k + own + 12) / 49);
    uint channel7 = (16 * k + own + 12) / 49;
    bool inside13 = 2 * pixel3 + tap14 > 2 && 2 * pixel3 + tap14 <= 226;
    bool inside14 = 2 * pixel2 + tap13 > 2 && 2 * pixel2 + tap13 <= 226;
    float x0_v7 = inside13 && inside14 ? x0[50176 * channel7 + 2 * pixel2 + 448 * pixel3 + tap13 + 224 * tap14 - 675] : 0.0f;
    b[68 * own + pixel + 816] = inside13 && inside14 ? x0_v7 : 0.0f;
    uint tap15 = 2 * k + (2 * k + own) / 7 + 2 - 7 * ((16 * k + own + 14) / 49);
    uint channel8 = (16 * k + own + 14) / 49;
    bool inside15 = 2 * pixel3 + tap15 > 2 && 2 * pixel3 + tap15 <= 226;
    bool inside16 = 2 * pixel2 + tap > 2 && 2 * pixel2 + tap <= 226;
    float x0_v8 = inside15 && inside16 ? x0[50176 * channel8 + 2 * pixel2 + 448 * pixel3 + tap + 224 * tap15 - 675] : 0.0f;
    b[68 * own + pixel + 952] = inside15 && inside16 ? x0_v8 : 0.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 32 * across, 68);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 32 * across + 8, 68);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 32 * across + 16, 68);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 32 * across + 24, 68);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 32 * across + 544, 68);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 32 * across + 552, 68);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 32 * across + 560, 68);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 32 * across + 568, 68);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint in = t % 16;
  uint out = t / 16;
  uint at_given = in + 144;
  uint at = min(at_given, 146u);
  float x1_v = x1[at + 147 * out];
  a[in + 20 * out] = in + 143 < 146 ? x1_v : 0.0f;
  uint out2 = t / 16 + 8;
  float x1_v2 = x1[at + 147 * out2];
  a[in + 20 * out2] = in + 143 < 146 ? x1_v2 : 0.0f;
  uint out3 = t / 16 + 16;
  float x1_v3 = x1[at + 147 * out3];
  a[in + 20 * out3] = in + 143 < 146 ? x1_v3 : 0.0f;
  uint out4 = t / 16 + 24;
  float x1_v4 = x1[at + 147 * out4];
  a[in + 20 * out4] = in + 143 < 146 ? x1_v4 : 0.0f;
  uint out5 = t / 16 + 32;
  float x1_v5 = x1[at + 147 * out5];
  a[in + 20 * out5] = in + 143 < 146 ? x1_v5 : 0.0f;
  uint out6 = t / 16 + 40;
  float x1_v6 = x1[at + 147 * out6];
  a[in + 20 * out6] = in + 143 < 146 ? x1_v6 : 0.0f;
  uint out7 = t / 16 + 48;
  float x1_v7 = x1[at + 147 * out7];
  a[in + 20 * out7] = in + 143 < 146 ? x1_v7 : 0.0f;
  uint out8 = t / 16 + 56;
  float x1_v8 = x1[at + 147 * out8];
  a[in + 20 * out8] = in + 143 < 146 ? x1_v8 : 0.0f;
  uint k = own + 144;
  uint tap = k % 7;
  uint tap2 = k / 7 % 7;
  uint channel = k / 49;
  bool inside = 2 * pixel3 + tap2 - 3 <= 223;
  bool inside2 = 2 * pixel2 + tap - 3 <= 223;
  float x0_v = inside && inside2 && true ? x0[50176 * channel + 2 * pixel2 + 448 * pixel3 + tap + 224 * tap2 - 675] : 0.0f;
  b[68 * own + pixel] = inside && inside2 && true ? x0_v : 0.0f;
  uint k_given = own + 146;
  uint k2 = min(k_given, 146u);
  uint tap3 = k2 % 7;
  uint tap4 = k2 / 7 % 7;
  uint channel2 = k2 / 49;
  bool inside3 = 2 * pixel3 + tap4 > 2 && 2 * pixel3 + tap4 <= 226;
  bool inside4 = 2 * pixel2 + tap3 > 2 && 2 * pixel2 + tap3 <= 226;
  bool inside5 = own + 145 < 146;
  float x0_v2 = inside3 && inside4 && inside5 ? x0[50176 * channel2 + 2 * pixel2 + 448 * pixel3 + tap3 + 224 * tap4 - 675] : 0.0f;
  b[68 * own + pixel + 136] = inside3 && inside4 && inside5 ? x0_v2 : 0.0f;
  uint k_given2 = own + 148;
  uint k3 = min(k_given2, 146u);
  uint tap5 = k3 % 7;
  uint tap6 = k3 / 7 % 7;
  uint channel3 = k3 / 49;
  bool inside6 = 2 * pixel3 + tap6 > 2 && 2 * pixel3 + tap6 <= 226;
  bool inside7 = 2 * pixel2 + tap5 > 2 && 2 * pixel2 + tap5 <= 226;
  float x0_v3 = inside6 && inside7 && false ? x0[50176 * channel3 + 2 * pixel2 + 448 * pixel3 + tap5 + 224 * tap6 - 675] : 0.0f;
  b[68 * own + pixel + 272] = inside6 && inside7 && false ? x0_v3 : 0.0f;
  uint k_given3 = own + 150;
  uint k4 = min(k_given3, 146u);
  uint tap7 = k4 % 7;
  uint tap8 = k4 / 7 % 7;
  uint channel4 = k4 / 49;
  bool inside8 = 2 * pixel3 + tap8 > 2 && 2 * pixel3 + tap8 <= 226;
  bool inside9 = 2 * pixel2 + tap7 > 2 && 2 * pixel2 + tap7 <= 226;
  float x0_v4 = inside8 && inside9 && false ? x0[50176 * channel4 + 2 * pixel2 + 448 * pixel3 + tap7 + 224 * tap8 - 675] : 0.0f;
  b[68 * own + pixel + 408] = inside8 && inside9 && false ? x0_v4 : 0.0f;
  uint k_given4 = own + 152;
  uint k5 = min(k_given4, 146u);
  uint tap9 = k5 % 7;
  uint tap10 = k5 / 7 % 7;
  uint channel5 = k5 / 49;
  bool inside10 = 2 * pixel3 + tap10 > 2 && 2 * pixel3 + tap10 <= 226;
  bool inside11 = 2 * pixel2 + tap9 > 2 && 2 * pixel2 + tap9 <= 226;
  float x0_v5 = inside10 && inside11 && false ? x0[50176 * channel5 + 2 * pixel2 + 448 * pixel3 + tap9 + 224 * tap10 - 675] : 0.0f;
  b[68 * own + pixel + 544] = inside10 && inside11 && false ? x0_v5 : 0.0f;
  uint k_given5 = own + 154;
  uint k6 = min(k_given5, 146u);
  uint tap11 = k6 % 7;
  uint tap12 = k6 / 7 % 7;
  uint channel6 = k6 / 49;
  bool inside12 = 2 * pixel3 + tap12 > 2 && 2 * pixel3 + tap12 <= 226;
  bool inside13 = 2 * pixel2 + tap11 > 2 && 2 * pixel2 + tap11 <= 226;
  float x0_v6 = inside12 && inside13 && false ? x0[50176 * channel6 + 2 * pixel2 + 448 * pixel3 + tap11 + 224 * tap12 - 675] : 0.0f;
  b[68 * own + pixel + 680] = inside12 && inside13 && false ? x0_v6 : 0.0f;
  uint k_given6 = own + 156;
  uint k7 = min(k_given6, 146u);
  uint tap13 = k7 % 7;
  uint tap14 = k7 / 7 % 7;
  uint channel7 = k7 / 49;
  bool inside14 = 2 * pixel3 + tap14 > 2 && 2 * pixel3 + tap14 <= 226;
  bool inside15 = 2 * pixel2 + tap13 > 2 && 2 * pixel2 + tap13 <= 226;
  float x0_v7 = inside14 && inside15 && false ? x0[50176 * channel7 + 2 * pixel2 + 448 * pixel3 + tap13 + 224 * tap14 - 675] : 0.0f;
  b[68 * own + pixel + 816] = inside14 && inside15 && false ? x0_v7 : 0.0f;
  uint k_given7 = own + 158;
  uint k8 = min(k_given7, 146u);
  uint tap15 = k8 % 7;
  uint tap16 = k8 / 7 % 7;
  uint channel8 = k8 / 49;
  bool inside16 = 2 * pixel3 + tap16 > 2 && 2 * pixel3 + tap16 <= 226;
  bool inside17 = 2 * pixel2 + tap15 > 2 && 2 * pixel2 + tap15 <= 226;
  float x0_v8 = inside16 && inside17 && false ? x0[50176 * channel8 + 2 * pixel2 + 448 * pixel3 + tap15 + 224 * tap16 - 675] : 0.0f;
  b[68 * own + pixel + 952] = inside16 && inside17 && false ? x0_v8 : 0.0f;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_float8x8 a_tile;
  simdgroup_load(a_tile, a + 640 * down, 20);
  simdgroup_float8x8 a_tile2;
  simdgroup_load(a_tile2, a + 640 * down + 160, 20);
  simdgroup_float8x8 a_tile3;
  simdgroup_load(a_tile3, a + 640 * down + 320, 20);
  simdgroup_float8x8 a_tile4;
  simdgroup_load(a_tile4, a + 640 * down + 480, 20);
  simdgroup_float8x8 b_tile;
  simdgroup_load(b_tile, b + 32 * across, 68);
  simdgroup_float8x8 b_tile2;
  simdgroup_load(b_tile2, b + 32 * across + 8, 68);
  simdgroup_float8x8 b_tile3;
  simdgroup_load(b_tile3, b + 32 * across + 16, 68);
  simdgroup_float8x8 b_tile4;
  simdgroup_load(b_tile4, b + 32 * across + 24, 68);
  simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
  simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
  simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
  simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
  simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
  simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
  simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
  simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
  simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
  simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
  simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
  simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
  simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
  simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
  simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
  simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
  simdgroup_float8x8 a_tile5;
  simdgroup_load(a_tile5, a + 640 * down + 8, 20);
  simdgroup_float8x8 a_tile6;
  simdgroup_load(a_tile6, a + 640 * down + 168, 20);
  simdgroup_float8x8 a_tile7;
  simdgroup_load(a_tile7, a + 640 * down + 328, 20);
  simdgroup_float8x8 a_tile8;
  simdgroup_load(a_tile8, a + 640 * down + 488, 20);
  simdgroup_float8x8 b_tile5;
  simdgroup_load(b_tile5, b + 32 * across + 544, 68);
  simdgroup_float8x8 b_tile6;
  simdgroup_load(b_tile6, b + 32 * across + 552, 68);
  simdgroup_float8x8 b_tile7;
  simdgroup_load(b_tile7, b + 32 * across + 560, 68);
  simdgroup_float8x8 b_tile8;
  simdgroup_load(b_tile8, b + 32 * across + 568, 68);
  simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
  simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
  simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
  simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
  simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
  simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
  simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
  simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
  simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
  simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
  simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
  simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
  simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
  simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
  simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
  simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2;
  uint col = 8 * across + along + 16 * group_columns;
  float x2_v = x2[row];
  float x3_v = x3[row];
  float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
  float x4_v = x4[row];
  float x5_v = x5[row];
  float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
  y[256 * col + row] = most.x;
  y[256 * col + row + 64] = most.y;
  y[256 * col + row + 128] = most.z;
  y[256 * col + row + 192] = most.w;
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3;
  float x2_v2 = x2[row2];
  float x3_v2 = x3[row2];
  float4 v2 = (stage_v2 - float4(x2_v2)) * float4(precise::rsqrt(x3_v2 + 1e-05f));
  float x4_v2 = x4[row2];
  float x5_v2 = x5[row2];
  float4 most2 = max_of4(v2 * float4(x4_v2) + float4(x5_v2), float4(0.0f));
  y[256 * col + row2] = most2.x;
  y[256 * col + row2 + 64] = most2.y;
  y[256 * col + row2 + 128] = most2.z;
  y[256 * col + row2 + 192] = most2.w;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 8;
  float x2_v3 = x2[row3];
  float x3_v3 = x3[row3];
  float4 v3 = (stage_v3 - float4(x2_v3)) * float4(precise::rsqrt(x3_v3 + 1e-05f));
  float x4_v3 = x4[row3];
  float x5_v3 = x5[row3];
  float4 most3 = max_of4(v3 * float4(x4_v3) + float4(x5_v3), float4(0.0f));
  y[256 * col + row3] = most3.x;
  y[256 * col + row3 + 64] = most3.y;
  y[256 * col + row3 + 128] = most3.z;
  y[256 * col + row3 + 192] = most3.w;
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 8;
  float x2_v4 = x2[row4];
  float x3_v4 = x3[row4];
  float4 v4 = (stage_v4 - float4(x2_v4)) * float4(precise::rsqrt(x3_v4 + 1e-05f));
  float x4_v4 = x4[row4];
  float x5_v4 = x5[row4];
  float4 most4 = max_of4(v4 * float4(x4_v4) + float4(x5_v4), float4(0.0f));
  y[256 * col + row4] = most4.x;
  y[256 * col + row4 + 64] = most4.y;
  y[256 * col + row4 + 128] = most4.z;
  y[256 * col + row4 + 192] = most4.w;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 16;
  float x2_v5 = x2[row5];
  float x3_v5 = x3[row5];
  float4 v5 = (stage_v5 - float4(x2_v5)) * float4(precise::rsqrt(x3_v5 + 1e-05f));
  float x4_v5 = x4[row5];
  float x5_v5 = x5[row5];
  float4 most5 = max_of4(v5 * float4(x4_v5) + float4(x5_v5), float4(0.0f));
  y[256 * col + row5] = most5.x;
  y[256 * col + row5 + 64] = most5.y;
  y[256 * col + row5 + 128] = most5.z;
  y[256 * col + row5 + 192] = most5.w;
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 16;
  float x2_v6 = x2[row6];
  float x3_v6 = x3[row6];
  float4 v6 = (stage_v6 - float4(x2_v6)) * float4(precise::rsqrt(x3_v6 + 1e-05f));
  float x4_v6 = x4[row6];
  float x5_v6 = x5[row6];
  float4 most6 = max_of4(v6 * float4(x4_v6) + float4(x5_v6), float4(0.0f));
  y[256 * col + row6] = most6.x;
  y[256 * col + row6 + 64] = most6.y;
  y[256 * col + row6 + 128] = most6.z;
  y[256 * col + row6 + 192] = most6.w;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 24;
  float x2_v7 = x2[row7];
  float x3_v7 = x3[row7];
  float4 v7 = (stage_v7 - float4(x2_v7)) * float4(precise::rsqrt(x3_v7 + 1e-05f));
  float x4_v7 = x4[row7];
  float x5_v7 = x5[row7];
  float4 most7 = max_of4(v7 * float4(x4_v7) + float4(x5_v7), float4(0.0f));
  y[256 * col + row7] = most7.x;
  y[256 * col + row7 + 64] = most7.y;
  y[256 * col + row7 + 128] = most7.z;
  y[256 * col + row7 + 192] = most7.w;
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 24;
  float x2_v8 = x2[row8];
  float x3_v8 = x3[row8];
  float4 v8 = (stage_v8 - float4(x2_v8)) * float4(precise::rsqrt(x3_v8 + 1e-05f));
  float x4_v8 = x4[row8];
  float x5_v8 = x5[row8];
  float4 most8 = max_of4(v8 * float4(x4_v8) + float4(x5_v8), float4(0.0f));
  y[256 * col + row8] = most8.x;
  y[256 * col + row8 + 64] = most8.y;
  y[256 * col + row8 + 128] = most8.z;
  y[256 * col + row8 + 192] = most8.w;
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x56x56x64xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[4096], operand 1, read
//   x2: f32[64], operand 2, read
//   x3: f32[64], operand 3, read
//   x4: f32[64], operand 4, read
//   x5: f32[64], operand 5, read
//   y: f32[200704], result 0, written
//   6272 threads in groups of 128
kernel void conv_69829bfa(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint group_rows [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 4; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 4096 * group_rows + 4 * in + 16 * k + 64 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    float4 x0_v2 = *(device const float4*)(x0 + 4096 * group_rows + 4 * in + 16 * k + 64 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 4 * in + 16 * k + 64 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 4 * in + 16 * k + 64 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2 + 64 * group_rows;
  uint col = 8 * across + along;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3 + 64 * group_rows;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row2) = max_of4(v2 * x4_v2 + x5_v2, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 64 * group_rows + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row3) = max_of4(v3 * x4_v3 + x5_v3, float4(0.0f));
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 64 * group_rows + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row4) = max_of4(v4 * x4_v4 + x5_v4, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 64 * group_rows + 16;
  float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
  float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
  float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 64 * group_rows + 16;
  float4 x2_v6 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v6 = *(device const float4*)(x3 + 4 * col);
  float4 v6 = (stage_v6 - x2_v6) * precise::rsqrt(x3_v6 + float4(1e-05f));
  float4 x4_v6 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v6 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row6) = max_of4(v6 * x4_v6 + x5_v6, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 64 * group_rows + 24;
  float4 x2_v7 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v7 = *(device const float4*)(x3 + 4 * col);
  float4 v7 = (stage_v7 - x2_v7) * precise::rsqrt(x3_v7 + float4(1e-05f));
  float4 x4_v7 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v7 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row7) = max_of4(v7 * x4_v7 + x5_v7, float4(0.0f));
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 64 * group_rows + 24;
  float4 x2_v8 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v8 = *(device const float4*)(x3 + 4 * col);
  float4 v8 = (stage_v8 - x2_v8) * precise::rsqrt(x3_v8 + float4(1e-05f));
  float4 x4_v8 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v8 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row8) = max_of4(v8 * x4_v8 + x5_v8, float4(0.0f));
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x56x56x64xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[36864], operand 1, read
//   x2: f32[64], operand 2, read
//   x3: f32[64], operand 3, read
//   x4: f32[64], operand 4, read
//   x5: f32[64], operand 5, read
//   y: f32[200704], result 0, written
//   6272 threads in groups of 128
kernel void conv_99573ae9(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint group_columns [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float b[1088];
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = (64 * group_columns + pixel) % 56;
  uint pixel3 = (64 * group_columns + pixel) / 56;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 36; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 4 * in + 16 * k + 576 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 4 * in + 16 * k + 576 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    bool v = pixel3 + tap2 > 0 && pixel3 + tap2 <= 56 && (pixel2 + tap > 0 && pixel2 + tap <= 56);
    float x0_v = v ? x0[channel + 64 * pixel2 + 3584 * pixel3 + 64 * tap + 3584 * tap2 - 3648] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    bool v2 = pixel3 + tap4 > 0 && pixel3 + tap4 <= 56 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 56);
    float x0_v2 = v2 ? x0[channel2 + 64 * pixel2 + 3584 * pixel3 + 64 * tap3 + 3584 * tap4 - 3648] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    bool v3 = pixel3 + tap6 > 0 && pixel3 + tap6 <= 56 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 56);
    float x0_v3 = v3 ? x0[channel3 + 64 * pixel2 + 3584 * pixel3 + 64 * tap5 + 3584 * tap6 - 3648] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    bool v4 = pixel3 + tap7 > 0 && pixel3 + tap7 <= 56 && (pixel2 + tap > 0 && pixel2 + tap <= 56);
    float x0_v4 = v4 ? x0[channel4 + 64 * pixel2 + 3584 * pixel3 + 64 * tap + 3584 * tap7 - 3648] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    bool v5 = pixel3 + tap8 > 0 && pixel3 + tap8 <= 56 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 56);
    float x0_v5 = v5 ? x0[channel5 + 64 * pixel2 + 3584 * pixel3 + 3584 * tap8 + 64 * tap3 - 3648] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    bool v6 = pixel3 + tap9 > 0 && pixel3 + tap9 <= 56 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 56);
    float x0_v6 = v6 ? x0[channel6 + 64 * pixel2 + 3584 * pixel3 + 64 * tap5 + 3584 * tap9 - 3648] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    bool v7 = pixel3 + tap10 > 0 && pixel3 + tap10 <= 56 && (pixel2 + tap > 0 && pixel2 + tap <= 56);
    float x0_v7 = v7 ? x0[channel7 + 64 * pixel2 + 3584 * pixel3 + 64 * tap + 3584 * tap10 - 3648] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    bool v8 = pixel3 + tap11 > 0 && pixel3 + tap11 <= 56 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 56);
    float x0_v8 = v8 ? x0[channel8 + 64 * pixel2 + 3584 * pixel3 + 64 * tap3 + 3584 * tap11 - 3648] : 0.0f;
    b[68 * own + pixel + 952] = x0_v8;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 32 * across, 68);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 32 * across + 8, 68);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 32 * across + 16, 68);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 32 * across + 24, 68);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 32 * across + 544, 68);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 32 * across + 552, 68);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 32 * across + 560, 68);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 32 * across + 568, 68);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2;
  uint col = 8 * across + along + 16 * group_columns;
  float x2_v = x2[row];
  float x3_v = x3[row];
  float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
  float x4_v = x4[row];
  float x5_v = x5[row];
  float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
  y[256 * col + row] = most.x;
  y[256 * col + row + 64] = most.y;
  y[256 * col + row + 128] = most.z;
  y[256 * col + row + 192] = most.w;
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3;
  float x2_v2 = x2[row2];
  float x3_v2 = x3[row2];
  float4 v2 = (stage_v2 - float4(x2_v2)) * float4(precise::rsqrt(x3_v2 + 1e-05f));
  float x4_v2 = x4[row2];
  float x5_v2 = x5[row2];
  float4 most2 = max_of4(v2 * float4(x4_v2) + float4(x5_v2), float4(0.0f));
  y[256 * col + row2] = most2.x;
  y[256 * col + row2 + 64] = most2.y;
  y[256 * col + row2 + 128] = most2.z;
  y[256 * col + row2 + 192] = most2.w;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 8;
  float x2_v3 = x2[row3];
  float x3_v3 = x3[row3];
  float4 v3 = (stage_v3 - float4(x2_v3)) * float4(precise::rsqrt(x3_v3 + 1e-05f));
  float x4_v3 = x4[row3];
  float x5_v3 = x5[row3];
  float4 most3 = max_of4(v3 * float4(x4_v3) + float4(x5_v3), float4(0.0f));
  y[256 * col + row3] = most3.x;
  y[256 * col + row3 + 64] = most3.y;
  y[256 * col + row3 + 128] = most3.z;
  y[256 * col + row3 + 192] = most3.w;
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 8;
  float x2_v4 = x2[row4];
  float x3_v4 = x3[row4];
  float4 v4 = (stage_v4 - float4(x2_v4)) * float4(precise::rsqrt(x3_v4 + 1e-05f));
  float x4_v4 = x4[row4];
  float x5_v4 = x5[row4];
  float4 most4 = max_of4(v4 * float4(x4_v4) + float4(x5_v4), float4(0.0f));
  y[256 * col + row4] = most4.x;
  y[256 * col + row4 + 64] = most4.y;
  y[256 * col + row4 + 128] = most4.z;
  y[256 * col + row4 + 192] = most4.w;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 16;
  float x2_v5 = x2[row5];
  float x3_v5 = x3[row5];
  float4 v5 = (stage_v5 - float4(x2_v5)) * float4(precise::rsqrt(x3_v5 + 1e-05f));
  float x4_v5 = x4[row5];
  float x5_v5 = x5[row5];
  float4 most5 = max_of4(v5 * float4(x4_v5) + float4(x5_v5), float4(0.0f));
  y[256 * col + row5] = most5.x;
  y[256 * col + row5 + 64] = most5.y;
  y[256 * col + row5 + 128] = most5.z;
  y[256 * col + row5 + 192] = most5.w;
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 16;
  float x2_v6 = x2[row6];
  float x3_v6 = x3[row6];
  float4 v6 = (stage_v6 - float4(x2_v6)) * float4(precise::rsqrt(x3_v6 + 1e-05f));
  float x4_v6 = x4[row6];
  float x5_v6 = x5[row6];
  float4 most6 = max_of4(v6 * float4(x4_v6) + float4(x5_v6), float4(0.0f));
  y[256 * col + row6] = most6.x;
  y[256 * col + row6 + 64] = most6.y;
  y[256 * col + row6 + 128] = most6.z;
  y[256 * col + row6 + 192] = most6.w;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 24;
  float x2_v7 = x2[row7];
  float x3_v7 = x3[row7];
  float4 v7 = (stage_v7 - float4(x2_v7)) * float4(precise::rsqrt(x3_v7 + 1e-05f));
  float x4_v7 = x4[row7];
  float x5_v7 = x5[row7];
  float4 most7 = max_of4(v7 * float4(x4_v7) + float4(x5_v7), float4(0.0f));
  y[256 * col + row7] = most7.x;
  y[256 * col + row7 + 64] = most7.y;
  y[256 * col + row7 + 128] = most7.z;
  y[256 * col + row7 + 192] = most7.w;
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 24;
  float x2_v8 = x2[row8];
  float x3_v8 = x3[row8];
  float4 v8 = (stage_v8 - float4(x2_v8)) * float4(precise::rsqrt(x3_v8 + 1e-05f));
  float x4_v8 = x4[row8];
  float x5_v8 = x5[row8];
  float4 most8 = max_of4(v8 * float4(x4_v8) + float4(x5_v8), float4(0.0f));
  y[256 * col + row8] = most8.x;
  y[256 * col + row8 + 64] = most8.y;
  y[256 * col + row8 + 128] = most8.z;
  y[256 * col + row8 + 192] = most8.w;
}

// nn.conv, nn.batch_norm, which gives tensor<1x56x56x256xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[16384], operand 1, read
//   x2: f32[256], operand 2, read
//   x3: f32[256], operand 3, read
//   x4: f32[256], operand 4, read
//   x5: f32[256], operand 5, read
//   y: f32[802816], result 0, written
//   512 x 49 threads in groups of 128 x 1
kernel void conv_70978712(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 4; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 4096 * group_rows + 4 * in + 16 * k + 64 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    float4 x0_v2 = *(device const float4*)(x0 + 4096 * group_rows + 4 * in + 16 * k + 64 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 4096 * group_columns + 4 * in + 16 * k + 64 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 4096 * group_columns + 4 * in + 16 * k + 64 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2 + 64 * group_rows;
  uint col = 8 * across + along + 16 * group_columns;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row) = v * x4_v + x5_v;
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3 + 64 * group_rows;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row2) = v2 * x4_v2 + x5_v2;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 64 * group_rows + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row3) = v3 * x4_v3 + x5_v3;
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 64 * group_rows + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row4) = v4 * x4_v4 + x5_v4;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 64 * group_rows + 16;
  float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
  float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
  float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row5) = v5 * x4_v5 + x5_v5;
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 64 * group_rows + 16;
  float4 x2_v6 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v6 = *(device const float4*)(x3 + 4 * col);
  float4 v6 = (stage_v6 - x2_v6) * precise::rsqrt(x3_v6 + float4(1e-05f));
  float4 x4_v6 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v6 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row6) = v6 * x4_v6 + x5_v6;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 64 * group_rows + 24;
  float4 x2_v7 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v7 = *(device const float4*)(x3 + 4 * col);
  float4 v7 = (stage_v7 - x2_v7) * precise::rsqrt(x3_v7 + float4(1e-05f));
  float4 x4_v7 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v7 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row7) = v7 * x4_v7 + x5_v7;
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 64 * group_rows + 24;
  float4 x2_v8 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v8 = *(device const float4*)(x3 + 4 * col);
  float4 v8 = (stage_v8 - x2_v8) * precise::rsqrt(x3_v8 + float4(1e-05f));
  float4 x4_v8 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v8 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 256 * row8) = v8 * x4_v8 + x5_v8;
}

// nn.conv, nn.batch_norm, tensor.add, nn.relu, which gives tensor<1x56x56x256xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[16384], operand 1, read
//   x2: f32[256], operand 2, read
//   x3: f32[256], operand 3, read
//   x4: f32[256], operand 4, read
//   x5: f32[256], operand 5, read
//   x6: f32[802816], operand 6, read
//   y: f32[802816], result 0, written
//   512 x 49 threads in groups of 128 x 1
kernel void conv_c10240b9(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device const float* x6 [[buffer(6)]],
    device float* y [[buffer(7)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 4; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 4096 * group_rows + 4 * in + 16 * k + 64 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    float4 x0_v2 = *(device const float4*)(x0 + 4096 * group_rows + 4 * in + 16 * k + 64 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 4096 * group_columns + 4 * in + 16 * k + 64 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 4096 * group_columns + 4 * in + 16 * k + 64 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2 + 64 * group_rows;
  uint col = 8 * across + along + 16 * group_columns;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  float4 x6_v = *(device const float4*)(x6 + 4 * col + 256 * row);
  *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3 + 64 * group_rows;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v2 = *(device const float4*)(x6 + 4 * col + 256 * row2);
  float4 most = max_of4(v2 * x4_v2 + x5_v2 + x6_v2, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row2) = most;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 64 * group_rows + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v3 = *(device const float4*)(x6 + 4 * col + 256 * row3);
  float4 most2 = max_of4(v3 * x4_v3 + x5_v3 + x6_v3, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row3) = most2;
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 64 * group_rows + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v4 = *(device const float4*)(x6 + 4 * col + 256 * row4);
  float4 most3 = max_of4(v4 * x4_v4 + x5_v4 + x6_v4, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row4) = most3;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 64 * group_rows + 16;
  float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
  float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
  float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v5 = *(device const float4*)(x6 + 4 * col + 256 * row5);
  float4 most4 = max_of4(v5 * x4_v5 + x5_v5 + x6_v5, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row5) = most4;
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 64 * group_rows + 16;
  float4 x2_v6 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v6 = *(device const float4*)(x3 + 4 * col);
  float4 v6 = (stage_v6 - x2_v6) * precise::rsqrt(x3_v6 + float4(1e-05f));
  float4 x4_v6 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v6 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v6 = *(device const float4*)(x6 + 4 * col + 256 * row6);
  float4 most5 = max_of4(v6 * x4_v6 + x5_v6 + x6_v6, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row6) = most5;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 64 * group_rows + 24;
  float4 x2_v7 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v7 = *(device const float4*)(x3 + 4 * col);
  float4 v7 = (stage_v7 - x2_v7) * precise::rsqrt(x3_v7 + float4(1e-05f));
  float4 x4_v7 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v7 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v7 = *(device const float4*)(x6 + 4 * col + 256 * row7);
  float4 most6 = max_of4(v7 * x4_v7 + x5_v7 + x6_v7, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row7) = most6;
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 64 * group_rows + 24;
  float4 x2_v8 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v8 = *(device const float4*)(x3 + 4 * col);
  float4 v8 = (stage_v8 - x2_v8) * precise::rsqrt(x3_v8 + float4(1e-05f));
  float4 x4_v8 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v8 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v8 = *(device const float4*)(x6 + 4 * col + 256 * row8);
  float4 most7 = max_of4(v8 * x4_v8 + x5_v8 + x6_v8, float4(0.0f));
  *(device float4*)(y + 4 * col + 256 * row8) = most7;
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x56x56x64xf32>.
//
//   x0: f32[802816], operand 0, read
//   x1: f32[16384], operand 1, read
//   x2: f32[64], operand 2, read
//   x3: f32[64], operand 3, read
//   x4: f32[64], operand 4, read
//   x5: f32[64], operand 5, read
//   y: f32[200704], result 0, written
//   6272 threads in groups of 128
kernel void conv_b50490d5(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint group_rows [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 16; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 16384 * group_rows + 4 * in + 16 * k + 256 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    float4 x0_v2 = *(device const float4*)(x0 + 16384 * group_rows + 4 * in + 16 * k + 256 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 4 * in + 16 * k + 256 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 4 * in + 16 * k + 256 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2 + 64 * group_rows;
  uint col = 8 * across + along;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3 + 64 * group_rows;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row2) = max_of4(v2 * x4_v2 + x5_v2, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 64 * group_rows + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row3) = max_of4(v3 * x4_v3 + x5_v3, float4(0.0f));
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 64 * group_rows + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row4) = max_of4(v4 * x4_v4 + x5_v4, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 64 * group_rows + 16;
  float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
  float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
  float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 64 * group_rows + 16;
  float4 x2_v6 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v6 = *(device const float4*)(x3 + 4 * col);
  float4 v6 = (stage_v6 - x2_v6) * precise::rsqrt(x3_v6 + float4(1e-05f));
  float4 x4_v6 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v6 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row6) = max_of4(v6 * x4_v6 + x5_v6, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 64 * group_rows + 24;
  float4 x2_v7 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v7 = *(device const float4*)(x3 + 4 * col);
  float4 v7 = (stage_v7 - x2_v7) * precise::rsqrt(x3_v7 + float4(1e-05f));
  float4 x4_v7 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v7 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row7) = max_of4(v7 * x4_v7 + x5_v7, float4(0.0f));
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 64 * group_rows + 24;
  float4 x2_v8 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v8 = *(device const float4*)(x3 + 4 * col);
  float4 v8 = (stage_v8 - x2_v8) * precise::rsqrt(x3_v8 + float4(1e-05f));
  float4 x4_v8 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v8 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 64 * row8) = max_of4(v8 * x4_v8 + x5_v8, float4(0.0f));
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x56x56x128xf32>.
//
//   x0: f32[802816], operand 0, read
//   x1: f32[32768], operand 1, read
//   x2: f32[128], operand 2, read
//   x3: f32[128], operand 3, read
//   x4: f32[128], operand 4, read
//   x5: f32[128], operand 5, read
//   y: f32[401408], result 0, written
//   256 x 49 threads in groups of 128 x 1
kernel void conv_8bcc08f4(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 16; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 16384 * group_rows + 4 * in + 16 * k + 256 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    float4 x0_v2 = *(device const float4*)(x0 + 16384 * group_rows + 4 * in + 16 * k + 256 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 16384 * group_columns + 4 * in + 16 * k + 256 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 16384 * group_columns + 4 * in + 16 * k + 256 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row = 32 * down + down2 + 64 * group_rows;
  uint col = 8 * across + along + 16 * group_columns;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3 + 64 * group_rows;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row2) = max_of4(v2 * x4_v2 + x5_v2, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 64 * group_rows + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row3) = max_of4(v3 * x4_v3 + x5_v3, float4(0.0f));
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 64 * group_rows + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row4) = max_of4(v4 * x4_v4 + x5_v4, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row5 = 32 * down + down2 + 64 * group_rows + 16;
  float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
  float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
  float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row6 = 32 * down + down3 + 64 * group_rows + 16;
  float4 x2_v6 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v6 = *(device const float4*)(x3 + 4 * col);
  float4 v6 = (stage_v6 - x2_v6) * precise::rsqrt(x3_v6 + float4(1e-05f));
  float4 x4_v6 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v6 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row6) = max_of4(v6 * x4_v6 + x5_v6, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row7 = 32 * down + down2 + 64 * group_rows + 24;
  float4 x2_v7 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v7 = *(device const float4*)(x3 + 4 * col);
  float4 v7 = (stage_v7 - x2_v7) * precise::rsqrt(x3_v7 + float4(1e-05f));
  float4 x4_v7 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v7 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row7) = max_of4(v7 * x4_v7 + x5_v7, float4(0.0f));
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row8 = 32 * down + down3 + 64 * group_rows + 24;
  float4 x2_v8 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v8 = *(device const float4*)(x3 + 4 * col);
  float4 v8 = (stage_v8 - x2_v8) * precise::rsqrt(x3_v8 + float4(1e-05f));
  float4 x4_v8 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v8 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 128 * row8) = max_of4(v8 * x4_v8 + x5_v8, float4(0.0f));
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x28x28x128xf32>.
//
//   x0: f32[401408], operand 0, read
//   x1: f32[147456], operand 1, read
//   x2: f32[128], operand 2, read
//   x3: f32[128], operand 3, read
//   x4: f32[128], operand 4, read
//   x5: f32[128], operand 5, read
//   y: f32[100352], result 0, written
//   1664 x 2 threads in groups of 128 x 1
kernel void conv_f2cf5958(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float b[1088];
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = min(64 * group_columns + pixel, 783u) % 28;
  uint pixel3 = min(64 * group_columns + pixel, 783u) / 28;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 72; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 73728 * group_rows + 4 * in + 16 * k + 1152 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 73728 * group_rows + 4 * in + 16 * k + 1152 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    float x0_v = 2 * pixel3 + tap2 > 0 && 2 * pixel2 + tap > 0 ? x0[channel + 256 * pixel2 + 14336 * pixel3 + 128 * tap + 7168 * tap2 - 7296] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    float x0_v2 = 2 * pixel3 + tap4 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel2 + 256 * pixel2 + 14336 * pixel3 + 128 * tap3 + 7168 * tap4 - 7296] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    float x0_v3 = 2 * pixel3 + tap6 > 0 && 2 * pixel2 + tap5 > 0 ? x0[channel3 + 256 * pixel2 + 14336 * pixel3 + 128 * tap5 + 7168 * tap6 - 7296] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    float x0_v4 = 2 * pixel3 + tap7 > 0 && 2 * pixel2 + tap > 0 ? x0[channel4 + 256 * pixel2 + 14336 * pixel3 + 128 * tap + 7168 * tap7 - 7296] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    float x0_v5 = 2 * pixel3 + tap8 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel5 + 256 * pixel2 + 14336 * pixel3 + 7168 * tap8 + 128 * tap3 - 7296] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    float x0_v6 = 2 * pixel3 + tap9 > 0 && 2 * pixel2 + tap5 > 0 ? x0[channel6 + 256 * pixel2 + 14336 * pixel3 + 128 * tap5 + 7168 * tap9 - 7296] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    float x0_v7 = 2 * pixel3 + tap10 > 0 && 2 * pixel2 + tap > 0 ? x0[channel7 + 256 * pixel2 + 14336 * pixel3 + 128 * tap + 7168 * tap10 - 7296] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    float x0_v8 = 2 * pixel3 + tap11 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel8 + 256 * pixel2 + 14336 * pixel3 + 128 * tap3 + 7168 * tap11 - 7296] : 0.0f;
    b[68 * own + pixel + 952] = x0_v8;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 32 * across, 68);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 32 * across + 8, 68);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 32 * across + 16, 68);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 32 * across + 24, 68);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 32 * across + 544, 68);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 32 * across + 552, 68);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 32 * across + 560, 68);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 32 * across + 568, 68);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v2 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v3 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v4 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v5 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v6 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v7 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v8 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
}

// nn.conv, nn.batch_norm, which gives tensor<1x28x28x512xf32>.
//
//   x0: f32[802816], operand 0, read
//   x1: f32[131072], operand 1, read
//   x2: f32[512], operand 2, read
//   x3: f32[512], operand 3, read
//   x4: f32[512], operand 4, read
//   x5: f32[512], operand 5, read
//   y: f32[401408], result 0, written
//   1664 x 8 threads in groups of 128 x 1
kernel void conv_84d12009(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float b[1088];
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = min(64 * group_columns + pixel, 783u) % 28;
  uint pixel3 = min(64 * group_columns + pixel, 783u) / 28;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 16; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 16384 * group_rows + 4 * in + 16 * k + 256 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 16384 * group_rows + 4 * in + 16 * k + 256 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint channel = 16 * k + own;
    float x0_v = x0[channel + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel] = x0_v;
    uint channel2 = 16 * k + own + 2;
    float x0_v2 = x0[channel2 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 136] = x0_v2;
    uint channel3 = 16 * k + own + 4;
    float x0_v3 = x0[channel3 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 272] = x0_v3;
    uint channel4 = 16 * k + own + 6;
    float x0_v4 = x0[channel4 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 408] = x0_v4;
    uint channel5 = 16 * k + own + 8;
    float x0_v5 = x0[channel5 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 544] = x0_v5;
    uint channel6 = 16 * k + own + 10;
    float x0_v6 = x0[channel6 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 680] = x0_v6;
    uint channel7 = 16 * k + own + 12;
    float x0_v7 = x0[channel7 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 816] = x0_v7;
    uint channel8 = 16 * k + own + 14;
    float x0_v8 = x0[channel8 + 512 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 952] = x0_v8;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 32 * across, 68);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 32 * across + 8, 68);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 32 * across + 16, 68);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 32 * across + 24, 68);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 32 * across + 544, 68);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 32 * across + 552, 68);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 32 * across + 560, 68);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 32 * across + 568, 68);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v2 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v3 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v4 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v5 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v6 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v7 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v8 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[2048 * col + row] = v2.x;
    y[2048 * col + row + 512] = v2.y;
    y[2048 * col + row + 1024] = v2.z;
    y[2048 * col + row + 1536] = v2.w;
  }
}

// nn.conv, nn.batch_norm, tensor.add, nn.relu, which gives tensor<1x28x28x512xf32>.
//
//   x0: f32[100352], operand 0, read
//   x1: f32[65536], operand 1, read
//   x2: f32[512], operand 2, read
//   x3: f32[512], operand 3, read
//   x4: f32[512], operand 4, read
//   x5: f32[512], operand 5, read
//   x6: f32[401408], operand 6, read
//   y: f32[401408], result 0, written
//   1024 x 13 threads in groups of 128 x 1
kernel void conv_4c940b00(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device const float* x6 [[buffer(6)]],
    device float* y [[buffer(7)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 8; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    uint at_given = 64 * group_rows + out;
    uint at = min(at_given, 783u);
    float4 x0_v = *(device const float4*)(x0 + 128 * at + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at_given2 = 64 * group_rows + out2;
    uint at2 = min(at_given2, 783u);
    float4 x0_v2 = *(device const float4*)(x0 + 128 * at2 + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 8192 * group_columns + 4 * in + 16 * k + 128 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 8192 * group_columns + 4 * in + 16 * k + 128 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows < 784) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows < 784) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 8 < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 8 < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 16 < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 16 < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 24 < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 24 < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 512 * row);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x28x28x128xf32>.
//
//   x0: f32[401408], operand 0, read
//   x1: f32[65536], operand 1, read
//   x2: f32[128], operand 2, read
//   x3: f32[128], operand 3, read
//   x4: f32[128], operand 4, read
//   x5: f32[128], operand 5, read
//   y: f32[100352], result 0, written
//   256 x 13 threads in groups of 128 x 1
kernel void conv_57d8bcae(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float4 b_vectors[320];
  threadgroup float* b = (threadgroup float*)b_vectors;
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 32; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    uint at_given = 64 * group_rows + out;
    uint at = min(at_given, 783u);
    float4 x0_v = *(device const float4*)(x0 + 512 * at + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at_given2 = 64 * group_rows + out2;
    uint at2 = min(at_given2, 783u);
    float4 x0_v2 = *(device const float4*)(x0 + 512 * at2 + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 32768 * group_columns + 4 * in + 16 * k + 512 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_columns + 4 * in + 16 * k + 512 * out2);
    *(threadgroup float4*)(b + 4 * in + 20 * out2) = x1_v2;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 640 * across, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 640 * across + 160, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 640 * across + 320, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 640 * across + 480, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 640 * across + 8, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 640 * across + 168, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 640 * across + 328, 20, ulong2(0), true);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 640 * across + 488, 20, ulong2(0), true);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows < 784) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows < 784) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 8 < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 8 < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 16 < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 16 < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 24 < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 24 < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 128 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x28x28x128xf32>.
//
//   x0: f32[100352], operand 0, read
//   x1: f32[147456], operand 1, read
//   x2: f32[128], operand 2, read
//   x3: f32[128], operand 3, read
//   x4: f32[128], operand 4, read
//   x5: f32[128], operand 5, read
//   y: f32[100352], result 0, written
//   1664 x 2 threads in groups of 128 x 1
kernel void conv_15257001(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device float* y [[buffer(6)]],
    uint2 group [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]],
    uint simd [[simdgroup_index_in_threadgroup]],
    uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 a_vectors[320];
  threadgroup float* a = (threadgroup float*)a_vectors;
  threadgroup float b[1088];
  threadgroup float4 stage_vectors[288];
  threadgroup float* stage = (threadgroup float*)stage_vectors;
  uint group_rows = group.y;
  uint group_columns = group.x;
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = min(64 * group_columns + pixel, 783u) % 28;
  uint pixel3 = min(64 * group_columns + pixel, 783u) / 28;
  simdgroup_float8x8 acc = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc2 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc3 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc4 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc5 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc6 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc7 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc8 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc9 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc10 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc11 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc12 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc13 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc14 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc15 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_float8x8 acc16 = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < 72; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 73728 * group_rows + 4 * in + 16 * k + 1152 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 73728 * group_rows + 4 * in + 16 * k + 1152 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    bool v = pixel3 + tap2 > 0 && pixel3 + tap2 <= 28 && (pixel2 + tap > 0 && pixel2 + tap <= 28);
    float x0_v = v ? x0[channel + 128 * pixel2 + 3584 * pixel3 + 128 * tap + 3584 * tap2 - 3712] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    bool v2 = pixel3 + tap4 > 0 && pixel3 + tap4 <= 28 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 28);
    float x0_v2 = v2 ? x0[channel2 + 128 * pixel2 + 3584 * pixel3 + 128 * tap3 + 3584 * tap4 - 3712] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    bool v3 = pixel3 + tap6 > 0 && pixel3 + tap6 <= 28 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 28);
    float x0_v3 = v3 ? x0[channel3 + 128 * pixel2 + 3584 * pixel3 + 128 * tap5 + 3584 * tap6 - 3712] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    bool v4 = pixel3 + tap7 > 0 && pixel3 + tap7 <= 28 && (pixel2 + tap > 0 && pixel2 + tap <= 28);
    float x0_v4 = v4 ? x0[channel4 + 128 * pixel2 + 3584 * pixel3 + 128 * tap + 3584 * tap7 - 3712] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    bool v5 = pixel3 + tap8 > 0 && pixel3 + tap8 <= 28 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 28);
    float x0_v5 = v5 ? x0[channel5 + 128 * pixel2 + 3584 * pixel3 + 3584 * tap8 + 128 * tap3 - 3712] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    bool v6 = pixel3 + tap9 > 0 && pixel3 + tap9 <= 28 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 28);
    float x0_v6 = v6 ? x0[channel6 + 128 * pixel2 + 3584 * pixel3 + 128 * tap5 + 3584 * tap9 - 3712] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    bool v7 = pixel3 + tap10 > 0 && pixel3 + tap10 <= 28 && (pixel2 + tap > 0 && pixel2 + tap <= 28);
    float x0_v7 = v7 ? x0[channel7 + 128 * pixel2 + 3584 * pixel3 + 128 * tap + 3584 * tap10 - 3712] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    bool v8 = pixel3 + tap11 > 0 && pixel3 + tap11 <= 28 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 28);
    float x0_v8 = v8 ? x0[channel8 + 128 * pixel2 + 3584 * pixel3 + 128 * tap3 + 3584 * tap11 - 3712] : 0.0f;
    b[68 * own + pixel + 952] = x0_v8;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_float8x8 a_tile;
    simdgroup_load(a_tile, a + 640 * down, 20);
    simdgroup_float8x8 a_tile2;
    simdgroup_load(a_tile2, a + 640 * down + 160, 20);
    simdgroup_float8x8 a_tile3;
    simdgroup_load(a_tile3, a + 640 * down + 320, 20);
    simdgroup_float8x8 a_tile4;
    simdgroup_load(a_tile4, a + 640 * down + 480, 20);
    simdgroup_float8x8 b_tile;
    simdgroup_load(b_tile, b + 32 * across, 68);
    simdgroup_float8x8 b_tile2;
    simdgroup_load(b_tile2, b + 32 * across + 8, 68);
    simdgroup_float8x8 b_tile3;
    simdgroup_load(b_tile3, b + 32 * across + 16, 68);
    simdgroup_float8x8 b_tile4;
    simdgroup_load(b_tile4, b + 32 * across + 24, 68);
    simdgroup_multiply_accumulate(acc, a_tile, b_tile, acc);
    simdgroup_multiply_accumulate(acc2, a_tile, b_tile2, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile, b_tile3, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile, b_tile4, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile2, b_tile, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile2, b_tile2, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile2, b_tile3, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile2, b_tile4, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile3, b_tile, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile3, b_tile2, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile3, b_tile3, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile3, b_tile4, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile4, b_tile, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile4, b_tile2, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile4, b_tile3, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile4, b_tile4, acc16);
    simdgroup_float8x8 a_tile5;
    simdgroup_load(a_tile5, a + 640 * down + 8, 20);
    simdgroup_float8x8 a_tile6;
    simdgroup_load(a_tile6, a + 640 * down + 168, 20);
    simdgroup_float8x8 a_tile7;
    simdgroup_load(a_tile7, a + 640 * down + 328, 20);
    simdgroup_float8x8 a_tile8;
    simdgroup_load(a_tile8, a + 640 * down + 488, 20);
    simdgroup_float8x8 b_tile5;
    simdgroup_load(b_tile5, b + 32 * across + 544, 68);
    simdgroup_float8x8 b_tile6;
    simdgroup_load(b_tile6, b + 32 * across + 552, 68);
    simdgroup_float8x8 b_tile7;
    simdgroup_load(b_tile7, b + 32 * across + 560, 68);
    simdgroup_float8x8 b_tile8;
    simdgroup_load(b_tile8, b + 32 * across + 568, 68);
    simdgroup_multiply_accumulate(acc, a_tile5, b_tile5, acc);
    simdgroup_multiply_accumulate(acc2, a_tile5, b_tile6, acc2);
    simdgroup_multiply_accumulate(acc3, a_tile5, b_tile7, acc3);
    simdgroup_multiply_accumulate(acc4, a_tile5, b_tile8, acc4);
    simdgroup_multiply_accumulate(acc5, a_tile6, b_tile5, acc5);
    simdgroup_multiply_accumulate(acc6, a_tile6, b_tile6, acc6);
    simdgroup_multiply_accumulate(acc7, a_tile6, b_tile7, acc7);
    simdgroup_multiply_accumulate(acc8, a_tile6, b_tile8, acc8);
    simdgroup_multiply_accumulate(acc9, a_tile7, b_tile5, acc9);
    simdgroup_multiply_accumulate(acc10, a_tile7, b_tile6, acc10);
    simdgroup_multiply_accumulate(acc11, a_tile7, b_tile7, acc11);
    simdgroup_multiply_accumulate(acc12, a_tile7, b_tile8, acc12);
    simdgroup_multiply_accumulate(acc13, a_tile8, b_tile5, acc13);
    simdgroup_multiply_accumulate(acc14, a_tile8, b_tile6, acc14);
    simdgroup_multiply_accumulate(acc15, a_tile8, b_tile7, acc15);
    simdgroup_multiply_accumulate(acc16, a_tile8, b_tile8, acc16);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc, stage + 288 * simd, 36);
  simdgroup_store(acc2, stage + 288 * simd + 8, 36);
  simdgroup_store(acc3, stage + 288 * simd + 16, 36);
  simdgroup_store(acc4, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint down2 = lane / 8;
  uint along = lane % 8;
  float4 stage_v = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v2 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v3 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v4 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v5 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v6 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v7 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 784) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v8 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[512 * col + row] = most.x;
    y[512 * col + row + 128] = most.y;
    y[512 * col + row + 256] = most.z;
    y[512 * col + row + 384] = most.w;
  }
}
