// What a kernel's code asks of the runtime, on an NVIDIA GPU: a simd group is a warp, a threadgroup a block. This file, lanes.h and
// libm.h stand for those of the same name that the checker has for the CPU; the rest of the header is the same.
#pragma once

#pragma clang force_cuda_host_device begin

namespace aiopt {

typedef unsigned int u32;
typedef unsigned long u64;

struct U3 {
  u32 x, y, z;
};

constexpr u32 most_rank = 8, lanes = 32, value_bytes = 32;

// Address is where a buffer begins: as with Metal, at a multiple of 16 bytes, which lets clang take neighbours together.
struct Address {
  void *at;
  template <class T> __attribute__((always_inline)) explicit operator T *() const { return (T *)__builtin_assume_aligned(at, 16); }
};

// Argument is what is bound to a buffer index, as cuda/run.go lays it out. Extent 0 is the innermost dimension; strides are in
// elements. What a small reference refers to comes with the call, and needs no access to memory.
struct Argument {
  Address data;
  u32 rank;
  int extent[most_rank];
  u32 stride[most_rank];
  alignas(16) unsigned char copy[value_bytes];
  __attribute__((always_inline)) void *value(u64 bytes) const { return bytes <= value_bytes ? (void *)copy : data.at; }
};

// Grid is how a kernel is dispatched: threads, not groups.
struct Grid {
  U3 threads, group;
};

// Launch is the parameter of a kernel of the module.
template <u32 N> struct Launch {
  Grid grid;
  u32 shared[4]; // where the memory of each [[threadgroup(n)]] parameter begins, in bytes
  Argument argument[N];
};

static_assert(sizeof(Argument) == 112 && __builtin_offsetof(Argument, extent) == 12 && __builtin_offsetof(Argument, stride) == 44 &&
              __builtin_offsetof(Argument, copy) == 80 && __builtin_offsetof(Launch<1>, argument) == 48, "cuda/run.go lays it out so");

struct Builtins {
  U3 thread_position_in_grid, threadgroup_position_in_grid, thread_position_in_threadgroup;
  U3 threads_per_grid, threadgroups_per_grid, threads_per_threadgroup, dispatch_threads_per_threadgroup;
  U3 thread_index_in_threadgroup, thread_index_in_simdgroup, simdgroup_index_in_threadgroup;
  U3 simdgroups_per_threadgroup, dispatch_simdgroups_per_threadgroup, threads_per_simdgroup, thread_execution_width;
  U3 thread_index_in_quadgroup, quadgroup_index_in_threadgroup, quadgroups_per_threadgroup;
};

enum Meeting : u32 { simd_operation, quad_operation, matrix_operation, simd_barrier };
enum Atomic : u32 {
  atomic_load, atomic_store, atomic_exchange, atomic_compare, atomic_add, atomic_sub,
  atomic_min, atomic_max, atomic_and, atomic_or, atomic_xor
};
enum Number : u32 { number_int, number_uint, number_float, number_ulong };

} // namespace aiopt

// Functions where threads meet are convergent here without being told.
#define AIOPT_MEETS
#define AIOPT_HERE __attribute__((always_inline)) inline

AIOPT_HERE void aiopt_barrier(aiopt::u32) { __nvvm_bar_sync(0); }
AIOPT_HERE void aiopt_simd_barrier(aiopt::u32) { __nvvm_bar_warp_sync(~0u); }
AIOPT_HERE aiopt::u32 aiopt_lane() { return __nvvm_read_ptx_sreg_tid_x() % aiopt::lanes; }

#define AIOPT_SHARED(ID, NAME, ...) __attribute__((shared, aligned(16))) __typeof__(__VA_ARGS__) NAME

namespace aiopt {

AIOPT_HERE u32 least(u32 a, u32 b) { return a < b ? a : b; }

// Fills in the attributes of a thread. A group at the edge of the grid has fewer threads; they are numbered as if they were all,
// as Metal and the checker do. False for a thread that is left over.
AIOPT_HERE bool place(const Grid &g, Builtins &t) {
  U3 at = {__nvvm_read_ptx_sreg_ctaid_x(), __nvvm_read_ptx_sreg_ctaid_y(), __nvvm_read_ptx_sreg_ctaid_z()};
  U3 groups = {__nvvm_read_ptx_sreg_nctaid_x(), __nvvm_read_ptx_sreg_nctaid_y(), __nvvm_read_ptx_sreg_nctaid_z()};
  U3 size = {least(g.group.x, g.threads.x - at.x * g.group.x), least(g.group.y, g.threads.y - at.y * g.group.y), least(g.group.z, g.threads.z - at.z * g.group.z)};
  u32 n = size.x * size.y * size.z, whole = g.group.x * g.group.y * g.group.z, i = __nvvm_read_ptx_sreg_tid_x();
  if (i >= n) return false;
  U3 p = {i, 0, 0};
  if (size.x < n) p = {i % size.x, i / size.x % size.y, i / size.x / size.y};
  t.thread_position_in_threadgroup = p;
  t.thread_position_in_grid = {at.x * g.group.x + p.x, at.y * g.group.y + p.y, at.z * g.group.z + p.z};
  t.threadgroup_position_in_grid = at;
  t.threads_per_grid = g.threads;
  t.threadgroups_per_grid = groups;
  t.threads_per_threadgroup = size;
  t.dispatch_threads_per_threadgroup = g.group;
  t.thread_index_in_threadgroup = {i, 0, 0};
  t.thread_index_in_simdgroup = {i % lanes, 0, 0};
  t.simdgroup_index_in_threadgroup = {i / lanes, 0, 0};
  t.simdgroups_per_threadgroup = {(n + lanes - 1) / lanes, 1, 1};
  t.dispatch_simdgroups_per_threadgroup = {(whole + lanes - 1) / lanes, 1, 1};
  t.threads_per_simdgroup = t.thread_execution_width = {lanes, 1, 1};
  t.thread_index_in_quadgroup = {i % 4, 0, 0};
  t.quadgroup_index_in_threadgroup = {i / 4, 0, 0};
  t.quadgroups_per_threadgroup = {(n + 3) / 4, 1, 1};
  return true;
}

template <class T> AIOPT_HERE T bits_of(u64 w) {
  if constexpr (sizeof(T) == 4) return __builtin_bit_cast(T, u32(w));
  else return __builtin_bit_cast(T, w);
}
template <class T> AIOPT_HERE u64 bits(T x) {
  if constexpr (sizeof(T) == 4) return __builtin_bit_cast(u32, x);
  else return __builtin_bit_cast(u64, x);
}

// The smaller or larger of two floats has no instruction: it is tried until nobody came between.
AIOPT_HERE u64 atomic_order(float *at, Atomic op, float x) {
  u32 old = __atomic_load_n((u32 *)at, __ATOMIC_RELAXED);
  for (;;) {
    float was = __builtin_bit_cast(float, old);
    float next = op == atomic_min ? (x < was ? x : was) : (was < x ? x : was);
    if (__atomic_compare_exchange_n((u32 *)at, &old, __builtin_bit_cast(u32, next), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return old;
  }
}

template <class T> AIOPT_HERE u64 atomic_arithmetic(T *at, Atomic op, T x) {
  switch (op) {
  case atomic_add: return bits(__atomic_fetch_add(at, x, __ATOMIC_RELAXED));
  case atomic_sub: return bits(__atomic_fetch_add(at, T(-x), __ATOMIC_RELAXED));
  default: break;
  }
  if constexpr (T(0.5) == T(0)) return bits(op == atomic_min ? __atomic_fetch_min(at, x, __ATOMIC_RELAXED) : __atomic_fetch_max(at, x, __ATOMIC_RELAXED));
  else return atomic_order(at, op, x);
}

template <class T> AIOPT_HERE u64 atomic_bits(T *at, Atomic op, T x, T expected) {
  switch (op) {
  case atomic_load: return __atomic_load_n(at, __ATOMIC_RELAXED);
  case atomic_store: __atomic_store_n(at, x, __ATOMIC_RELAXED); return 0;
  case atomic_exchange: return __atomic_exchange_n(at, x, __ATOMIC_RELAXED);
  case atomic_compare: __atomic_compare_exchange_n(at, &expected, x, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); return expected;
  case atomic_and: return __atomic_fetch_and(at, x, __ATOMIC_RELAXED);
  case atomic_or: return __atomic_fetch_or(at, x, __ATOMIC_RELAXED);
  default: return __atomic_fetch_xor(at, x, __ATOMIC_RELAXED);
  }
}

} // namespace aiopt

// Does the operation on memory that all threads may touch so; gives the old value.
AIOPT_HERE aiopt::u64 aiopt_atomic(void *at, aiopt::Atomic op, aiopt::Number of, aiopt::u64 x, aiopt::u64 expected) {
  using namespace aiopt;
  if (op >= atomic_add && op <= atomic_max) {
    switch (of) {
    case number_int: return atomic_arithmetic((int *)at, op, bits_of<int>(x));
    case number_uint: return atomic_arithmetic((u32 *)at, op, bits_of<u32>(x));
    case number_float: return atomic_arithmetic((float *)at, op, bits_of<float>(x));
    default: return atomic_arithmetic((u64 *)at, op, bits_of<u64>(x));
    }
  }
  return of == number_ulong ? atomic_bits((u64 *)at, op, x, expected) : atomic_bits((u32 *)at, op, u32(x), u32(expected));
}

// The kernel of a module that calls one of the text; a macro, as the text may not say __attribute__.
#define AIOPT_ENTRY(NAME, N) extern "C" __attribute__((global)) void NAME(aiopt::Launch<N> launch)
// The memory of [[threadgroup(n)]] parameters, which the dispatch gives the size of.
namespace aiopt { extern __attribute__((shared, aligned(16))) unsigned char given[]; }
