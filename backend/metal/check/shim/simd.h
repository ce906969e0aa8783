// What the lanes of a simd group do together, barriers, and the four lanes of a quad.
#pragma once

namespace metal {

enum class mem_flags : uint { mem_none = 0, mem_device = 1, mem_threadgroup = 2, mem_texture = 4 };
constexpr mem_flags operator|(mem_flags a, mem_flags b) { return mem_flags(uint(a) | uint(b)); }

AIOPT_INLINE AIOPT_MEETS void threadgroup_barrier(mem_flags flags) { aiopt_barrier(uint(flags)); }
AIOPT_INLINE AIOPT_MEETS void simdgroup_barrier(mem_flags flags) { aiopt_simd_barrier(uint(flags)); }

} // namespace metal

namespace aiopt {

AIOPT_INLINE AIOPT_MEETS Exchange *meet(const void *data, u32 bytes, Meeting kind) { return aiopt_meet(data, bytes, kind); }

// Lanes are the values that the lanes of a simd group came with.
template <class T> struct Lanes {
  static_assert(sizeof(T) <= slot_bytes, "a lane can give at most 64 bytes");
  Exchange *e;
  AIOPT_INLINE AIOPT_MEETS Lanes(T mine, Meeting kind = simd_operation) : e(meet(&mine, sizeof(T), kind)) {}
  AIOPT_INLINE bool has(u32 lane) const { return lane < lanes && (e->active >> lane & 1); }
  AIOPT_INLINE T at(u32 lane) const { return *(const T *)e->slot[lane]; }
  // The value of a lane that must be there.
  AIOPT_INLINE T of(u32 lane) const {
    if (!has(lane)) {
      aiopt_absent(lane);
      T poison;
      __builtin_memset(&poison, 0xff, sizeof poison);
      return poison;
    }
    return at(lane);
  }
};

// The values of `count` lanes from first on, combined as a butterfly does: halves first, neighbours last.
template <class T, class F> AIOPT_INLINE T combine(const Lanes<T> &l, u32 first, u32 count, F f) {
  T v[lanes];
  bool has[lanes];
  for (u32 i = 0; i < count; i++) {
    has[i] = l.has(first + i);
    if (has[i]) v[i] = l.at(first + i);
  }
  for (u32 half = count / 2; half > 0; half /= 2)
    for (u32 i = 0; i < half; i++) {
      if (has[i] && has[i + half]) v[i] = f(v[i], v[i + half]);
      else if (has[i + half]) v[i] = v[i + half];
      has[i] |= has[i + half];
    }
  return v[0];
}

// The first lane that asks computes the result for all of them.
template <class T, class F> AIOPT_INLINE AIOPT_MEETS T reduce(T x, F f) {
  Lanes<T> l(x);
  T *value = (T *)l.e->value;
  if (!l.e->reduced) {
    *value = combine(l, 0, lanes, f);
    l.e->reduced = 1;
  }
  return *value;
}

template <class T, class F> AIOPT_INLINE AIOPT_MEETS T reduce_quad(T x, F f) {
  Lanes<T> l(x, quad_operation);
  return combine(l, aiopt_lane() & ~3u, 4, f);
}

template <class T, class F> AIOPT_INLINE AIOPT_MEETS T prefix(T x, T start, bool inclusive, F f) {
  Lanes<T> l(x);
  u32 end = aiopt_lane() + (inclusive ? 1 : 0);
  T r = start;
  for (u32 i = 0; i < end; i++)
    if (l.has(i)) r = f(r, l.at(i));
  return r;
}

struct Sum { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return a + b; } };
struct Product { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return a * b; } };
struct Max { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return metal::max(a, b); } };
struct Min { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return metal::min(a, b); } };
struct And { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return a & b; } };
struct Or { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return a | b; } };
struct Xor { template <class T> AIOPT_INLINE T operator()(T a, T b) const { return a ^ b; } };

} // namespace aiopt

namespace metal {

#define AIOPT_REDUCE(NAME, F) \
  template <class T> AIOPT_INLINE AIOPT_MEETS T simd_##NAME(T x) { return aiopt::reduce(x, aiopt::F{}); } \
  template <class T> AIOPT_INLINE AIOPT_MEETS T quad_##NAME(T x) { return aiopt::reduce_quad(x, aiopt::F{}); }
AIOPT_REDUCE(sum, Sum)
AIOPT_REDUCE(product, Product)
AIOPT_REDUCE(max, Max)
AIOPT_REDUCE(min, Min)
AIOPT_REDUCE(and, And)
AIOPT_REDUCE(or, Or)
AIOPT_REDUCE(xor, Xor)
#undef AIOPT_REDUCE

template <class T> AIOPT_INLINE AIOPT_MEETS T simd_prefix_exclusive_sum(T x) { return aiopt::prefix(x, T(0), false, aiopt::Sum{}); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_prefix_inclusive_sum(T x) { return aiopt::prefix(x, T(0), true, aiopt::Sum{}); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_prefix_exclusive_product(T x) { return aiopt::prefix(x, T(1), false, aiopt::Product{}); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_prefix_inclusive_product(T x) { return aiopt::prefix(x, T(1), true, aiopt::Product{}); }

AIOPT_INLINE AIOPT_MEETS bool simd_any(bool x) { return aiopt::reduce<uchar>(x, aiopt::Or{}); }
AIOPT_INLINE AIOPT_MEETS bool simd_all(bool x) { return aiopt::reduce<uchar>(x, aiopt::And{}); }

// A vote: a bit for each lane.
struct simd_vote {
  ulong bits;
  AIOPT_INLINE explicit simd_vote(ulong b = 0) : bits(b) {}
  AIOPT_INLINE explicit operator ulong() const { return bits; }
  AIOPT_INLINE bool all() const { return bits == 0xffffffff; }
  AIOPT_INLINE bool any() const { return bits != 0; }
};
AIOPT_INLINE AIOPT_MEETS simd_vote simd_ballot(bool x) {
  aiopt::Lanes<bool> l(x);
  ulong bits = 0;
  for (uint i = 0; i < aiopt::lanes; i++)
    if (l.has(i) && l.at(i)) bits |= 1ul << i;
  return simd_vote(bits);
}
AIOPT_INLINE AIOPT_MEETS simd_vote simd_active_threads_mask() { return simd_vote(aiopt::Lanes<bool>(true).e->active); }
AIOPT_INLINE AIOPT_MEETS bool simd_is_first() { return uint(__builtin_ctz(aiopt::Lanes<bool>(true).e->active)) == aiopt_lane(); }

template <class T> AIOPT_INLINE AIOPT_MEETS T simd_broadcast(T x, ushort lane) { return aiopt::Lanes<T>(x).of(lane); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_broadcast_first(T x) {
  aiopt::Lanes<T> l(x);
  return l.of(uint(__builtin_ctz(l.e->active)));
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle(T x, ushort lane) { return aiopt::Lanes<T>(x).of(lane); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_xor(T x, ushort mask) { return aiopt::Lanes<T>(x).of(aiopt_lane() ^ mask); }
// Lanes that nothing is moved to keep their own value.
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_up(T x, ushort delta) {
  aiopt::Lanes<T> l(x);
  return aiopt_lane() < delta ? x : l.of(aiopt_lane() - delta);
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_down(T x, ushort delta) {
  aiopt::Lanes<T> l(x);
  return aiopt_lane() + delta >= aiopt::lanes ? x : l.of(aiopt_lane() + delta);
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_rotate_up(T x, ushort delta) { return aiopt::Lanes<T>(x).of((aiopt_lane() - delta) % aiopt::lanes); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_rotate_down(T x, ushort delta) { return aiopt::Lanes<T>(x).of((aiopt_lane() + delta) % aiopt::lanes); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_and_fill_up(T x, T fill, ushort delta) {
  struct Both { T x, fill; };
  aiopt::Lanes<Both> l(Both{x, fill});
  uint lane = aiopt_lane();
  return lane >= delta ? l.of(lane - delta).x : l.of(lane + aiopt::lanes - delta).fill;
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_and_fill_down(T x, T fill, ushort delta) {
  struct Both { T x, fill; };
  aiopt::Lanes<Both> l(Both{x, fill});
  uint from = aiopt_lane() + delta;
  return from < aiopt::lanes ? l.of(from).x : l.of(from - aiopt::lanes).fill;
}

template <class T> AIOPT_INLINE AIOPT_MEETS T quad_broadcast(T x, ushort lane) { return aiopt::Lanes<T>(x, aiopt::quad_operation).of((aiopt_lane() & ~3u) + (lane & 3)); }
template <class T> AIOPT_INLINE AIOPT_MEETS T quad_shuffle(T x, ushort lane) { return quad_broadcast(x, lane); }
template <class T> AIOPT_INLINE AIOPT_MEETS T quad_shuffle_xor(T x, ushort mask) { return aiopt::Lanes<T>(x, aiopt::quad_operation).of(aiopt_lane() ^ (mask & 3)); }

} // namespace metal
