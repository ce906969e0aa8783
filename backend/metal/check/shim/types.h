// Metal's types: numbers, vectors with their constructors, limits, and the few traits that kernels use.
#pragma once

#define AIOPT_INLINE __attribute__((always_inline)) inline

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef _Float16 half;
typedef __bf16 bfloat;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef uchar uint8_t;
typedef ushort uint16_t;
typedef uint uint32_t;
typedef ulong uint64_t;
typedef ulong size_t;
typedef long ptrdiff_t;

namespace metal {
template <class T, int N> using vec = T __attribute__((ext_vector_type(N)));
using ::half;
using ::bfloat;
using ::size_t;
} // namespace metal

// A vector of 32 bytes would be read and written without the checker's knowledge: there is no long3, long4 or the like.
#define AIOPT_VECTORS(T) typedef metal::vec<T, 2> T##2; typedef metal::vec<T, 3> T##3; typedef metal::vec<T, 4> T##4;
AIOPT_VECTORS(char)
AIOPT_VECTORS(uchar)
AIOPT_VECTORS(short)
AIOPT_VECTORS(ushort)
AIOPT_VECTORS(int)
AIOPT_VECTORS(uint)
AIOPT_VECTORS(half)
AIOPT_VECTORS(bfloat)
AIOPT_VECTORS(float)
#undef AIOPT_VECTORS
typedef metal::vec<long, 2> long2;
typedef metal::vec<ulong, 2> ulong2;

namespace aiopt {

using metal::vec;

template <class A, class B> constexpr bool same = false;
template <class A> constexpr bool same<A, A> = true;
template <bool C, class A, class B> struct Either { using type = A; };
template <class A, class B> struct Either<false, A, B> { using type = B; };
template <class T> struct Bare { using type = T; };
template <class T> struct Bare<T &> { using type = T; };
template <class T> struct Bare<const T> { using type = T; };
template <class T> struct Bare<const T &> { using type = T; };

// Packed is a vector aligned as its numbers are.
template <class T, int N> struct Packed {
  T at[N];
  Packed() = default;
  AIOPT_INLINE Packed(vec<T, N> v) { for (int i = 0; i < N; i++) at[i] = v[i]; }
  AIOPT_INLINE operator vec<T, N>() const { vec<T, N> v; for (int i = 0; i < N; i++) v[i] = at[i]; return v; }
  AIOPT_INLINE T &operator[](int i) { return at[i]; }
  AIOPT_INLINE T operator[](int i) const { return at[i]; }
};

template <class T> constexpr int width = 1;
template <class T, int N> constexpr int width<Packed<T, N>> = N;
template <class T, int N> constexpr int width<vec<T, N>> = N;

// Filler puts the arguments of a constructor into a vector, one after the other.
template <class T, int N> struct Filler {
  vec<T, N> v;
  int n = 0;
  template <class S> AIOPT_INLINE void put(S s) { v[n++] = T(s); }
  template <class S, int M> AIOPT_INLINE void put(vec<S, M> s) {
#pragma clang loop unroll(full)
    for (int i = 0; i < M; i++)
      v[n++] = T(s[i]);
  }
  template <class S, int M> AIOPT_INLINE void put(Packed<S, M> s) { put(vec<S, M>(s)); }
};

template <class T, int N, class... A> AIOPT_INLINE vec<T, N> make(A... a) {
  if constexpr (sizeof...(A) == 0) {
    return vec<T, N>(T(0));
  } else if constexpr (sizeof...(A) == 1 && (width<A> + ...) == 1) {
    return vec<T, N>(T((a, ...)));
  } else {
    static_assert((width<A> + ...) == N, "a vector's constructor takes one number, or as many as the vector has");
    Filler<T, N> f;
    (f.put(a), ...);
    return f.v;
  }
}

// The scalar and its unsigned integer, for bits.
template <int Bytes> struct Bits;
template <> struct Bits<1> { using type = uchar; };
template <> struct Bits<2> { using type = ushort; };
template <> struct Bits<4> { using type = uint; };
template <> struct Bits<8> { using type = ulong; };

} // namespace aiopt

template <class T, int N, class... A> AIOPT_INLINE metal::vec<T, N> aiopt_make(A... a) { return aiopt::make<T, N>(a...); }
namespace metal { using ::aiopt_make; }

#define AIOPT_MAKE(T, N, ...) aiopt::make<T, N>(__VA_ARGS__)
#define char2(...) AIOPT_MAKE(char, 2, __VA_ARGS__)
#define char3(...) AIOPT_MAKE(char, 3, __VA_ARGS__)
#define char4(...) AIOPT_MAKE(char, 4, __VA_ARGS__)
#define uchar2(...) AIOPT_MAKE(uchar, 2, __VA_ARGS__)
#define uchar3(...) AIOPT_MAKE(uchar, 3, __VA_ARGS__)
#define uchar4(...) AIOPT_MAKE(uchar, 4, __VA_ARGS__)
#define short2(...) AIOPT_MAKE(short, 2, __VA_ARGS__)
#define short3(...) AIOPT_MAKE(short, 3, __VA_ARGS__)
#define short4(...) AIOPT_MAKE(short, 4, __VA_ARGS__)
#define ushort2(...) AIOPT_MAKE(ushort, 2, __VA_ARGS__)
#define ushort3(...) AIOPT_MAKE(ushort, 3, __VA_ARGS__)
#define ushort4(...) AIOPT_MAKE(ushort, 4, __VA_ARGS__)
#define int2(...) AIOPT_MAKE(int, 2, __VA_ARGS__)
#define int3(...) AIOPT_MAKE(int, 3, __VA_ARGS__)
#define int4(...) AIOPT_MAKE(int, 4, __VA_ARGS__)
#define uint2(...) AIOPT_MAKE(uint, 2, __VA_ARGS__)
#define uint3(...) AIOPT_MAKE(uint, 3, __VA_ARGS__)
#define uint4(...) AIOPT_MAKE(uint, 4, __VA_ARGS__)
#define long2(...) AIOPT_MAKE(long, 2, __VA_ARGS__)
#define ulong2(...) AIOPT_MAKE(ulong, 2, __VA_ARGS__)
#define half2(...) AIOPT_MAKE(half, 2, __VA_ARGS__)
#define half3(...) AIOPT_MAKE(half, 3, __VA_ARGS__)
#define half4(...) AIOPT_MAKE(half, 4, __VA_ARGS__)
#define bfloat2(...) AIOPT_MAKE(bfloat, 2, __VA_ARGS__)
#define bfloat3(...) AIOPT_MAKE(bfloat, 3, __VA_ARGS__)
#define bfloat4(...) AIOPT_MAKE(bfloat, 4, __VA_ARGS__)
#define float2(...) AIOPT_MAKE(float, 2, __VA_ARGS__)
#define float3(...) AIOPT_MAKE(float, 3, __VA_ARGS__)
#define float4(...) AIOPT_MAKE(float, 4, __VA_ARGS__)

template <class To, class From> AIOPT_INLINE To as_type(From x) { return __builtin_bit_cast(To, x); }
constexpr AIOPT_INLINE half operator""h(long double x) { return half(x); }

namespace aiopt {

// Booleans is what bool2 to bool4 are here: comparing vectors gives integers, 0 or -1, which turn into it.
template <int N> struct Booleans {
  bool at[N];
  Booleans() = default;
  AIOPT_INLINE Booleans(bool b) { for (int i = 0; i < N; i++) at[i] = b; }
  template <class... B> requires(sizeof...(B) == N && N > 1) AIOPT_INLINE Booleans(B... b) : at{bool(b)...} {}
  template <class T> AIOPT_INLINE Booleans(vec<T, N> v) { for (int i = 0; i < N; i++) at[i] = v[i] != T(0); }
  AIOPT_INLINE bool &operator[](int i) { return at[i]; }
  AIOPT_INLINE bool operator[](int i) const { return at[i]; }
  AIOPT_INLINE Booleans operator!() const { Booleans r; for (int i = 0; i < N; i++) r.at[i] = !at[i]; return r; }
  AIOPT_INLINE Booleans operator&&(Booleans o) const { for (int i = 0; i < N; i++) o.at[i] &= at[i]; return o; }
  AIOPT_INLINE Booleans operator||(Booleans o) const { for (int i = 0; i < N; i++) o.at[i] |= at[i]; return o; }
};

} // namespace aiopt

typedef aiopt::Booleans<2> bool2;
typedef aiopt::Booleans<3> bool3;
typedef aiopt::Booleans<4> bool4;
// The strict pass knows them as vectors: an object of a class in an address space has no assignment.
#ifdef AIOPT_STRICT
#define AIOPT_PACKED(T) typedef metal::vec<T, 2> packed_##T##2; typedef metal::vec<T, 3> packed_##T##3; typedef metal::vec<T, 4> packed_##T##4;
#else
#define AIOPT_PACKED(T) \
  typedef aiopt::Packed<T, 2> packed_##T##2; typedef aiopt::Packed<T, 3> packed_##T##3; typedef aiopt::Packed<T, 4> packed_##T##4;
#endif
AIOPT_PACKED(char)
AIOPT_PACKED(uchar)
AIOPT_PACKED(short)
AIOPT_PACKED(ushort)
AIOPT_PACKED(int)
AIOPT_PACKED(uint)
AIOPT_PACKED(half)
AIOPT_PACKED(float)
#undef AIOPT_PACKED

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VALF __builtin_inff()
#define MAXFLOAT __FLT_MAX__
#define FLT_MAX __FLT_MAX__
#define FLT_MIN __FLT_MIN__
#define FLT_EPSILON __FLT_EPSILON__
#define HALF_MAX half(65504.0f)
#define HALF_MIN half(0x1.0p-14f)
#define HALF_EPSILON half(0x1.0p-10f)
#define M_PI_F 3.14159265358979323846f
#define M_PI_2_F 1.57079632679489661923f
#define M_1_PI_F 0.318309886183790671538f
#define M_2_SQRTPI_F 1.12837916709551257390f
#define M_SQRT2_F 1.41421356237309504880f
#define M_SQRT1_2_F 0.707106781186547524401f
#define M_E_F 2.71828182845904523536f
#define M_LOG2E_F 1.44269504088896340736f
#define M_LN2_F 0.693147180559945309417f
#define CHAR_MAX 127
#define CHAR_MIN (-128)
#define UCHAR_MAX 255
#define SHRT_MAX 32767
#define SHRT_MIN (-32768)
#define USHRT_MAX 65535
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define UINT_MAX 4294967295u
#define LONG_MAX 9223372036854775807L
#define LONG_MIN (-9223372036854775807L - 1)
#define ULONG_MAX 18446744073709551615ul

namespace metal {

template <class T> struct numeric_limits;
#define AIOPT_LIMITS(T, LOW, HIGH) \
  template <> struct numeric_limits<T> { \
    static constexpr T max() { return HIGH; } \
    static constexpr T min() { return LOW; } \
    static constexpr T lowest() { return LOW; } \
    static constexpr bool is_integer = true; \
  };
AIOPT_LIMITS(bool, false, true)
AIOPT_LIMITS(char, CHAR_MIN, CHAR_MAX)
AIOPT_LIMITS(int8_t, CHAR_MIN, CHAR_MAX)
AIOPT_LIMITS(uchar, 0, UCHAR_MAX)
AIOPT_LIMITS(short, SHRT_MIN, SHRT_MAX)
AIOPT_LIMITS(ushort, 0, USHRT_MAX)
AIOPT_LIMITS(int, INT_MIN, INT_MAX)
AIOPT_LIMITS(uint, 0, UINT_MAX)
AIOPT_LIMITS(long, LONG_MIN, LONG_MAX)
AIOPT_LIMITS(ulong, 0, ULONG_MAX)
#undef AIOPT_LIMITS
#define AIOPT_LIMITS(T, MOST, LEAST, EPS) \
  template <> struct numeric_limits<T> { \
    static constexpr T max() { return T(MOST); } \
    static constexpr T min() { return T(LEAST); } \
    static constexpr T lowest() { return T(-MOST); } \
    static constexpr T epsilon() { return T(EPS); } \
    static constexpr T infinity() { return T(__builtin_inff()); } \
    static constexpr T quiet_NaN() { return T(__builtin_nanf("")); } \
    static constexpr bool is_integer = false; \
  };
AIOPT_LIMITS(float, __FLT_MAX__, __FLT_MIN__, __FLT_EPSILON__)
AIOPT_LIMITS(half, 65504.0f, 0x1.0p-14f, 0x1.0p-10f)
AIOPT_LIMITS(bfloat, 0x1.fep127f, __FLT_MIN__, 0x1.0p-7f)
#undef AIOPT_LIMITS

template <class A, class B> constexpr bool is_same_v = aiopt::same<A, B>;
template <bool C, class A, class B> using conditional_t = typename aiopt::Either<C, A, B>::type;
template <class T> constexpr bool is_integral_v = __is_integral(T);
template <class T> constexpr bool is_floating_point_v = aiopt::same<T, float> || aiopt::same<T, half> || aiopt::same<T, bfloat>;
template <class T> struct make_scalar { using type = T; };
template <class T, int N> struct make_scalar<vec<T, N>> { using type = T; };
template <class T> using make_scalar_t = typename make_scalar<T>::type;

} // namespace metal
