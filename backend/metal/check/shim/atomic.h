// Atomic operations. All orders are relaxed ones: threads take turns, and a fence orders nothing between them.
#pragma once

namespace metal {

enum memory_order { memory_order_relaxed };
enum thread_scope { thread_scope_thread, thread_scope_simdgroup, thread_scope_threadgroup, thread_scope_device };

template <class T> struct atomic { T value; };
typedef atomic<int> atomic_int;
typedef atomic<uint> atomic_uint;
typedef atomic<float> atomic_float;
typedef atomic<ulong> atomic_ulong;
typedef atomic<bool> atomic_bool;

AIOPT_INLINE void atomic_thread_fence(mem_flags, memory_order = memory_order_relaxed, thread_scope = thread_scope_device) {}

} // namespace metal

namespace aiopt {

template <class T> struct Exact { using type = T; };
template <class T> constexpr Number number = number_uint;
template <> constexpr Number number<int> = number_int;
template <> constexpr Number number<float> = number_float;
template <> constexpr Number number<ulong> = number_ulong;

template <class T> AIOPT_INLINE u64 word(T x) { return __builtin_bit_cast(typename Bits<sizeof(T)>::type, x); }
template <class T> AIOPT_INLINE T number_of(u64 w) { return __builtin_bit_cast(T, (typename Bits<sizeof(T)>::type)w); }

template <class T, class P> AIOPT_INLINE T act(P *at, Atomic op, T x, T expected = T()) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "an atomic is of int, uint, float or ulong");
#ifdef AIOPT_STRICT
  return T();
#else
  return number_of<T>(aiopt_atomic((void *)at, op, number<T>, word(x), word(expected)));
#endif
}

} // namespace aiopt

namespace metal {

#define AIOPT_FETCH(SPACE, NAME, OP) \
  template <class T> AIOPT_INLINE T atomic_fetch_##NAME##_explicit(volatile SPACE atomic<T> *at, typename aiopt::Exact<T>::type x, memory_order) { \
    return aiopt::act<T>(at, aiopt::OP, x); \
  }
#define AIOPT_ATOMICS(SPACE) \
  AIOPT_FETCH(SPACE, add, atomic_add) \
  AIOPT_FETCH(SPACE, sub, atomic_sub) \
  AIOPT_FETCH(SPACE, min, atomic_min) \
  AIOPT_FETCH(SPACE, max, atomic_max) \
  AIOPT_FETCH(SPACE, and, atomic_and) \
  AIOPT_FETCH(SPACE, or, atomic_or) \
  AIOPT_FETCH(SPACE, xor, atomic_xor) \
  template <class T> AIOPT_INLINE T atomic_load_explicit(const volatile SPACE atomic<T> *at, memory_order) { return aiopt::act<T>(at, aiopt::atomic_load, T()); } \
  template <class T> AIOPT_INLINE void atomic_store_explicit(volatile SPACE atomic<T> *at, typename aiopt::Exact<T>::type x, memory_order) { aiopt::act<T>(at, aiopt::atomic_store, x); } \
  template <class T> AIOPT_INLINE T atomic_exchange_explicit(volatile SPACE atomic<T> *at, typename aiopt::Exact<T>::type x, memory_order) { return aiopt::act<T>(at, aiopt::atomic_exchange, x); } \
  template <class T> AIOPT_INLINE bool atomic_compare_exchange_weak_explicit(volatile SPACE atomic<T> *at, thread T *expected, typename aiopt::Exact<T>::type x, memory_order, memory_order) { \
    T old = aiopt::act<T>(at, aiopt::atomic_compare, x, *expected); \
    bool same = aiopt::word(old) == aiopt::word(*expected); \
    *expected = old; \
    return same; \
  }
AIOPT_ATOMICS(device)
#ifdef AIOPT_STRICT
AIOPT_ATOMICS(threadgroup)
#endif
#undef AIOPT_ATOMICS
#undef AIOPT_FETCH

} // namespace metal
