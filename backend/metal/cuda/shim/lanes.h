// How the lanes of a simd group come together: shuffles of a warp. All lanes that have not ended are waited for, so a kernel that lets
// some of them miss an operation hangs here; the checker finds such kernels.
#pragma once

namespace aiopt {

AIOPT_HERE void meet_for_matrix() { __nvvm_bar_warp_sync(~0u); }

AIOPT_HERE u32 lanes_of(Meeting kind) { return kind == quad_operation ? 15u << (aiopt_lane() & ~3u) : ~0u; }

// The lanes that have a thread: all of them, but for the last group of a partial grid.
AIOPT_HERE u32 present(u32 among) { return __nvvm_vote_ballot_sync(among, true); }

template <class T> AIOPT_HERE T shuffled(T x, u32 lane, u32 among) {
  constexpr u32 words = (sizeof(T) + 3) / 4;
  int w[words] = {};
  __builtin_memcpy(w, &x, sizeof(T));
#pragma clang loop unroll(full)
  for (u32 i = 0; i < words; i++) w[i] = __nvvm_shfl_sync_idx_i32(among, w[i], lane, lanes - 1);
  T there;
  __builtin_memcpy(&there, w, sizeof(T));
  return there;
}

// Lanes are the values that the lanes of a simd group came with. Each question is put by all of them.
template <class T> struct Lanes {
  T mine;
  u32 among;
  AIOPT_HERE Lanes(T x, Meeting kind = simd_operation) : mine(x), among(lanes_of(kind)) {}
  AIOPT_HERE u32 active() const { return present(among); }
  AIOPT_HERE T at(u32 lane) const { return shuffled(mine, lane, among); }
  template <class S, class M> AIOPT_HERE M at(u32 lane, M S::*part) const { return shuffled(mine.*part, lane, among); }
  AIOPT_HERE T of(u32 lane) const { return at(lane); }
};

// The values of `count` lanes combined in the checker's order: halves first, neighbours last. Where lanes are missing, they are the
// last ones, and the first lane's result is the whole one. f gives the same for two numbers in either order.
template <class T, class F> AIOPT_HERE T combine(T x, u32 among, u32 count, F f) {
  u32 here = present(among), lane = aiopt_lane();
  if (here == among) {
#pragma clang loop unroll(full)
    for (u32 half = count / 2; half > 0; half /= 2) x = f(x, shuffled(x, lane ^ half, among));
    return x;
  }
  for (u32 half = count / 2; half > 0; half /= 2) {
    T other = shuffled(x, lane ^ half, among);
    if (here >> (lane ^ half) & 1) x = f(x, other);
  }
  return shuffled(x, lane & ~(count - 1), among);
}

template <class T, class F> AIOPT_HERE T reduce(T x, F f) { return combine(x, ~0u, lanes, f); }
template <class T, class F> AIOPT_HERE T reduce_quad(T x, F f) { return combine(x, lanes_of(quad_operation), 4, f); }

// In the order of lanes, as the checker does.
template <class T, class F> AIOPT_HERE T prefix(T x, T start, bool inclusive, F f) {
  u32 here = present(~0u), end = aiopt_lane() + (inclusive ? 1 : 0);
  T r = start;
  for (u32 i = 0; i < lanes; i++) {
    T other = shuffled(x, i, ~0u);
    if (i < end && here >> i & 1) r = f(r, other);
  }
  return r;
}

AIOPT_HERE u32 ballot(bool yes) { return __nvvm_vote_ballot_sync(~0u, yes); }

} // namespace aiopt
