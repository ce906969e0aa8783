#include <metal_stdlib>
using namespace metal;

// The larger of two, NaN where one is.
inline float max_of(float a, float b) { return a >= b || isnan(a) ? a : b; }

// The larger of two, NaN where one is.
inline float4 max_of4(float4 a, float4 b) {
  bool4 first = a >= b;
  return select(b, a, first || isnan(a));
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x28x28x256xf32>.
//
//   x0: f32[401408], operand 0, read
//   x1: f32[131072], operand 1, read
//   x2: f32[256], operand 2, read
//   x3: f32[256], operand 3, read
//   x4: f32[256], operand 4, read
//   x5: f32[256], operand 5, read
//   y: f32[200704], result 0, written
//   512 x 13 threads in groups of 128 x 1
kernel void conv_c700f4a5(
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
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
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x14x14x256xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[589824], operand 1, read
//   x2: f32[256], operand 2, read
//   x3: f32[256], operand 3, read
//   x4: f32[256], operand 4, read
//   x5: f32[256], operand 5, read
//   y: f32[50176], result 0, written
//   512 x 4 threads in groups of 128 x 1
kernel void conv_3a301a8f(
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
  uint pixel2 = min(64 * group_columns + pixel, 195u) % 14;
  uint pixel3 = min(64 * group_columns + pixel, 195u) / 14;
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
  for (uint k = 0; k < 144; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 147456 * group_rows + 4 * in + 16 * k + 2304 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 147456 * group_rows + 4 * in + 16 * k + 2304 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    float x0_v = 2 * pixel3 + tap2 > 0 && 2 * pixel2 + tap > 0 ? x0[channel + 512 * pixel2 + 14336 * pixel3 + 256 * tap + 7168 * tap2 - 7424] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    float x0_v2 = 2 * pixel3 + tap4 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel2 + 512 * pixel2 + 14336 * pixel3 + 256 * tap3 + 7168 * tap4 - 7424] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    float x0_v3 = 2 * pixel3 + tap6 > 0 && 2 * pixel2 + tap5 > 0 ? x0[channel3 + 512 * pixel2 + 14336 * pixel3 + 256 * tap5 + 7168 * tap6 - 7424] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    float x0_v4 = 2 * pixel3 + tap7 > 0 && 2 * pixel2 + tap > 0 ? x0[channel4 + 512 * pixel2 + 14336 * pixel3 + 256 * tap + 7168 * tap7 - 7424] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    float x0_v5 = 2 * pixel3 + tap8 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel5 + 512 * pixel2 + 14336 * pixel3 + 7168 * tap8 + 256 * tap3 - 7424] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    float x0_v6 = 2 * pixel3 + tap9 > 0 && 2 * pixel2 + tap5 > 0 ? x0[channel6 + 512 * pixel2 + 14336 * pixel3 + 256 * tap5 + 7168 * tap9 - 7424] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    float x0_v7 = 2 * pixel3 + tap10 > 0 && 2 * pixel2 + tap > 0 ? x0[channel7 + 512 * pixel2 + 14336 * pixel3 + 256 * tap + 7168 * tap10 - 7424] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    float x0_v8 = 2 * pixel3 + tap11 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel8 + 512 * pixel2 + 14336 * pixel3 + 256 * tap3 + 7168 * tap11 - 7424] : 0.0f;
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
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v2 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v3 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v4 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v5 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v6 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v7 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v8 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
}

// nn.conv, nn.batch_norm, which gives tensor<1x14x14x1024xf32>.
//
//   x0: f32[401408], operand 0, read
//   x1: f32[524288], operand 1, read
//   x2: f32[1024], operand 2, read
//   x3: f32[1024], operand 3, read
//   x4: f32[1024], operand 4, read
//   x5: f32[1024], operand 5, read
//   y: f32[200704], result 0, written
//   512 x 16 threads in groups of 128 x 1
kernel void conv_fde26949(
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
  uint pixel2 = min(64 * group_columns + pixel, 195u) % 14;
  uint pixel3 = min(64 * group_columns + pixel, 195u) / 14;
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
    float4 x1_v = *(device const float4*)(x1 + 32768 * group_rows + 4 * in + 16 * k + 512 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 32768 * group_rows + 4 * in + 16 * k + 512 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint channel = 16 * k + own;
    float x0_v = x0[channel + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel] = x0_v;
    uint channel2 = 16 * k + own + 2;
    float x0_v2 = x0[channel2 + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 136] = x0_v2;
    uint channel3 = 16 * k + own + 4;
    float x0_v3 = x0[channel3 + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 272] = x0_v3;
    uint channel4 = 16 * k + own + 6;
    float x0_v4 = x0[channel4 + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 408] = x0_v4;
    uint channel5 = 16 * k + own + 8;
    float x0_v5 = x0[channel5 + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 544] = x0_v5;
    uint channel6 = 16 * k + own + 10;
    float x0_v6 = x0[channel6 + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 680] = x0_v6;
    uint channel7 = 16 * k + own + 12;
    float x0_v7 = x0[channel7 + 1024 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 816] = x0_v7;
    uint channel8 = 16 * k + own + 14;
    float x0_v8 = x0[channel8 + 1024 * pixel2 + 28672 * pixel3];
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
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v2 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v3 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v4 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v5 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v6 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v7 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v8 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 v2 = v * float4(x4_v) + float4(x5_v);
    y[4096 * col + row] = v2.x;
    y[4096 * col + row + 1024] = v2.y;
    y[4096 * col + row + 2048] = v2.z;
    y[4096 * col + row + 3072] = v2.w;
  }
}

// nn.conv, nn.batch_norm, tensor.add, nn.relu, which gives tensor<1x14x14x1024xf32>.
//
//   x0: f32[50176], operand 0, read
//   x1: f32[262144], operand 1, read
//   x2: f32[1024], operand 2, read
//   x3: f32[1024], operand 3, read
//   x4: f32[1024], operand 4, read
//   x5: f32[1024], operand 5, read
//   x6: f32[200704], operand 6, read
//   y: f32[200704], result 0, written
//   2048 x 4 threads in groups of 128 x 1
kernel void conv_2b56cba9(
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
  for (uint k = 0; k < 16; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    uint at_given = 64 * group_rows + out;
    uint at = min(at_given, 195u);
    float4 x0_v = *(device const float4*)(x0 + 256 * at + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at_given2 = 64 * group_rows + out2;
    uint at2 = min(at_given2, 195u);
    float4 x0_v2 = *(device const float4*)(x0 + 256 * at2 + 4 * in + 16 * k);
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
  if (32 * down + down2 + 64 * group_rows < 196) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows < 196) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 8 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 8 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 16 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 16 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 24 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 24 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    float4 x6_v = *(device const float4*)(x6 + 4 * col + 1024 * row);
    *(device float4*)(y + 4 * col + 1024 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x14x14x256xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[262144], operand 1, read
//   x2: f32[256], operand 2, read
//   x3: f32[256], operand 3, read
//   x4: f32[256], operand 4, read
//   x5: f32[256], operand 5, read
//   y: f32[50176], result 0, written
//   512 x 4 threads in groups of 128 x 1
kernel void conv_bfdbda01(
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
  for (uint k = 0; k < 64; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    uint at_given = 64 * group_rows + out;
    uint at = min(at_given, 195u);
    float4 x0_v = *(device const float4*)(x0 + 1024 * at + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at_given2 = 64 * group_rows + out2;
    uint at2 = min(at_given2, 195u);
    float4 x0_v2 = *(device const float4*)(x0 + 1024 * at2 + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 65536 * group_columns + 4 * in + 16 * k + 1024 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 65536 * group_columns + 4 * in + 16 * k + 1024 * out2);
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
  if (32 * down + down2 + 64 * group_rows < 196) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows < 196) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 8 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 8 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 16 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 16 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 24 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 24 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 256 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x14x14x256xf32>.
//
//   x0: f32[50176], operand 0, read
//   x1: f32[589824], operand 1, read
//   x2: f32[256], operand 2, read
//   x3: f32[256], operand 3, read
//   x4: f32[256], operand 4, read
//   x5: f32[256], operand 5, read
//   y: f32[50176], result 0, written
//   512 x 4 threads in groups of 128 x 1
kernel void conv_3decae66(
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
  uint pixel2 = min(64 * group_columns + pixel, 195u) % 14;
  uint pixel3 = min(64 * group_columns + pixel, 195u) / 14;
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
  for (uint k = 0; k < 144; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 147456 * group_rows + 4 * in + 16 * k + 2304 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 147456 * group_rows + 4 * in + 16 * k + 2304 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    bool v = pixel3 + tap2 > 0 && pixel3 + tap2 <= 14 && (pixel2 + tap > 0 && pixel2 + tap <= 14);
    float x0_v = v ? x0[channel + 256 * pixel2 + 3584 * pixel3 + 256 * tap + 3584 * tap2 - 3840] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    bool v2 = pixel3 + tap4 > 0 && pixel3 + tap4 <= 14 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 14);
    float x0_v2 = v2 ? x0[channel2 + 256 * pixel2 + 3584 * pixel3 + 256 * tap3 + 3584 * tap4 - 3840] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    bool v3 = pixel3 + tap6 > 0 && pixel3 + tap6 <= 14 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 14);
    float x0_v3 = v3 ? x0[channel3 + 256 * pixel2 + 3584 * pixel3 + 256 * tap5 + 3584 * tap6 - 3840] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    bool v4 = pixel3 + tap7 > 0 && pixel3 + tap7 <= 14 && (pixel2 + tap > 0 && pixel2 + tap <= 14);
    float x0_v4 = v4 ? x0[channel4 + 256 * pixel2 + 3584 * pixel3 + 256 * tap + 3584 * tap7 - 3840] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    bool v5 = pixel3 + tap8 > 0 && pixel3 + tap8 <= 14 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 14);
    float x0_v5 = v5 ? x0[channel5 + 256 * pixel2 + 3584 * pixel3 + 3584 * tap8 + 256 * tap3 - 3840] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    bool v6 = pixel3 + tap9 > 0 && pixel3 + tap9 <= 14 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 14);
    float x0_v6 = v6 ? x0[channel6 + 256 * pixel2 + 3584 * pixel3 + 256 * tap5 + 3584 * tap9 - 3840] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    bool v7 = pixel3 + tap10 > 0 && pixel3 + tap10 <= 14 && (pixel2 + tap > 0 && pixel2 + tap <= 14);
    float x0_v7 = v7 ? x0[channel7 + 256 * pixel2 + 3584 * pixel3 + 256 * tap + 3584 * tap10 - 3840] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    bool v8 = pixel3 + tap11 > 0 && pixel3 + tap11 <= 14 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 14);
    float x0_v8 = v8 ? x0[channel8 + 256 * pixel2 + 3584 * pixel3 + 256 * tap3 + 3584 * tap11 - 3840] : 0.0f;
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
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v2 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v3 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v4 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v5 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v6 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v7 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * across + 4 * along + 64 * group_columns < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float4 v = (stage_v8 - float4(x2_v)) * float4(precise::rsqrt(x3_v + 1e-05f));
    float x4_v = x4[row];
    float x5_v = x5[row];
    float4 most = max_of4(v * float4(x4_v) + float4(x5_v), float4(0.0f));
    y[1024 * col + row] = most.x;
    y[1024 * col + row + 256] = most.y;
    y[1024 * col + row + 512] = most.z;
    y[1024 * col + row + 768] = most.w;
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x14x14x512xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[524288], operand 1, read
//   x2: f32[512], operand 2, read
//   x3: f32[512], operand 3, read
//   x4: f32[512], operand 4, read
//   x5: f32[512], operand 5, read
//   y: f32[100352], result 0, written
//   1024 x 4 threads in groups of 128 x 1
kernel void conv_56cd8874(
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
  for (uint k = 0; k < 64; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    uint at_given = 64 * group_rows + out;
    uint at = min(at_given, 195u);
    float4 x0_v = *(device const float4*)(x0 + 1024 * at + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at_given2 = 64 * group_rows + out2;
    uint at2 = min(at_given2, 195u);
    float4 x0_v2 = *(device const float4*)(x0 + 1024 * at2 + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 65536 * group_columns + 4 * in + 16 * k + 1024 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 65536 * group_columns + 4 * in + 16 * k + 1024 * out2);
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
  if (32 * down + down2 + 64 * group_rows < 196) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows < 196) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 8 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 8 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 16 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 16 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 64 * group_rows + 24 < 196) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 64 * group_rows + 24 < 196) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 8 * across + along + 16 * group_columns;
    float4 x2_v = *(device const float4*)(x2 + 4 * col);
    float4 x3_v = *(device const float4*)(x3 + 4 * col);
    float4 v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
    float4 x4_v = *(device const float4*)(x4 + 4 * col);
    float4 x5_v = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x7x7x512xf32>.
//
//   x0: f32[100352], operand 0, read
//   x1: f32[2359296], operand 1, read
//   x2: f32[512], operand 2, read
//   x3: f32[512], operand 3, read
//   x4: f32[512], operand 4, read
//   x5: f32[512], operand 5, read
//   y: f32[25088], result 0, written
//   1024 threads in groups of 128
kernel void conv_d2d95511(
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
  threadgroup float b[1088];
  threadgroup float stage[1152];
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = min(pixel, 48u) % 7;
  uint pixel3 = min(pixel, 48u) / 7;
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
  for (uint k = 0; k < 288; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 294912 * group_rows + 4 * in + 16 * k + 4608 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 294912 * group_rows + 4 * in + 16 * k + 4608 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    float x0_v = 2 * pixel3 + tap2 > 0 && 2 * pixel2 + tap > 0 ? x0[channel + 1024 * pixel2 + 14336 * pixel3 + 512 * tap + 7168 * tap2 - 7680] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    float x0_v2 = 2 * pixel3 + tap4 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel2 + 1024 * pixel2 + 14336 * pixel3 + 512 * tap3 + 7168 * tap4 - 7680] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    float x0_v3 = 2 * pixel3 + tap6 > 0 && 2 * pixel2 + tap5 > 0 ? x0[channel3 + 1024 * pixel2 + 14336 * pixel3 + 512 * tap5 + 7168 * tap6 - 7680] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    float x0_v4 = 2 * pixel3 + tap7 > 0 && 2 * pixel2 + tap > 0 ? x0[channel4 + 1024 * pixel2 + 14336 * pixel3 + 512 * tap + 7168 * tap7 - 7680] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    float x0_v5 = 2 * pixel3 + tap8 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel5 + 1024 * pixel2 + 14336 * pixel3 + 7168 * tap8 + 512 * tap3 - 7680] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    float x0_v6 = 2 * pixel3 + tap9 > 0 && 2 * pixel2 + tap5 > 0 ? x0[channel6 + 1024 * pixel2 + 14336 * pixel3 + 512 * tap5 + 7168 * tap9 - 7680] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    float x0_v7 = 2 * pixel3 + tap10 > 0 && 2 * pixel2 + tap > 0 ? x0[channel7 + 1024 * pixel2 + 14336 * pixel3 + 512 * tap + 7168 * tap10 - 7680] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    float x0_v8 = 2 * pixel3 + tap11 > 0 && 2 * pixel2 + tap3 > 0 ? x0[channel8 + 1024 * pixel2 + 14336 * pixel3 + 512 * tap3 + 7168 * tap11 - 7680] : 0.0f;
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
  uint down2 = lane / 32;
  uint along = lane % 32;
  float stage_v = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float x4_v = x4[row];
    float v = (stage_v - x2_v) * precise::rsqrt(x3_v + 1e-05f) * x4_v;
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v + x5_v, 0.0f);
  }
  uint down3 = lane / 32 + 1;
  float stage_v2 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down4 = lane / 32 + 2;
  float stage_v3 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down5 = lane / 32 + 3;
  float stage_v4 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down6 = lane / 32 + 4;
  float stage_v5 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down7 = lane / 32 + 5;
  float stage_v6 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down8 = lane / 32 + 6;
  float stage_v7 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down9 = lane / 32 + 7;
  float stage_v8 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v9 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v9 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v10 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v10 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v11 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v11 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v12 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v12 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v13 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v13 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v14 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v14 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v15 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v15 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v16 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v16 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v17 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v17 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v18 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v18 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v19 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v19 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v20 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v20 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v21 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v21 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v22 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v22 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v23 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v23 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v24 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v24 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v25 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v25 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v26 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v26 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v27 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v27 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v28 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v28 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v29 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v29 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v30 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v30 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v31 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v31 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v32 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v32 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
}

// nn.conv, nn.batch_norm, which gives tensor<1x7x7x2048xf32>.
//
//   x0: f32[200704], operand 0, read
//   x1: f32[2097152], operand 1, read
//   x2: f32[2048], operand 2, read
//   x3: f32[2048], operand 3, read
//   x4: f32[2048], operand 4, read
//   x5: f32[2048], operand 5, read
//   y: f32[100352], result 0, written
//   4096 threads in groups of 128
kernel void conv_b8f59d1e(
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
  threadgroup float b[1088];
  threadgroup float stage[1152];
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = min(pixel, 48u) % 7;
  uint pixel3 = min(pixel, 48u) / 7;
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
  for (uint k = 0; k < 64; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 65536 * group_rows + 4 * in + 16 * k + 1024 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 65536 * group_rows + 4 * in + 16 * k + 1024 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint channel = 16 * k + own;
    float x0_v = x0[channel + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel] = x0_v;
    uint channel2 = 16 * k + own + 2;
    float x0_v2 = x0[channel2 + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 136] = x0_v2;
    uint channel3 = 16 * k + own + 4;
    float x0_v3 = x0[channel3 + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 272] = x0_v3;
    uint channel4 = 16 * k + own + 6;
    float x0_v4 = x0[channel4 + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 408] = x0_v4;
    uint channel5 = 16 * k + own + 8;
    float x0_v5 = x0[channel5 + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 544] = x0_v5;
    uint channel6 = 16 * k + own + 10;
    float x0_v6 = x0[channel6 + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 680] = x0_v6;
    uint channel7 = 16 * k + own + 12;
    float x0_v7 = x0[channel7 + 2048 * pixel2 + 28672 * pixel3];
    b[68 * own + pixel + 816] = x0_v7;
    uint channel8 = 16 * k + own + 14;
    float x0_v8 = x0[channel8 + 2048 * pixel2 + 28672 * pixel3];
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
  uint down2 = lane / 32;
  uint along = lane % 32;
  float stage_v = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float x4_v = x4[row];
    float v = (stage_v - x2_v) * precise::rsqrt(x3_v + 1e-05f) * x4_v;
    float x5_v = x5[row];
    y[2048 * col + row] = v + x5_v;
  }
  uint down3 = lane / 32 + 1;
  float stage_v2 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  uint down4 = lane / 32 + 2;
  float stage_v3 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  uint down5 = lane / 32 + 3;
  float stage_v4 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  uint down6 = lane / 32 + 4;
  float stage_v5 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  uint down7 = lane / 32 + 5;
  float stage_v6 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  uint down8 = lane / 32 + 6;
  float stage_v7 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  uint down9 = lane / 32 + 7;
  float stage_v8 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v9 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v9 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v10 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v10 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v11 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v11 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v12 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v12 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v13 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v13 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v14 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v14 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v15 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v15 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v16 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v16 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v17 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v17 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v18 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v18 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v19 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v19 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v20 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v20 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v21 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v21 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v22 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v22 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v23 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v23 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v24 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v24 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v25 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v25 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v26 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v26 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v27 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v27 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v28 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v28 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v29 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v29 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v30 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v30 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v31 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v31 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
  float stage_v32 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v32 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[2048 * col + row] = v * x4_v + x5_v;
  }
}

// nn.conv, nn.batch_norm, tensor.add, nn.relu, which gives tensor<1x7x7x2048xf32>.
//
//   x0: f32[25088], operand 0, read
//   x1: f32[1048576], operand 1, read
//   x2: f32[2048], operand 2, read
//   x3: f32[2048], operand 3, read
//   x4: f32[2048], operand 4, read
//   x5: f32[2048], operand 5, read
//   x6: f32[100352], operand 6, read
//   y: f32[100352], result 0, written
//   4096 threads in groups of 128
kernel void conv_a0635fca(
    device const float* x0 [[buffer(0)]],
    device const float* x1 [[buffer(1)]],
    device const float* x2 [[buffer(2)]],
    device const float* x3 [[buffer(3)]],
    device const float* x4 [[buffer(4)]],
    device const float* x5 [[buffer(5)]],
    device const float* x6 [[buffer(6)]],
    device float* y [[buffer(7)]],
    uint group_columns [[threadgroup_position_in_grid]],
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
  for (uint k = 0; k < 32; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 512 * out + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at = min(out2, 48u);
    float4 x0_v2 = *(device const float4*)(x0 + 512 * at + 4 * in + 16 * k);
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
  uint row = 32 * down + down2;
  uint col = 8 * across + along + 16 * group_columns;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  float4 x6_v = *(device const float4*)(x6 + 4 * col + 2048 * row);
  *(device float4*)(y + 4 * col + 2048 * row) = max_of4(v * x4_v + x5_v + x6_v, float4(0.0f));
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v2 = *(device const float4*)(x6 + 4 * col + 2048 * row2);
  float4 most = max_of4(v2 * x4_v2 + x5_v2 + x6_v2, float4(0.0f));
  *(device float4*)(y + 4 * col + 2048 * row2) = most;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v3 = *(device const float4*)(x6 + 4 * col + 2048 * row3);
  float4 most2 = max_of4(v3 * x4_v3 + x5_v3 + x6_v3, float4(0.0f));
  *(device float4*)(y + 4 * col + 2048 * row3) = most2;
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  float4 x6_v4 = *(device const float4*)(x6 + 4 * col + 2048 * row4);
  float4 most3 = max_of4(v4 * x4_v4 + x5_v4 + x6_v4, float4(0.0f));
  *(device float4*)(y + 4 * col + 2048 * row4) = most3;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 16 < 49) {
    uint row5 = 32 * down + down2 + 16;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    float4 x6_v5 = *(device const float4*)(x6 + 4 * col + 2048 * row5);
    float4 most4 = max_of4(v5 * x4_v5 + x5_v5 + x6_v5, float4(0.0f));
    *(device float4*)(y + 4 * col + 2048 * row5) = most4;
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 16 < 49) {
    uint row5 = 32 * down + down3 + 16;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v6 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    float4 x6_v5 = *(device const float4*)(x6 + 4 * col + 2048 * row5);
    float4 most4 = max_of4(v5 * x4_v5 + x5_v5 + x6_v5, float4(0.0f));
    *(device float4*)(y + 4 * col + 2048 * row5) = most4;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 24 < 49) {
    uint row5 = 32 * down + down2 + 24;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v7 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    float4 x6_v5 = *(device const float4*)(x6 + 4 * col + 2048 * row5);
    float4 most4 = max_of4(v5 * x4_v5 + x5_v5 + x6_v5, float4(0.0f));
    *(device float4*)(y + 4 * col + 2048 * row5) = most4;
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 24 < 49) {
    uint row5 = 32 * down + down3 + 24;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v8 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    float4 x6_v5 = *(device const float4*)(x6 + 4 * col + 2048 * row5);
    float4 most4 = max_of4(v5 * x4_v5 + x5_v5 + x6_v5, float4(0.0f));
    *(device float4*)(y + 4 * col + 2048 * row5) = most4;
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x7x7x512xf32>.
//
//   x0: f32[100352], operand 0, read
//   x1: f32[1048576], operand 1, read
//   x2: f32[512], operand 2, read
//   x3: f32[512], operand 3, read
//   x4: f32[512], operand 4, read
//   x5: f32[512], operand 5, read
//   y: f32[25088], result 0, written
//   1024 threads in groups of 128
kernel void conv_cf8a29b2(
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
  for (uint k = 0; k < 128; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x0_v = *(device const float4*)(x0 + 2048 * out + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x0_v;
    uint out2 = t / 4 + 32;
    uint at = min(out2, 48u);
    float4 x0_v2 = *(device const float4*)(x0 + 2048 * at + 4 * in + 16 * k);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x0_v2;
    float4 x1_v = *(device const float4*)(x1 + 131072 * group_columns + 4 * in + 16 * k + 2048 * out);
    *(threadgroup float4*)(b + 4 * in + 20 * out) = x1_v;
    float4 x1_v2 = *(device const float4*)(x1 + 131072 * group_columns + 4 * in + 16 * k + 2048 * out2);
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
  uint row = 32 * down + down2;
  uint col = 8 * across + along + 16 * group_columns;
  float4 x2_v = *(device const float4*)(x2 + 4 * col);
  float4 x3_v = *(device const float4*)(x3 + 4 * col);
  float4 v = (stage_v - x2_v) * precise::rsqrt(x3_v + float4(1e-05f));
  float4 x4_v = *(device const float4*)(x4 + 4 * col);
  float4 x5_v = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 512 * row) = max_of4(v * x4_v + x5_v, float4(0.0f));
  uint down3 = lane / 8 + 4;
  float4 stage_v2 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row2 = 32 * down + down3;
  float4 x2_v2 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v2 = *(device const float4*)(x3 + 4 * col);
  float4 v2 = (stage_v2 - x2_v2) * precise::rsqrt(x3_v2 + float4(1e-05f));
  float4 x4_v2 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v2 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 512 * row2) = max_of4(v2 * x4_v2 + x5_v2, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v3 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  uint row3 = 32 * down + down2 + 8;
  float4 x2_v3 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v3 = *(device const float4*)(x3 + 4 * col);
  float4 v3 = (stage_v3 - x2_v3) * precise::rsqrt(x3_v3 + float4(1e-05f));
  float4 x4_v3 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v3 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 512 * row3) = max_of4(v3 * x4_v3 + x5_v3, float4(0.0f));
  float4 stage_v4 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  uint row4 = 32 * down + down3 + 8;
  float4 x2_v4 = *(device const float4*)(x2 + 4 * col);
  float4 x3_v4 = *(device const float4*)(x3 + 4 * col);
  float4 v4 = (stage_v4 - x2_v4) * precise::rsqrt(x3_v4 + float4(1e-05f));
  float4 x4_v4 = *(device const float4*)(x4 + 4 * col);
  float4 x5_v4 = *(device const float4*)(x5 + 4 * col);
  *(device float4*)(y + 4 * col + 512 * row4) = max_of4(v4 * x4_v4 + x5_v4, float4(0.0f));
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v5 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 16 < 49) {
    uint row5 = 32 * down + down2 + 16;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v5 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  }
  float4 stage_v6 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 16 < 49) {
    uint row5 = 32 * down + down3 + 16;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v6 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float4 stage_v7 = *(threadgroup float4*)(stage + 4 * along + 36 * down2 + 288 * simd);
  if (32 * down + down2 + 24 < 49) {
    uint row5 = 32 * down + down2 + 24;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v7 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  }
  float4 stage_v8 = *(threadgroup float4*)(stage + 4 * along + 36 * down3 + 288 * simd);
  if (32 * down + down3 + 24 < 49) {
    uint row5 = 32 * down + down3 + 24;
    float4 x2_v5 = *(device const float4*)(x2 + 4 * col);
    float4 x3_v5 = *(device const float4*)(x3 + 4 * col);
    float4 v5 = (stage_v8 - x2_v5) * precise::rsqrt(x3_v5 + float4(1e-05f));
    float4 x4_v5 = *(device const float4*)(x4 + 4 * col);
    float4 x5_v5 = *(device const float4*)(x5 + 4 * col);
    *(device float4*)(y + 4 * col + 512 * row5) = max_of4(v5 * x4_v5 + x5_v5, float4(0.0f));
  }
}

// nn.conv, nn.batch_norm, nn.relu, which gives tensor<1x7x7x512xf32>.
//
//   x0: f32[25088], operand 0, read
//   x1: f32[2359296], operand 1, read
//   x2: f32[512], operand 2, read
//   x3: f32[512], operand 3, read
//   x4: f32[512], operand 4, read
//   x5: f32[512], operand 5, read
//   y: f32[25088], result 0, written
//   1024 threads in groups of 128
kernel void conv_7f354b24(
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
  threadgroup float b[1088];
  threadgroup float stage[1152];
  uint down = simd / 2;
  uint across = simd % 2;
  uint pixel = t % 64;
  uint own = t / 64;
  uint pixel2 = min(pixel, 48u) % 7;
  uint pixel3 = min(pixel, 48u) / 7;
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
  for (uint k = 0; k < 288; k++) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint in = t % 4;
    uint out = t / 4;
    float4 x1_v = *(device const float4*)(x1 + 294912 * group_rows + 4 * in + 16 * k + 4608 * out);
    *(threadgroup float4*)(a + 4 * in + 20 * out) = x1_v;
    uint out2 = t / 4 + 32;
    float4 x1_v2 = *(device const float4*)(x1 + 294912 * group_rows + 4 * in + 16 * k + 4608 * out2);
    *(threadgroup float4*)(a + 4 * in + 20 * out2) = x1_v2;
    uint tap = (k + own) % 3;
    uint tap2 = 2 * k + (k + own) / 3 - 3 * ((7 * k + own) / 9);
    uint channel = k + (7 * k + own) / 9;
    bool v = pixel3 + tap2 > 0 && pixel3 + tap2 <= 7 && (pixel2 + tap > 0 && pixel2 + tap <= 7);
    float x0_v = v ? x0[channel + 512 * pixel2 + 3584 * pixel3 + 512 * tap + 3584 * tap2 - 4096] : 0.0f;
    b[68 * own + pixel] = x0_v;
    uint tap3 = (k + own + 2) % 3;
    uint tap4 = 2 * k + (k + own + 2) / 3 - 3 * ((7 * k + own + 2) / 9);
    uint channel2 = k + (7 * k + own + 2) / 9;
    bool v2 = pixel3 + tap4 > 0 && pixel3 + tap4 <= 7 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 7);
    float x0_v2 = v2 ? x0[channel2 + 512 * pixel2 + 3584 * pixel3 + 512 * tap3 + 3584 * tap4 - 4096] : 0.0f;
    b[68 * own + pixel + 136] = x0_v2;
    uint tap5 = (k + own + 1) % 3;
    uint tap6 = 2 * k + (k + own + 1) / 3 + 1 - 3 * ((7 * k + own + 4) / 9);
    uint channel3 = k + (7 * k + own + 4) / 9;
    bool v3 = pixel3 + tap6 > 0 && pixel3 + tap6 <= 7 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 7);
    float x0_v3 = v3 ? x0[channel3 + 512 * pixel2 + 3584 * pixel3 + 512 * tap5 + 3584 * tap6 - 4096] : 0.0f;
    b[68 * own + pixel + 272] = x0_v3;
    uint tap7 = 2 * k + (k + own) / 3 + 2 - 3 * ((7 * k + own + 6) / 9);
    uint channel4 = k + (7 * k + own + 6) / 9;
    bool v4 = pixel3 + tap7 > 0 && pixel3 + tap7 <= 7 && (pixel2 + tap > 0 && pixel2 + tap <= 7);
    float x0_v4 = v4 ? x0[channel4 + 512 * pixel2 + 3584 * pixel3 + 512 * tap + 3584 * tap7 - 4096] : 0.0f;
    b[68 * own + pixel + 408] = x0_v4;
    uint tap8 = 2 * k + (k + own + 2) / 3 + 2 - 3 * ((7 * k + own + 8) / 9);
    uint channel5 = k + (7 * k + own + 8) / 9;
    bool v5 = pixel3 + tap8 > 0 && pixel3 + tap8 <= 7 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 7);
    float x0_v5 = v5 ? x0[channel5 + 512 * pixel2 + 3584 * pixel3 + 3584 * tap8 + 512 * tap3 - 4096] : 0.0f;
    b[68 * own + pixel + 544] = x0_v5;
    uint tap9 = 2 * k + (k + own + 1) / 3 - 3 * ((7 * k + own + 1) / 9);
    uint channel6 = k + (7 * k + own + 1) / 9 + 1;
    bool v6 = pixel3 + tap9 > 0 && pixel3 + tap9 <= 7 && (pixel2 + tap5 > 0 && pixel2 + tap5 <= 7);
    float x0_v6 = v6 ? x0[channel6 + 512 * pixel2 + 3584 * pixel3 + 512 * tap5 + 3584 * tap9 - 4096] : 0.0f;
    b[68 * own + pixel + 680] = x0_v6;
    uint tap10 = 2 * k + (k + own) / 3 + 1 - 3 * ((7 * k + own + 3) / 9);
    uint channel7 = k + (7 * k + own + 3) / 9 + 1;
    bool v7 = pixel3 + tap10 > 0 && pixel3 + tap10 <= 7 && (pixel2 + tap > 0 && pixel2 + tap <= 7);
    float x0_v7 = v7 ? x0[channel7 + 512 * pixel2 + 3584 * pixel3 + 512 * tap + 3584 * tap10 - 4096] : 0.0f;
    b[68 * own + pixel + 816] = x0_v7;
    uint tap11 = 2 * k + (k + own + 2) / 3 + 1 - 3 * ((7 * k + own + 5) / 9);
    uint channel8 = k + (7 * k + own + 5) / 9 + 1;
    bool v8 = pixel3 + tap11 > 0 && pixel3 + tap11 <= 7 && (pixel2 + tap3 > 0 && pixel2 + tap3 <= 7);
    float x0_v8 = v8 ? x0[channel8 + 512 * pixel2 + 3584 * pixel3 + 512 * tap3 + 3584 * tap11 - 4096] : 0.0f;
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
  uint down2 = lane / 32;
  uint along = lane % 32;
  float stage_v = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float x4_v = x4[row];
    float v = (stage_v - x2_v) * precise::rsqrt(x3_v + 1e-05f) * x4_v;
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v + x5_v, 0.0f);
  }
  uint down3 = lane / 32 + 1;
  float stage_v2 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v2 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down4 = lane / 32 + 2;
  float stage_v3 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v3 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down5 = lane / 32 + 3;
  float stage_v4 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v4 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down6 = lane / 32 + 4;
  float stage_v5 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v5 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down7 = lane / 32 + 5;
  float stage_v6 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v6 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down8 = lane / 32 + 6;
  float stage_v7 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v7 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  uint down9 = lane / 32 + 7;
  float stage_v8 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v8 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc5, stage + 288 * simd, 36);
  simdgroup_store(acc6, stage + 288 * simd + 8, 36);
  simdgroup_store(acc7, stage + 288 * simd + 16, 36);
  simdgroup_store(acc8, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v9 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v9 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v10 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v10 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v11 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v11 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v12 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v12 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v13 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v13 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v14 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v14 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v15 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v15 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v16 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 8;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v16 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc9, stage + 288 * simd, 36);
  simdgroup_store(acc10, stage + 288 * simd + 8, 36);
  simdgroup_store(acc11, stage + 288 * simd + 16, 36);
  simdgroup_store(acc12, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v17 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v17 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v18 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v18 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v19 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v19 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v20 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v20 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v21 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v21 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v22 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v22 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v23 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v23 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v24 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 16;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v24 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_store(acc13, stage + 288 * simd, 36);
  simdgroup_store(acc14, stage + 288 * simd + 8, 36);
  simdgroup_store(acc15, stage + 288 * simd + 16, 36);
  simdgroup_store(acc16, stage + 288 * simd + 24, 36);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float stage_v25 = stage[along + 36 * down2 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down2 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v25 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v26 = stage[along + 36 * down3 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down3 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v26 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v27 = stage[along + 36 * down4 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down4 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v27 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v28 = stage[along + 36 * down5 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down5 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v28 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v29 = stage[along + 36 * down6 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down6 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v29 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v30 = stage[along + 36 * down7 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down7 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v30 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v31 = stage[along + 36 * down8 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down8 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v31 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
  float stage_v32 = stage[along + 36 * down9 + 288 * simd];
  if (32 * across + along < 49) {
    uint row = 32 * down + down9 + 64 * group_rows + 24;
    uint col = 32 * across + along;
    float x2_v = x2[row];
    float x3_v = x3[row];
    float v = (stage_v32 - x2_v) * precise::rsqrt(x3_v + 1e-05f);
    float x4_v = x4[row];
    float x5_v = x5[row];
    y[512 * col + row] = max_of(v * x4_v + x5_v, 0.0f);
  }
}
