// Metal's functions on integers.
#pragma once

namespace aiopt { typedef unsigned __int128 Wide; }

namespace metal {

#define AIOPT_INTEGER(T, WIDER) \
  AIOPT_INLINE T min(T x, T y) { return y < x ? y : x; } \
  AIOPT_INLINE T max(T x, T y) { return x < y ? y : x; } \
  AIOPT_INLINE T clamp(T x, T low, T high) { return min(max(x, low), high); } \
  AIOPT_INLINE T min3(T x, T y, T z) { return min(min(x, y), z); } \
  AIOPT_INLINE T max3(T x, T y, T z) { return max(max(x, y), z); } \
  AIOPT_INLINE T mulhi(T x, T y) { return T((WIDER(x) * WIDER(y)) >> (sizeof(T) * 8)); } \
  AIOPT_INLINE T popcount(T x) { return T(__builtin_popcountll(typename aiopt::Bits<sizeof(T)>::type(x))); } \
  AIOPT_INLINE T clz(T x) { \
    ulong u = typename aiopt::Bits<sizeof(T)>::type(x); \
    return T(u == 0 ? int(sizeof(T)) * 8 : __builtin_clzll(u) - (64 - int(sizeof(T)) * 8)); \
  } \
  AIOPT_INLINE T ctz(T x) { return T(x == 0 ? int(sizeof(T)) * 8 : __builtin_ctzll(ulong(x))); } \
  AIOPT_INLINE T reverse_bits(T x) { return T(__builtin_bitreverse64(ulong(x)) >> (64 - sizeof(T) * 8)); } \
  AIOPT_INLINE T rotate(T x, T by) { \
    typedef typename aiopt::Bits<sizeof(T)>::type U; \
    uint s = uint(by) % (sizeof(T) * 8); \
    return s == 0 ? x : T(U(U(x) << s) | U(U(x) >> (sizeof(T) * 8 - s))); \
  } \
  AIOPT_INLINE T hadd(T x, T y) { return T((WIDER(x) + WIDER(y)) >> 1); } \
  AIOPT_INLINE T rhadd(T x, T y) { return T((WIDER(x) + WIDER(y) + 1) >> 1); } \
  AIOPT_INLINE T addsat(T x, T y) { \
    T r; \
    if (!__builtin_add_overflow(x, y, &r)) return r; \
    return y < T(0) ? numeric_limits<T>::min() : numeric_limits<T>::max(); \
  } \
  AIOPT_INLINE T subsat(T x, T y) { \
    T r; \
    if (!__builtin_sub_overflow(x, y, &r)) return r; \
    return y > T(0) ? numeric_limits<T>::min() : numeric_limits<T>::max(); \
  }
AIOPT_INTEGER(char, int)
AIOPT_INTEGER(int8_t, int)
AIOPT_INTEGER(uchar, uint)
AIOPT_INTEGER(short, int)
AIOPT_INTEGER(ushort, uint)
AIOPT_INTEGER(int, long)
AIOPT_INTEGER(uint, ulong)
AIOPT_INTEGER(long, __int128)
AIOPT_INTEGER(ulong, aiopt::Wide)
#undef AIOPT_INTEGER

#define AIOPT_SIGNED(T, U) \
  AIOPT_INLINE T abs(T x) { return x < 0 ? T(-x) : x; } \
  AIOPT_INLINE U absdiff(T x, T y) { return x < y ? U(U(y) - U(x)) : U(U(x) - U(y)); }
AIOPT_SIGNED(char, uchar)
AIOPT_SIGNED(int8_t, uchar)
AIOPT_SIGNED(short, ushort)
AIOPT_SIGNED(int, uint)
AIOPT_SIGNED(long, ulong)
#undef AIOPT_SIGNED
#define AIOPT_UNSIGNED(T) \
  AIOPT_INLINE T abs(T x) { return x; } \
  AIOPT_INLINE T absdiff(T x, T y) { return x < y ? T(y - x) : T(x - y); }
AIOPT_UNSIGNED(uchar)
AIOPT_UNSIGNED(ushort)
AIOPT_UNSIGNED(uint)
AIOPT_UNSIGNED(ulong)
#undef AIOPT_UNSIGNED

#define AIOPT_VECTOR(NAME) \
  template <class T, int N> AIOPT_INLINE vec<T, N> NAME(vec<T, N> x) { \
    for (int i = 0; i < N; i++) x[i] = NAME(T(x[i])); \
    return x; \
  }
AIOPT_VECTOR(popcount)
AIOPT_VECTOR(clz)
AIOPT_VECTOR(ctz)
AIOPT_VECTOR(reverse_bits)
#undef AIOPT_VECTOR

// Bits offset to offset+bits-1 of x, as wide as T; signed types are extended by the sign.
template <class T> AIOPT_INLINE T extract_bits(T x, uint offset, uint bits) {
  const uint width = sizeof(T) * 8;
  return bits == 0 ? T(0) : T(T(x << (width - bits - offset)) >> (width - bits));
}
template <class T> AIOPT_INLINE T insert_bits(T base, T from, uint offset, uint bits) {
  if (bits == 0) return base;
  ulong mask = (bits >= 64 ? ~0ul : (1ul << bits) - 1) << offset;
  return T((ulong(base) & ~mask) | ((ulong(from) << offset) & mask));
}
template <class T> AIOPT_INLINE T mad24(T x, T y, T z) { return T(x * y + z); }
template <class T> AIOPT_INLINE T mul24(T x, T y) { return T(x * y); }

} // namespace metal
