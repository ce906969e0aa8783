// Metal's functions on floating-point numbers. Those on half and bfloat are computed in float and rounded once, as safe
// math documents; fast:: and precise:: are both accurate here. Special values follow section 6.5 of the Metal Shading Language
// specification: min and max give the number where the other operand is a NaN.
#pragma once

#include "libm.h"

namespace metal {

// A function of floats, its forms for half and bfloat, and for vectors of the three.
#define AIOPT_FLOAT1(NAME, EXPR) \
  AIOPT_INLINE float NAME(float x) { return EXPR; } \
  AIOPT_INLINE half NAME(half h) { float x = h; return half(EXPR); } \
  AIOPT_INLINE bfloat NAME(bfloat h) { float x = h; return bfloat(EXPR); } \
  template <class T, int N> AIOPT_INLINE vec<T, N> NAME(vec<T, N> x) { \
    vec<T, N> r; \
    for (int i = 0; i < N; i++) r[i] = NAME(x[i]); \
    return r; \
  }
#define AIOPT_FLOAT2(NAME, EXPR) \
  AIOPT_INLINE float NAME(float x, float y) { return EXPR; } \
  AIOPT_INLINE half NAME(half a, half b) { float x = a, y = b; return half(EXPR); } \
  AIOPT_INLINE bfloat NAME(bfloat a, bfloat b) { float x = a, y = b; return bfloat(EXPR); } \
  template <class T, int N> AIOPT_INLINE vec<T, N> NAME(vec<T, N> x, vec<T, N> y) { \
    vec<T, N> r; \
    for (int i = 0; i < N; i++) r[i] = NAME(x[i], y[i]); \
    return r; \
  }
#define AIOPT_FLOAT3(NAME, EXPR) \
  AIOPT_INLINE float NAME(float x, float y, float z) { return EXPR; } \
  AIOPT_INLINE half NAME(half a, half b, half c) { float x = a, y = b, z = c; return half(EXPR); } \
  AIOPT_INLINE bfloat NAME(bfloat a, bfloat b, bfloat c) { float x = a, y = b, z = c; return bfloat(EXPR); } \
  template <class T, int N> AIOPT_INLINE vec<T, N> NAME(vec<T, N> x, vec<T, N> y, vec<T, N> z) { \
    vec<T, N> r; \
    for (int i = 0; i < N; i++) r[i] = NAME(x[i], y[i], z[i]); \
    return r; \
  }

AIOPT_FLOAT1(exp, aiopt::libm::exp(x))
AIOPT_FLOAT1(exp2, aiopt::libm::exp2(x))
AIOPT_FLOAT1(exp10, aiopt::libm::exp10(x))
AIOPT_FLOAT1(log, aiopt::libm::log(x))
AIOPT_FLOAT1(log2, aiopt::libm::log2(x))
AIOPT_FLOAT1(log10, aiopt::libm::log10(x))
AIOPT_FLOAT1(sin, aiopt::libm::sin(x))
AIOPT_FLOAT1(cos, aiopt::libm::cos(x))
AIOPT_FLOAT1(tan, aiopt::libm::tan(x))
AIOPT_FLOAT1(sinpi, aiopt::libm::sinpi(x))
AIOPT_FLOAT1(cospi, aiopt::libm::cospi(x))
AIOPT_FLOAT1(asin, aiopt::libm::asin(x))
AIOPT_FLOAT1(acos, aiopt::libm::acos(x))
AIOPT_FLOAT1(atan, aiopt::libm::atan(x))
AIOPT_FLOAT1(sinh, aiopt::libm::sinh(x))
AIOPT_FLOAT1(cosh, aiopt::libm::cosh(x))
AIOPT_FLOAT1(tanh, aiopt::libm::tanh(x))
AIOPT_FLOAT1(asinh, aiopt::libm::asinh(x))
AIOPT_FLOAT1(acosh, aiopt::libm::acosh(x))
AIOPT_FLOAT1(atanh, aiopt::libm::atanh(x))
AIOPT_FLOAT1(sqrt, __builtin_sqrtf(x))
AIOPT_FLOAT1(rsqrt, aiopt::libm::rsqrt(x))
AIOPT_FLOAT1(floor, __builtin_floorf(x))
AIOPT_FLOAT1(ceil, __builtin_ceilf(x))
AIOPT_FLOAT1(trunc, __builtin_truncf(x))
AIOPT_FLOAT1(round, __builtin_roundf(x))
AIOPT_FLOAT1(rint, __builtin_rintf(x))
AIOPT_FLOAT1(fabs, __builtin_fabsf(x))
AIOPT_FLOAT1(abs, __builtin_fabsf(x))
AIOPT_FLOAT1(fract, __builtin_isnan(x) ? x : __builtin_fminf(x - __builtin_floorf(x), 0x1.fffffep-1f))
AIOPT_FLOAT1(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x == 0 ? x : 0.0f)
AIOPT_FLOAT1(saturate, __builtin_fminf(__builtin_fmaxf(x, 0.0f), 1.0f))

AIOPT_FLOAT2(pow, aiopt::libm::pow(x, y))
AIOPT_FLOAT2(powr, x < 0 ? __builtin_nanf("") : aiopt::libm::pow(x, y))
AIOPT_FLOAT2(atan2, aiopt::libm::atan2(x, y))
AIOPT_FLOAT2(fmod, aiopt::libm::fmod(x, y))
AIOPT_FLOAT2(fdim, aiopt::libm::fdim(x, y))
AIOPT_FLOAT2(copysign, __builtin_copysignf(x, y))
AIOPT_FLOAT2(divide, x / y)
AIOPT_FLOAT2(nextafter, aiopt::libm::nextafter(x, y))
AIOPT_FLOAT2(step, y < x ? 0.0f : 1.0f)
AIOPT_FLOAT2(min, __builtin_fminf(x, y))
AIOPT_FLOAT2(max, __builtin_fmaxf(x, y))
AIOPT_FLOAT2(fmin, __builtin_fminf(x, y))
AIOPT_FLOAT2(fmax, __builtin_fmaxf(x, y))

AIOPT_FLOAT3(clamp, __builtin_fminf(__builtin_fmaxf(x, y), z))
AIOPT_FLOAT3(mix, x + (y - x) * z)
AIOPT_FLOAT3(min3, __builtin_fminf(__builtin_fminf(x, y), z))
AIOPT_FLOAT3(max3, __builtin_fmaxf(__builtin_fmaxf(x, y), z))
AIOPT_FLOAT3(median3, __builtin_fmaxf(__builtin_fminf(x, y), __builtin_fminf(__builtin_fmaxf(x, y), z)))

AIOPT_INLINE float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
AIOPT_INLINE half fma(half x, half y, half z) { return half(double(x) * double(y) + double(z)); }
AIOPT_INLINE bfloat fma(bfloat x, bfloat y, bfloat z) { return bfloat(float(__builtin_fma(double(x), double(y), double(z)))); }
template <class T, int N> AIOPT_INLINE vec<T, N> fma(vec<T, N> x, vec<T, N> y, vec<T, N> z) {
  vec<T, N> r;
  for (int i = 0; i < N; i++) r[i] = fma(x[i], y[i], z[i]);
  return r;
}
template <class T> AIOPT_INLINE T smoothstep(T low, T high, T x) {
  T t = clamp((x - low) / (high - low), T(0), T(1));
  return t * t * (T(3) - T(2) * t);
}

// A vector and a number, where Metal takes both.
#define AIOPT_SCALAR(NAME) \
  template <class T, int N> AIOPT_INLINE vec<T, N> NAME(vec<T, N> x, T y) { return NAME(x, vec<T, N>(y)); } \
  template <class T, int N> AIOPT_INLINE vec<T, N> NAME(T x, vec<T, N> y) { return NAME(vec<T, N>(x), y); }
AIOPT_SCALAR(min)
AIOPT_SCALAR(max)
#undef AIOPT_SCALAR
template <class T, int N> AIOPT_INLINE vec<T, N> clamp(vec<T, N> x, T low, T high) { return clamp(x, vec<T, N>(low), vec<T, N>(high)); }
template <class T, int N> AIOPT_INLINE vec<T, N> mix(vec<T, N> x, vec<T, N> y, T a) { return mix(x, y, vec<T, N>(a)); }

// Questions about one number; of a vector they give a vector.
#define AIOPT_QUESTION(NAME, EXPR) \
  AIOPT_INLINE bool NAME(float x) { return EXPR; } \
  AIOPT_INLINE bool NAME(half h) { float x = h; return EXPR; } \
  AIOPT_INLINE bool NAME(bfloat h) { float x = h; return EXPR; } \
  template <class T, int N> AIOPT_INLINE aiopt::Booleans<N> NAME(vec<T, N> x) { \
    aiopt::Booleans<N> r; \
    for (int i = 0; i < N; i++) r[i] = NAME(x[i]); \
    return r; \
  }
AIOPT_QUESTION(isnan, __builtin_isnan(x))
AIOPT_QUESTION(isinf, __builtin_isinf(x))
AIOPT_QUESTION(isfinite, __builtin_isfinite(x))
AIOPT_QUESTION(signbit, __builtin_signbit(x))
#undef AIOPT_QUESTION
AIOPT_INLINE bool isnormal(float x) { return __builtin_isnormal(x); }
AIOPT_INLINE bool isnormal(half x) { return isfinite(x) && fabs(x) >= HALF_MIN; }

template <class T> AIOPT_INLINE T sincos(T x, T &c) {
  c = cos(x);
  return sin(x);
}
template <class T> AIOPT_INLINE T modf(T x, T &whole) {
  whole = trunc(x);
  return isinf(x) ? copysign(T(0), x) : copysign(x - whole, x);
}
AIOPT_INLINE float frexp(float x, int &e) { return aiopt::libm::frexp(x, e); }
AIOPT_INLINE half frexp(half x, int &e) { return half(aiopt::libm::frexp(x, e)); }
AIOPT_INLINE float ldexp(float x, int e) { return aiopt::libm::ldexp(x, e); }
AIOPT_INLINE half ldexp(half x, int e) { return half(aiopt::libm::ldexp(x, e)); }
AIOPT_INLINE int ilogb(float x) { return aiopt::libm::ilogb(x); }

template <class T> AIOPT_INLINE T select(T no, T yes, bool c) { return c ? yes : no; }
template <class T, int N> AIOPT_INLINE vec<T, N> select(vec<T, N> no, vec<T, N> yes, aiopt::Booleans<N> c) {
  for (int i = 0; i < N; i++) no[i] = c[i] ? yes[i] : no[i];
  return no;
}
template <class T, class C, int N> AIOPT_INLINE vec<T, N> select(vec<T, N> no, vec<T, N> yes, vec<C, N> c) {
  for (int i = 0; i < N; i++) no[i] = c[i] != C(0) ? yes[i] : no[i];
  return no;
}
template <int N> AIOPT_INLINE bool any(aiopt::Booleans<N> v) { for (int i = 0; i < N; i++) if (v[i]) return true; return false; }
template <int N> AIOPT_INLINE bool all(aiopt::Booleans<N> v) { for (int i = 0; i < N; i++) if (!v[i]) return false; return true; }
template <class T, int N> AIOPT_INLINE bool any(vec<T, N> v) { return any(aiopt::Booleans<N>(v)); }
template <class T, int N> AIOPT_INLINE bool all(vec<T, N> v) { return all(aiopt::Booleans<N>(v)); }

template <class T, int N> AIOPT_INLINE T dot(vec<T, N> a, vec<T, N> b) {
  T s = a[0] * b[0];
  for (int i = 1; i < N; i++) s += a[i] * b[i];
  return s;
}
template <class T, int N> AIOPT_INLINE T length_squared(vec<T, N> a) { return dot(a, a); }
template <class T, int N> AIOPT_INLINE T length(vec<T, N> a) { return sqrt(dot(a, a)); }
template <class T, int N> AIOPT_INLINE T distance(vec<T, N> a, vec<T, N> b) { return length(a - b); }
template <class T, int N> AIOPT_INLINE vec<T, N> normalize(vec<T, N> a) { return a * rsqrt(dot(a, a)); }
template <class T> AIOPT_INLINE vec<T, 3> cross(vec<T, 3> a, vec<T, 3> b) { return a.yzx * b.zxy - a.zxy * b.yzx; }

namespace precise { using namespace metal; }
namespace fast { using namespace metal; }

} // namespace metal
