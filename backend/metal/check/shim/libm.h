// The functions of math.h that a processor has no instruction for: here they are the C library's.
#pragma once

namespace aiopt::libm {

#define AIOPT_LIBM1(NAME) AIOPT_INLINE float NAME(float x) { return __builtin_##NAME##f(x); }
#define AIOPT_LIBM2(NAME) AIOPT_INLINE float NAME(float x, float y) { return __builtin_##NAME##f(x, y); }
AIOPT_LIBM1(exp)
AIOPT_LIBM1(exp2)
AIOPT_LIBM1(exp10)
AIOPT_LIBM1(log)
AIOPT_LIBM1(log2)
AIOPT_LIBM1(log10)
AIOPT_LIBM1(sin)
AIOPT_LIBM1(cos)
AIOPT_LIBM1(tan)
AIOPT_LIBM1(asin)
AIOPT_LIBM1(acos)
AIOPT_LIBM1(atan)
AIOPT_LIBM1(sinh)
AIOPT_LIBM1(cosh)
AIOPT_LIBM1(tanh)
AIOPT_LIBM1(asinh)
AIOPT_LIBM1(acosh)
AIOPT_LIBM1(atanh)
AIOPT_LIBM2(pow)
AIOPT_LIBM2(atan2)
AIOPT_LIBM2(fmod)
AIOPT_LIBM2(fdim)
AIOPT_LIBM2(nextafter)
#undef AIOPT_LIBM1
#undef AIOPT_LIBM2

AIOPT_INLINE float sinpi(float x) { return float(__builtin_sin(__builtin_fmod(double(x), 2.0) * 3.14159265358979323846)); }
AIOPT_INLINE float cospi(float x) { return float(__builtin_cos(__builtin_fmod(double(x), 2.0) * 3.14159265358979323846)); }
AIOPT_INLINE float rsqrt(float x) { return float(1.0 / __builtin_sqrt(double(x))); }
AIOPT_INLINE float frexp(float x, int &e) { return __builtin_frexpf(x, &e); }
AIOPT_INLINE float ldexp(float x, int e) { return __builtin_ldexpf(x, e); }
AIOPT_INLINE int ilogb(float x) { return __builtin_ilogbf(x); }

} // namespace aiopt::libm
