// What the lanes of a simd group do together, barriers, and the four lanes of a quad.
#pragma once

#include "lanes.h"

namespace metal {

enum class mem_flags : uint { mem_none = 0, mem_device = 1, mem_threadgroup = 2, mem_texture = 4 };
constexpr mem_flags operator|(mem_flags a, mem_flags b) { return mem_flags(uint(a) | uint(b)); }

AIOPT_INLINE AIOPT_MEETS void threadgroup_barrier(mem_flags flags) { aiopt_barrier(uint(flags)); }
AIOPT_INLINE AIOPT_MEETS void simdgroup_barrier(mem_flags flags) { aiopt_simd_barrier(uint(flags)); }

} // namespace metal

namespace aiopt {

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
  return simd_vote(aiopt::ballot(x));
}
AIOPT_INLINE AIOPT_MEETS simd_vote simd_active_threads_mask() { return simd_vote(aiopt::Lanes<bool>(true).active()); }
AIOPT_INLINE AIOPT_MEETS bool simd_is_first() { return uint(__builtin_ctz(aiopt::Lanes<bool>(true).active())) == aiopt_lane(); }

template <class T> AIOPT_INLINE AIOPT_MEETS T simd_broadcast(T x, ushort lane) { return aiopt::Lanes<T>(x).of(lane); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_broadcast_first(T x) {
  aiopt::Lanes<T> l(x);
  return l.of(uint(__builtin_ctz(l.active())));
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle(T x, ushort lane) { return aiopt::Lanes<T>(x).of(lane); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_xor(T x, ushort mask) { return aiopt::Lanes<T>(x).of(aiopt_lane() ^ mask); }
// Lanes that nothing is moved to keep their own value, which they ask themselves for: all lanes ask.
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_up(T x, ushort delta) {
  uint lane = aiopt_lane();
  return aiopt::Lanes<T>(x).of(lane < delta ? lane : lane - delta);
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_down(T x, ushort delta) {
  uint lane = aiopt_lane();
  return aiopt::Lanes<T>(x).of(lane + delta >= aiopt::lanes ? lane : lane + delta);
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_rotate_up(T x, ushort delta) { return aiopt::Lanes<T>(x).of((aiopt_lane() - delta) % aiopt::lanes); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_rotate_down(T x, ushort delta) { return aiopt::Lanes<T>(x).of((aiopt_lane() + delta) % aiopt::lanes); }
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_and_fill_up(T x, T fill, ushort delta) {
  struct Both { T x, fill; };
  aiopt::Lanes<Both> l(Both{x, fill});
  uint lane = aiopt_lane();
  Both there = l.of((lane - delta) % aiopt::lanes);
  return lane >= delta ? there.x : there.fill;
}
template <class T> AIOPT_INLINE AIOPT_MEETS T simd_shuffle_and_fill_down(T x, T fill, ushort delta) {
  struct Both { T x, fill; };
  aiopt::Lanes<Both> l(Both{x, fill});
  uint from = aiopt_lane() + delta;
  Both there = l.of(from % aiopt::lanes);
  return from < aiopt::lanes ? there.x : there.fill;
}

template <class T> AIOPT_INLINE AIOPT_MEETS T quad_broadcast(T x, ushort lane) { return aiopt::Lanes<T>(x, aiopt::quad_operation).of((aiopt_lane() & ~3u) + (lane & 3)); }
template <class T> AIOPT_INLINE AIOPT_MEETS T quad_shuffle(T x, ushort lane) { return quad_broadcast(x, lane); }
template <class T> AIOPT_INLINE AIOPT_MEETS T quad_shuffle_xor(T x, ushort mask) { return aiopt::Lanes<T>(x, aiopt::quad_operation).of(aiopt_lane() ^ (mask & 3)); }

} // namespace metal
