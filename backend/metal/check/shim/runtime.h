// What a kernel's code asks of the runtime: its thread, its memory, and meeting other threads.
#pragma once

namespace aiopt {

typedef unsigned int u32;
typedef unsigned long u64;

struct U3 {
  u32 x, y, z;
};

// Arguments of buffers come first, those of [[threadgroup(n)]] parameters from first_shared on.
constexpr u32 most_arguments = 31, first_shared = 32, most_rank = 8, lanes = 32, slot_bytes = 64;

// Argument is what is bound to a buffer index. Extent 0 is the innermost dimension; strides are in elements.
struct Argument {
  void *data;
  u32 rank;
  int extent[most_rank];
  long stride[most_rank];
  void *value(u64) const { return data; } // what a parameter that is a reference refers to
};

// Builtins are the attributes of a thread, by the names that Metal has for them.
struct Builtins {
  U3 thread_position_in_grid, threadgroup_position_in_grid, thread_position_in_threadgroup;
  U3 threads_per_grid, threadgroups_per_grid, threads_per_threadgroup, dispatch_threads_per_threadgroup;
  U3 thread_index_in_threadgroup, thread_index_in_simdgroup, simdgroup_index_in_threadgroup;
  U3 simdgroups_per_threadgroup, dispatch_simdgroups_per_threadgroup, threads_per_simdgroup, thread_execution_width;
  U3 thread_index_in_quadgroup, quadgroup_index_in_threadgroup, quadgroups_per_threadgroup;
};

// Exchange is what the lanes of a simd group put in and all of them may read until their next meeting.
struct Exchange {
  u32 active; // a bit for each lane that takes part
  u32 reduced; // the value below was computed
  alignas(16) unsigned char value[slot_bytes];
  alignas(16) unsigned char slot[lanes][slot_bytes];
};

// Meeting is the kind of an operation that lanes do together.
enum Meeting : u32 { simd_operation, quad_operation, matrix_operation, simd_barrier };

enum Atomic : u32 {
  atomic_load, atomic_store, atomic_exchange, atomic_compare, atomic_add, atomic_sub,
  atomic_min, atomic_max, atomic_and, atomic_or, atomic_xor
};
enum Number : u32 { number_int, number_uint, number_float, number_ulong };

// Kernel is an entry of the table that the lexical pass appends to a text.
struct Kernel {
  const char *name;
  void (*call)(const Builtins &);
};

} // namespace aiopt

// Threads meet in these. They may not be moved under or out of conditions, nor made two of.
#define AIOPT_MEETS __attribute__((convergent, nomerge))

extern "C" {
extern aiopt::Argument aiopt_arguments[2 * aiopt::first_shared];
extern const aiopt::Kernel aiopt_kernels[];

// The memory of a threadgroup variable, the same for all threads of a group.
void *aiopt_variable(aiopt::u32 id, aiopt::u64 bytes, aiopt::u32 element, const char *name);
AIOPT_MEETS void aiopt_barrier(aiopt::u32 flags);
AIOPT_MEETS void aiopt_simd_barrier(aiopt::u32 flags);
AIOPT_MEETS aiopt::Exchange *aiopt_meet(const void *data, aiopt::u32 bytes, aiopt::Meeting kind);
aiopt::u32 aiopt_lane();
// A lane asked for a value of a lane that takes no part.
void aiopt_absent(aiopt::u32 lane);
// Does the operation on memory that all threads may touch so; gives the old value.
aiopt::u64 aiopt_atomic(void *at, aiopt::Atomic op, aiopt::Number of, aiopt::u64 operand, aiopt::u64 expected);
// An index into a tensor lies outside its extent.
void aiopt_outside(void *data, aiopt::u32 dimension, long index, long extent);
}

#define AIOPT_SHARED(ID, NAME, ...) \
  auto &NAME = *(__typeof__(__VA_ARGS__) *)aiopt_variable(ID, sizeof(__VA_ARGS__), sizeof(aiopt::Element<__typeof__(__VA_ARGS__)>::type), #NAME)
