// Matrices of 8x8 that a simd group holds together, two elements a lane. Which lane has which elements is what MLX's steel
// GEMM relies on; it has not been seen on hardware by us.
#pragma once

namespace metal {

template <class T, int Rows, int Cols> struct simdgroup_matrix {
  static_assert(Rows == 8 && Cols == 8, "a simdgroup_matrix is 8x8");
  vec<T, 2> own;
  simdgroup_matrix() = default;
  AIOPT_INLINE explicit simdgroup_matrix(T diagonal);
  AIOPT_INLINE vec<T, 2> &thread_elements() { return own; }
  AIOPT_INLINE const vec<T, 2> &thread_elements() const { return own; }
};
typedef simdgroup_matrix<float, 8, 8> simdgroup_float8x8;
typedef simdgroup_matrix<half, 8, 8> simdgroup_half8x8;
typedef simdgroup_matrix<bfloat, 8, 8> simdgroup_bfloat8x8;

} // namespace metal

namespace aiopt {

// The row and the first of the two columns that a lane holds, and back.
AIOPT_INLINE u32 matrix_row(u32 lane) { return (lane / 4 & 4) + lane / 2 % 4; }
AIOPT_INLINE u32 matrix_column(u32 lane) { return (lane / 4 & 2) * 2 + lane % 2 * 2; }
AIOPT_INLINE u32 matrix_lane(u32 row, u32 column) { return (row & 4) * 4 + (column & 4) * 2 + (row & 3) * 2 + (column >> 1 & 1); }

} // namespace aiopt

namespace metal {

template <class T, int R, int C> AIOPT_INLINE simdgroup_matrix<T, R, C>::simdgroup_matrix(T diagonal) {
  uint row = aiopt::matrix_row(aiopt_lane()), column = aiopt::matrix_column(aiopt_lane());
  own = vec<T, 2>{row == column ? diagonal : T(0), row == column + 1 ? diagonal : T(0)};
}
template <class T, int R, int C> AIOPT_INLINE simdgroup_matrix<T, R, C> make_filled_simdgroup_matrix(T value) {
  simdgroup_matrix<T, R, C> m;
  m.own = vec<T, 2>(value);
  return m;
}
template <class T, int R, int C> AIOPT_INLINE simdgroup_matrix<T, R, C> make_diagonal_simdgroup_matrix(T value) { return simdgroup_matrix<T, R, C>(value); }

// The element at (row, column) lies at memory[(origin.y+row)*stride + origin.x+column], rows and columns swapped where transposed.
#define AIOPT_MATRIX_MEMORY(SPACE) \
  template <class T> AIOPT_INLINE AIOPT_MEETS void simdgroup_load(simdgroup_matrix<T, 8, 8> &m, const SPACE T *memory, \
      ulong stride = 8, ulong2 origin = ulong2(0), bool transposed = false) { \
    aiopt::meet_for_matrix(); \
    ulong row = aiopt::matrix_row(aiopt_lane()), column = aiopt::matrix_column(aiopt_lane()); \
    const SPACE T *from = memory + origin.y * stride + origin.x; \
    m.own[0] = transposed ? from[column * stride + row] : from[row * stride + column]; \
    m.own[1] = transposed ? from[(column + 1) * stride + row] : from[row * stride + column + 1]; \
  } \
  template <class T> AIOPT_INLINE AIOPT_MEETS void simdgroup_store(const simdgroup_matrix<T, 8, 8> m, SPACE T *memory, \
      ulong stride = 8, ulong2 origin = ulong2(0), bool transposed = false) { \
    aiopt::meet_for_matrix(); \
    ulong row = aiopt::matrix_row(aiopt_lane()), column = aiopt::matrix_column(aiopt_lane()); \
    SPACE T *to = memory + origin.y * stride + origin.x; \
    to[transposed ? column * stride + row : row * stride + column] = m.own[0]; \
    to[transposed ? (column + 1) * stride + row : row * stride + column + 1] = m.own[1]; \
  }
AIOPT_MATRIX_MEMORY(device)
#ifdef AIOPT_STRICT
AIOPT_MATRIX_MEMORY(threadgroup)
#endif
#undef AIOPT_MATRIX_MEMORY

// d = a*b + c, summed up in float in order of k and rounded once.
template <class D, class A, class B, class C>
AIOPT_INLINE AIOPT_MEETS void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8> &d, simdgroup_matrix<A, 8, 8> a,
    simdgroup_matrix<B, 8, 8> b, simdgroup_matrix<C, 8, 8> c) {
  struct Both { vec<A, 2> a; vec<B, 2> b; };
  aiopt::Lanes<Both> l(Both{a.own, b.own}, aiopt::matrix_operation);
  uint row = aiopt::matrix_row(aiopt_lane()), column = aiopt::matrix_column(aiopt_lane());
  float sum0 = float(c.own[0]), sum1 = float(c.own[1]);
  for (uint k = 0; k < 8; k += 2) {
    vec<A, 2> x = l.at(aiopt::matrix_lane(row, k), &Both::a);
    vec<B, 2> y = l.at(aiopt::matrix_lane(k, column), &Both::b), z = l.at(aiopt::matrix_lane(k + 1, column), &Both::b);
    sum0 += float(x[0]) * float(y[0]);
    sum1 += float(x[0]) * float(y[1]);
    sum0 += float(x[1]) * float(z[0]);
    sum1 += float(x[1]) * float(z[1]);
  }
  d.own = vec<D, 2>{D(sum0), D(sum1)};
}
template <class D, class A, class B>
AIOPT_INLINE AIOPT_MEETS void simdgroup_multiply(simdgroup_matrix<D, 8, 8> &d, simdgroup_matrix<A, 8, 8> a, simdgroup_matrix<B, 8, 8> b) {
  simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<D, 8, 8>(D(0)));
}

} // namespace metal
