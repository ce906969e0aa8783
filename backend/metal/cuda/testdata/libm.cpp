// Holds the functions of shim/libm.h against the C library's double functions: a line for each with the largest error in units of the
// last place of the float that is nearest, and where it was.
#include <math.h>
#include <stdio.h>
#include <string.h>

namespace aiopt {
typedef unsigned int u32;
typedef unsigned long u64;
} // namespace aiopt
#include "libm.h"

using namespace aiopt;

static float number(u32 u) { return __builtin_bit_cast(float, u); }

// The error of a result, in units of the last place of the right one; infinity where one is special and the other is not.
static double error(float have, double want) {
  float near = (float)want;
  if (near != near || have != have) return near != near && have != have ? 0 : INFINITY;
  if (have == near) return signbit(have) != signbit(near) ? INFINITY : 0;
  if (isinf(have) || isinf(near)) return fabs(want) > 3.4028234e38 && fabsf(have) > 3.402823e38f ? 1 : INFINITY;
  int e;
  frexp(fabs(want) < 0x1p-126 ? 0x1p-126 : want, &e);
  return fabs((double)have - want) / ldexp(1, e - 24);
}

struct Worst {
  double error = 0;
  float x = 0, y = 0;
  void see(double e, float at, float and_at) {
    if (!(e <= error)) error = e, x = at, y = and_at;
  }
  void say(const char *name) { printf("%s %.3f at %a %a\n", name, error, x, y); }
};

static const float special[] = {0, -0.0f, 1, -1, 0.5f, -0.5f, 2, -2, 3, -3, 1e-45f, -1e-45f, 1e-38f, 3.4e38f, -3.4e38f, 16777216, 16777218, INFINITY, -INFINITY, NAN,
  88.8f, 88.72f, -103.9f, -104, 0x1p28f, 1e10f, 1e22f, 0.99999994f, 1.0000001f, 1.5707964f, 3.1415927f};

static void one(const char *name, float (*f)(float), double (*want)(double)) {
  Worst w;
  for (u32 u = 0; u < 0xffffff00u - 1009; u += 1009) { // every 1009th float of either sign
    float x = number(u);
    w.see(error(f(x), want((double)x)), x, 0);
  }
  for (float x : special) w.see(error(f(x), want((double)x)), x, 0);
  w.say(name);
}

static void two(const char *name, float (*f)(float, float), double (*want)(double, double)) {
  Worst w;
  u64 state = 1;
  for (int i = 0; i < 2000000; i++) {
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    u64 r = state ^ state >> 29;
    float x = number((u32)r), y = number((u32)(r >> 32));
    if (i % 2) x = number((u32)r % 0x8000000 + 0x3c000000), y = number((u32)(r >> 32) % 0x8000000 + 0x3c000000); // near one
    w.see(error(f(x, y), want((double)x, (double)y)), x, y);
  }
  for (float x : special)
    for (float y : special) w.see(error(f(x, y), want((double)x, (double)y)), x, y);
  w.say(name);
}

#define ONE(NAME) one(#NAME, [](float x) { return libm::NAME(x); }, [](double x) { return ::NAME(x); });
#define TWO(NAME) two(#NAME, [](float x, float y) { return libm::NAME(x, y); }, [](double x, double y) { return ::NAME(x, y); });

int main() {
  ONE(exp) ONE(exp2) ONE(log) ONE(log2) ONE(log10) ONE(sin) ONE(cos) ONE(tan) ONE(asin) ONE(acos) ONE(atan)
  ONE(sinh) ONE(cosh) ONE(tanh) ONE(asinh) ONE(acosh) ONE(atanh)
  one("exp10", libm::exp10, [](double x) { return ::pow(10, x); });
  one("rsqrt", libm::rsqrt, [](double x) { return 1 / ::sqrt(x); });
  one("sinpi", libm::sinpi, [](double x) { x = ::fmod(x, 2); return fabs(x) == 1 ? copysign(0.0, x) : ::sin(x * 0x1.921fb54442d18p+1); });
  one("cospi", libm::cospi, [](double x) { x = fabs(::fmod(x, 2)); return x == 0.5 || x == 1.5 ? 0 : ::cos(x * 0x1.921fb54442d18p+1); });
  TWO(pow) TWO(atan2) TWO(fmod)
  two("fdim", libm::fdim, [](double x, double y) { return x <= y ? 0.0 : x - y; });
  two("nextafter", libm::nextafter, [](double x, double y) { return (double)nextafterf((float)x, (float)y); });
  one("frexp", [](float x) { int e; float m = libm::frexp(x, e); return m + (float)e; }, [](double x) { int e; float m = frexpf((float)x, &e); return (double)(m + (isfinite(m) ? (float)e : 0)); });
  two("ldexp", [](float x, float y) { return libm::ldexp(x, y > 300 ? 300 : y < -300 ? -300 : y == y ? (int)y : 0); },
      [](double x, double y) { return ldexp(x, y > 300 ? 300 : y < -300 ? -300 : y == y ? (int)y : 0); });
  one("ilogb", [](float x) { return (float)libm::ilogb(x); }, [](double x) { return (double)(float)ilogb(x); });
}
