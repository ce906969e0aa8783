#include <metal_stdlib>
using namespace metal;

// The larger of two, NaN where one is.
inline float4 max_of4(float4 a, float4 b) {
  bool4 first = a >= b;
  return select(b, a, first || isnan(a));
}

// nn.max_pool, which gives tensor<1x56x56x64xf32>.
//
//   x0: f32[802816], operand 0, read
//   y: f32[200704], result 0, written
//   50176 threads in groups of 256
kernel void max_pool_6a7fb922(
    device const float* x0 [[buffer(0)]],
    device float* y [[buffer(1)]],
    uint group_y [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]]) {
  uint y2 = 16 * group_y + t / 16;
  uint x = t % 16;
  bool4 inside = bool4(2 * (y2 / 56) > 0, 2 * (y2 / 56) > 0, 2 * (y2 / 56) > 0, 2 * (y2 / 56) > 0);
  bool4 inside2 = bool4(
      112 * (y2 / 56) < 2 * y2,
      112 * (y2 / 56) < 2 * y2,
      112 * (y2 / 56) < 2 * y2,
      112 * (y2 / 56) < 2 * y2);
  bool4 v = inside && inside2;
  float4 x0_v = float4(
      v[0] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7232] : 0.0f,
      v[1] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7231] : 0.0f,
      v[2] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7230] : 0.0f,
      v[3] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7229] : 0.0f);
  bool4 v2 = inside && inside2;
  float4 most = max_of4(float4(-INFINITY), select(float4(-INFINITY), x0_v, v2));
  bool4 inside3 = bool4(true, true, true, true);
  bool4 v3 = inside && inside3;
  float4 x0_v2 = float4(
      v3[0] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7168] : 0.0f,
      v3[1] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7167] : 0.0f,
      v3[2] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7166] : 0.0f,
      v3[3] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7165] : 0.0f);
  bool4 v4 = inside && inside3;
  float4 most2 = max_of4(most, select(float4(-INFINITY), x0_v2, v4));
  bool4 inside4 = bool4(true, true, true, true);
  bool4 v5 = inside && inside4;
  float4 x0_v3 = float4(
      v5[0] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7104] : 0.0f,
      v5[1] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7103] : 0.0f,
      v5[2] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7102] : 0.0f,
      v5[3] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 7101] : 0.0f);
  bool4 v6 = inside && inside4;
  float4 most3 = max_of4(most2, select(float4(-INFINITY), x0_v3, v6));
  bool4 inside5 = bool4(true, true, true, true);
  bool4 v7 = inside5 && inside2;
  float4 x0_v4 = float4(
      v7[0] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 64] : 0.0f,
      v7[1] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 63] : 0.0f,
      v7[2] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 62] : 0.0f,
      v7[3] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56) - 61] : 0.0f);
  bool4 v8 = inside5 && inside2;
  float4 most4 = max_of4(most3, select(float4(-INFINITY), x0_v4, v8));
  bool4 v9 = inside5 && inside3;
  float4 x0_v5 = float4(
      v9[0] ? x0[4 * x + 256 * y2 - 128 * (y2 % 56)] : 0.0f,
      v9[1] ? x0[4 * x + 256 * y2 + 1 - 128 * (y2 % 56)] : 0.0f,
      v9[2] ? x0[4 * x + 256 * y2 + 2 - 128 * (y2 % 56)] : 0.0f,
      v9[3] ? x0[4 * x + 256 * y2 + 3 - 128 * (y2 % 56)] : 0.0f);
  bool4 v10 = inside5 && inside3;
  float4 most5 = max_of4(most4, select(float4(-INFINITY), x0_v5, v10));
  bool4 v11 = inside5 && inside4;
  float4 x0_v6 = float4(
      v11[0] ? x0[4 * x + 256 * y2 + 64 - 128 * (y2 % 56)] : 0.0f,
      v11[1] ? x0[4 * x + 256 * y2 + 65 - 128 * (y2 % 56)] : 0.0f,
      v11[2] ? x0[4 * x + 256 * y2 + 66 - 128 * (y2 % 56)] : 0.0f,
      v11[3] ? x0[4 * x + 256 * y2 + 67 - 128 * (y2 % 56)] : 0.0f);
  bool4 v12 = inside5 && inside4;
  float4 most6 = max_of4(most5, select(float4(-INFINITY), x0_v6, v12));
  bool4 inside6 = bool4(true, true, true, true);
  bool4 v13 = inside6 && inside2;
  float4 x0_v7 = float4(
      v13[0] ? x0[4 * x + 256 * y2 + 7104 - 128 * (y2 % 56)] : 0.0f,
      v13[1] ? x0[4 * x + 256 * y2 + 7105 - 128 * (y2 % 56)] : 0.0f,
      v13[2] ? x0[4 * x + 256 * y2 + 7106 - 128 * (y2 % 56)] : 0.0f,
      v13[3] ? x0[4 * x + 256 * y2 + 7107 - 128 * (y2 % 56)] : 0.0f);
  bool4 v14 = inside6 && inside2;
  float4 most7 = max_of4(most6, select(float4(-INFINITY), x0_v7, v14));
  bool4 v15 = inside6 && inside3;
  float4 x0_v8 = float4(
      v15[0] ? x0[4 * x + 256 * y2 + 7168 - 128 * (y2 % 56)] : 0.0f,
      v15[1] ? x0[4 * x + 256 * y2 + 7169 - 128 * (y2 % 56)] : 0.0f,
      v15[2] ? x0[4 * x + 256 * y2 + 7170 - 128 * (y2 % 56)] : 0.0f,
      v15[3] ? x0[4 * x + 256 * y2 + 7171 - 128 * (y2 % 56)] : 0.0f);
  bool4 v16 = inside6 && inside3;
  float4 most8 = max_of4(most7, select(float4(-INFINITY), x0_v8, v16));
  bool4 v17 = inside6 && inside4;
  float4 x0_v9 = float4(
      v17[0] ? x0[4 * x + 256 * y2 + 7232 - 128 * (y2 % 56)] : 0.0f,
      v17[1] ? x0[4 * x + 256 * y2 + 7233 - 128 * (y2 % 56)] : 0.0f,
      v17[2] ? x0[4 * x + 256 * y2 + 7234 - 128 * (y2 % 56)] : 0.0f,
      v17[3] ? x0[4 * x + 256 * y2 + 7235 - 128 * (y2 % 56)] : 0.0f);
  bool4 v18 = inside6 && inside4;
  float4 most9 = max_of4(most8, select(float4(-INFINITY), x0_v9, v18));
  *(device float4*)(y + 4 * x + 64 * y2) = most9;
}
