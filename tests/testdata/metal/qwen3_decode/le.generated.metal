#include <metal_stdlib>
using namespace metal;

// tensor.le, which gives tensor<1x128xbool>.
//
//   x0: i64[128], operand 0, read
//   x1: i64[1], operand 1, read
//   y: bool[128], result 0, written
//   128 threads in groups of 128
kernel void le_68551e39(
    device const long* x0 [[buffer(0)]],
    device const long* x1 [[buffer(1)]],
    device bool* y [[buffer(2)]],
    uint group_x [[threadgroup_position_in_grid]],
    uint t [[thread_index_in_threadgroup]]) {
  uint x = 128 * group_x + t;
  long x0_v = x0[x];
  long x1_v = x1[0];
  y[x] = x0_v <= x1_v;
}
