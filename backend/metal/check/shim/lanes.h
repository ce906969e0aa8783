// How the lanes of a simd group come together. All that take part ask for the same things in the same order.
#pragma once

namespace aiopt {

AIOPT_INLINE AIOPT_MEETS Exchange *meet(const void *data, u32 bytes, Meeting kind) { return aiopt_meet(data, bytes, kind); }

AIOPT_INLINE AIOPT_MEETS void meet_for_matrix() {
  char nothing = 0;
  meet(&nothing, 1, matrix_operation);
}

// Lanes are the values that the lanes of a simd group came with.
template <class T> struct Lanes {
  static_assert(sizeof(T) <= slot_bytes, "a lane can give at most 64 bytes");
  Exchange *e;
  AIOPT_INLINE AIOPT_MEETS Lanes(T mine, Meeting kind = simd_operation) : e(meet(&mine, sizeof(T), kind)) {}
  AIOPT_INLINE u32 active() const { return e->active; }
  AIOPT_INLINE bool has(u32 lane) const { return lane < lanes && (e->active >> lane & 1); }
  AIOPT_INLINE T at(u32 lane) const { return *(const T *)e->slot[lane]; }
  // A part of the value of a lane.
  template <class S, class M> AIOPT_INLINE M at(u32 lane, M S::*part) const { return ((const T *)e->slot[lane])->*part; }
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

// A bit for each lane that says yes.
AIOPT_INLINE AIOPT_MEETS u32 ballot(bool yes) {
  Lanes<bool> l(yes);
  u32 bits = 0;
  for (u32 i = 0; i < lanes; i++)
    if (l.has(i) && l.at(i)) bits |= 1u << i;
  return bits;
}

} // namespace aiopt
