// The functions of math.h that a GPU has no instruction for. exp and exp2, which kernels spend their time in, are computed in float,
// to two units in the last place; the others in double by a series, and rounded once. Special values are
// those of C's library. tests of this package hold each against the C library's double functions.
#pragma once

namespace aiopt::libm {

#define AIOPT_MATH __attribute__((always_inline)) inline

AIOPT_MATH float from_bits(u32 u) { return __builtin_bit_cast(float, u); }
AIOPT_MATH u32 to_bits(float x) { return __builtin_bit_cast(u32, x); }
AIOPT_MATH double power_of_two(int e) { return __builtin_bit_cast(double, (u64)(e + 1023) << 52); }
constexpr double pi = 3.14159265358979323846, ln2 = 0.6931471805599453094, infinity = __builtin_inf();

// x * 2^e, rounded once: the halves of e are powers that a float has.
AIOPT_MATH float scaled(float x, int e) {
  int half = e / 2;
  return x * from_bits(u32(half + 127) << 23) * from_bits(u32(e - half + 127) << 23);
}

// exp of |r| <= ln2/2: the Taylor series to r^7.
AIOPT_MATH float exp_near_zero(float r) {
  float p = 1.0f / 5040;
  p = __builtin_fmaf(p, r, 1.0f / 720);
  p = __builtin_fmaf(p, r, 1.0f / 120);
  p = __builtin_fmaf(p, r, 1.0f / 24);
  p = __builtin_fmaf(p, r, 1.0f / 6);
  p = __builtin_fmaf(p, r, 0.5f);
  p = __builtin_fmaf(p, r, 1.0f);
  return __builtin_fmaf(p, r, 1.0f);
}

// 2^x. A GPU's own is off by two units in the last place at most, and gives 0 for what is less than 2^-126 (PTX ISA, ex2.approx.ftz.f32).
AIOPT_MATH float exp2_of_gpu(float x) {
#ifdef __NVPTX__
  return __nvvm_ex2_approx_ftz_f(x);
#else
  return __builtin_exp2f(x);
#endif
}

// As 2^n 2^f, n the nearest integer that both powers have room for: where x is large, f is, too, and so is an infinite or no number.
AIOPT_MATH float exp(float x) {
  float n = __builtin_fminf(__builtin_fmaxf(x * 1.44269504f, -126.0f), 127.0f) + 0x1.8000fep+23f; // the last bits are those of n + 127
  float whole = n - 0x1.8000fep+23f;
  // 1/ln2 as the sum of two floats.
  float f = __builtin_fmaf(x, 0x1.4ae0bep-26f, __builtin_fmaf(x, 0x1.715476p+0f, -whole));
  return exp2_of_gpu(f) * from_bits(to_bits(n) << 23);
}
AIOPT_MATH float exp2(float x) {
  float c = x > 129.0f ? 129.0f : x < -152.0f ? -152.0f : x;
  float n = __builtin_rintf(c);
  return scaled(exp_near_zero((c - n) * float(ln2)), c == c ? int(n) : 0);
}

AIOPT_MATH double exp_double(double x) {
  double c = x > 300 ? 300 : x < -300 ? -300 : x;
  double n = __builtin_rint(c * (1 / ln2)), r = __builtin_fma(n, -ln2, c);
  double p = 1;
#pragma clang loop unroll(full)
  for (int k = 11; k > 0; k--) p = __builtin_fma(p * (1.0 / k), r, 1.0);
  return c == c ? p * power_of_two(int(n)) : c;
}
AIOPT_MATH float exp10(float x) { return float(exp_double(double(x) * 2.302585092994045684)); }

// log of a double that is no denormal: 2 artanh((m-1)/(m+1)) for the m within sqrt(1/2) and sqrt(2).
AIOPT_MATH double log_double(double x) {
  if (!(x > 0)) return x == 0 ? -infinity : __builtin_nan("");
  if (x == infinity) return x;
  u64 u = __builtin_bit_cast(u64, x);
  int e = int(u >> 52) - 1023;
  double m = __builtin_bit_cast(double, (u & 0xffffffffffffful) | 0x3ff0000000000000ul);
  if (m > 1.41421356) m *= 0.5, e++;
  double s = (m - 1) / (m + 1), q = s * s, p = 0;
#pragma clang loop unroll(full)
  for (int k = 17; k > 0; k -= 2) p = __builtin_fma(p, q, 1.0 / k);
  return __builtin_fma(double(e), ln2, 2 * s * p);
}
AIOPT_MATH float log(float x) { return float(log_double(x)); }
AIOPT_MATH float log2(float x) { return float(log_double(x) * (1 / ln2)); }
AIOPT_MATH float log10(float x) { return float(log_double(x) * 0.4342944819032518277); }

// sin and cos of |r| <= pi/4.
AIOPT_MATH double sin_near_zero(double r) {
  double q = r * r, p = 1;
#pragma clang loop unroll(full)
  for (int k = 14; k > 0; k -= 2) p = __builtin_fma(p * (-1.0 / (k * (k + 1))), q, 1.0);
  return r * p;
}
AIOPT_MATH double cos_near_zero(double r) {
  double q = r * r, p = 1;
#pragma clang loop unroll(full)
  for (int k = 15; k > 0; k -= 2) p = __builtin_fma(p * (-1.0 / (k * (k + 1))), q, 1.0);
  return p;
}

// Turns is an angle as a number of quarter turns and what is left of it.
struct Turns {
  u32 quarters;
  double rest;
};

// By Payne and Hanek: of x times the bits of 2/pi only those matter that make up the last whole turns and the fraction.
inline Turns reduce_large(float x) {
  const u32 two_over_pi[8] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561};
  u32 u = to_bits(x);
  int e = int(u >> 23 & 255) - 150; // x = m * 2^e
  u64 m = (u & 0x7fffff) | 0x800000;
  // The fraction's bits from e-2 on, 96 of them: those before give whole turns.
  int first = e > 2 ? e - 2 : 0;
  int word = first / 32, shift = first % 32;
  u32 w[3];
  for (int i = 0; i < 3; i++) {
    u64 two = (u64)two_over_pi[word + i] << 32 | (word + i + 1 < 8 ? two_over_pi[word + i + 1] : 0);
    w[i] = u32(two << shift >> 32);
  }
  // m * w, with the point so that bit 96 of the product is worth 2^(e - first).
  u64 low = m * w[2], mid = m * w[1] + (low >> 32), high = m * w[0] + (mid >> 32);
  u64 top = high << 32 | (mid & 0xffffffff); // bits 32 and up of the product
  int point = 64 - (e - first);              // bits of top that are fraction: 62 where x is large
  Turns t;
  t.quarters = u32(top >> point);
  u64 fraction = top << (64 - point);
  t.rest = double(fraction) * 0x1p-64;
  if (t.rest > 0.5) t.rest = -double(-fraction) * 0x1p-64, t.quarters++;
  t.rest *= pi / 2;
  if (u >> 31) t.quarters = -t.quarters, t.rest = -t.rest;
  return t;
}

AIOPT_MATH Turns reduce(float x) {
  if (!(__builtin_fabsf(x) < 0x1p28f)) {
    if (__builtin_isnan(x) || __builtin_isinf(x)) return {0, __builtin_nan("")};
    return reduce_large(x);
  }
  double n = __builtin_rint(double(x) * (2 / pi));
  return {u32(int(n)), __builtin_fma(n, -0x1.1a62633145c07p-54, __builtin_fma(n, -0x1.921fb54442d18p+0, double(x)))};
}
AIOPT_MATH double sin_of(Turns t) {
  double r = t.quarters & 1 ? cos_near_zero(t.rest) : sin_near_zero(t.rest);
  return t.quarters & 2 ? -r : r;
}
AIOPT_MATH double cos_of(Turns t) { return sin_of({t.quarters + 1, t.rest}); }
AIOPT_MATH float sin(float x) { return x == 0 ? x : float(sin_of(reduce(x))); }
AIOPT_MATH float cos(float x) { return float(cos_of(reduce(x))); }
AIOPT_MATH float tan(float x) {
  Turns t = reduce(x);
  return x == 0 ? x : float(sin_of(t) / cos_of(t));
}
// Half turns have no rounding: n quarters of two are exact.
AIOPT_MATH Turns reduce_half_turns(float x) {
  double d = double(x) - 2 * __builtin_rint(double(x) * 0.5), n = __builtin_rint(2 * d);
  return {u32(int(n)), (d - n * 0.5) * pi};
}
AIOPT_MATH float sinpi(float x) {
  float r = float(sin_of(reduce_half_turns(x)));
  return r == 0 ? __builtin_copysignf(0, x) : r;
}
AIOPT_MATH float cospi(float x) { return 0.0f + float(cos_of(reduce_half_turns(x))); }

// atan of a number that may be infinite: about pi/2, pi/4 and 0.
AIOPT_MATH double atan_double(double x) {
  double a = __builtin_fabs(x), t = a, from = 0;
  if (a > 2.41421356) t = -1 / a, from = pi / 2;
  else if (a > 0.41421356) t = (a - 1) / (a + 1), from = pi / 4;
  double q = t * t, p = 0;
#pragma clang loop unroll(full)
  for (int k = 27; k > 0; k -= 2) p = __builtin_fma(p, -q, 1.0 / k);
  return __builtin_copysign(from + t * p, x);
}
AIOPT_MATH double atan2_double(double y, double x) {
  if (__builtin_isnan(x) || __builtin_isnan(y)) return __builtin_nan("");
  double a = __builtin_fabs(y), b = __builtin_fabs(x);
  double r = a == 0 && b == 0 ? 0 : a == infinity && b == infinity ? pi / 4 : atan_double(a / b);
  return __builtin_copysign(__builtin_signbit(x) ? pi - r : r, y);
}
AIOPT_MATH float atan(float x) { return float(atan_double(x)); }
AIOPT_MATH float atan2(float y, float x) { return float(atan2_double(y, x)); }
AIOPT_MATH double cosine_of_sine(double x) { return __builtin_sqrt((1 - x) * (1 + x)); }
AIOPT_MATH float asin(float x) { return float(atan2_double(x, cosine_of_sine(x))); }
AIOPT_MATH float acos(float x) { return float(atan2_double(cosine_of_sine(x), x)); }

AIOPT_MATH float sinh(float x) {
  double d = x, q = d * d, e = exp_double(__builtin_fabs(d));
  if (q < 0.1) return float(d * (1 + q / 6 * (1 + q / 20 * (1 + q / 42 * (1 + q / 72)))));
  return float(__builtin_copysign(0.5 * (e - 1 / e), d));
}
AIOPT_MATH float cosh(float x) {
  double e = exp_double(__builtin_fabs(double(x)));
  return float(0.5 * (e + 1 / e));
}
AIOPT_MATH float tanh(float x) {
  double d = x, a = __builtin_fabs(d);
  if (a < 0.001) return float(d * (1 - d * d * (1.0 / 3)));
  return float(__builtin_copysign(1 - 2 / (exp_double(2 * a) + 1), d));
}
AIOPT_MATH float asinh(float x) {
  double d = x, q = d * d, a = __builtin_fabs(d);
  if (a < 0.001) return float(d * (1 - q * (1.0 / 6)));
  return float(__builtin_copysign(log_double(a + __builtin_sqrt(q + 1)), d));
}
AIOPT_MATH float acosh(float x) {
  double d = x;
  return float(x < 1 ? __builtin_nan("") : log_double(d + __builtin_sqrt((d - 1) * (d + 1))));
}
AIOPT_MATH float atanh(float x) {
  double d = x;
  if (__builtin_fabs(d) < 0.001) return float(d * (1 + d * d * (1.0 / 3)));
  return float(0.5 * log_double((1 + d) / (1 - d)));
}

AIOPT_MATH float pow(float x, float y) {
  if (x == 1 || y == 0) return 1;
  if (__builtin_isnan(x) || __builtin_isnan(y)) return __builtin_nanf("");
  double a = __builtin_fabs(double(x)), b = y;
  if (a == 1 && __builtin_isinf(y)) return 1;
  bool whole = b == __builtin_trunc(b); // infinite and large ones too, which are even
  bool odd = whole && __builtin_fabs(b) < 0x1p53 && b * 0.5 != __builtin_trunc(b * 0.5);
  if (__builtin_signbit(x) && x != 0 && !__builtin_isinf(x) && !whole) return __builtin_nanf("");
  double r;
  if (a == 0 || a == infinity) r = (a == 0) == (b < 0) ? infinity : 0;
  else r = exp_double(b * log_double(a));
  return float(odd && __builtin_signbit(x) ? -r : r);
}

// Exact: the remainder of whole numbers by division and doubling.
inline float fmod(float x, float y) {
  u32 a = to_bits(x) & 0x7fffffff, b = to_bits(y) & 0x7fffffff;
  if (a >= 0x7f800000 || b > 0x7f800000 || b == 0) return __builtin_nanf("");
  if (a < b) return x;
  int ea = a >> 23, eb = b >> 23;
  u32 m = ea ? (a & 0x7fffff) | 0x800000 : a, n = eb ? (b & 0x7fffff) | 0x800000 : b;
  for (int e = (ea ? ea : 1) - (eb ? eb : 1); ; e--) {
    m %= n;
    if (e == 0 || m == 0) break;
    m <<= 1;
  }
  // m is smaller than n, and of the weight that n has.
  float r = float(double(m) * power_of_two((eb ? eb : 1) - 150));
  return __builtin_copysignf(r, x);
}
AIOPT_MATH float fdim(float x, float y) { return x <= y ? 0 : x - y; }
AIOPT_MATH float nextafter(float x, float y) {
  if (__builtin_isnan(x) || __builtin_isnan(y)) return __builtin_nanf("");
  if (x == y) return y;
  if (x == 0) return __builtin_copysignf(from_bits(1), y);
  return from_bits(to_bits(x) + ((x < y) == (x > 0) ? 1 : -1));
}
AIOPT_MATH float rsqrt(float x) { return float(1 / __builtin_sqrt(double(x))); }
AIOPT_MATH int exponent(float x) { return int(__builtin_bit_cast(u64, double(x)) >> 52 & 2047) - 1023; }
AIOPT_MATH float frexp(float x, int &e) {
  e = 0;
  if (x == 0 || __builtin_isnan(x) || __builtin_isinf(x)) return x;
  e = exponent(x) + 1;
  return float(double(x) * power_of_two(-e));
}
AIOPT_MATH float ldexp(float x, int e) { return float(double(x) * power_of_two(e > 400 ? 400 : e < -400 ? -400 : e)); }
AIOPT_MATH int ilogb(float x) {
  if (__builtin_isinf(x)) return 2147483647;
  return x == 0 || __builtin_isnan(x) ? -2147483647 - 1 : exponent(x);
}

} // namespace aiopt::libm
