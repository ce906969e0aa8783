// The state of one dispatch.
#pragma once

#include "runtime.h"
#include <stdint.h>
#include <string.h>

#include "fiber.h"

using namespace aiopt;

constexpr u32 most_threads = 1024;             // of a group
constexpr u64 stack_bytes = 64 << 10;          // of a thread, its guard page among it
constexpr u64 group_memory = 32 << 10;         // bytes of threadgroup memory that a group may have
constexpr u64 group_arena = 256 << 10;         // bytes reserved for it, with red zones
constexpr u32 most_variables = 64;
constexpr u64 red_zone = 256;

// Cell remembers who touched a piece of memory: the last writer and two readers of different simd groups where there are.
struct Cell {
  u64 write, read[2];
  u32 write_pc, read_pc[2], unused;
};

// Region is a buffer or a threadgroup variable.
struct Region {
  char name[32];
  char *base;
  u64 bytes;
  u32 element;  // bytes of a number
  u32 access;   // may_read, may_write
  u32 shift;    // a cell stands for 1<<shift bytes
  bool shared;  // threadgroup memory
  bool registered;
  Cell *cells;
};
enum Access : u32 { may_read = 1, may_write = 2 };

enum State : u32 { fresh, runnable, at_simd, at_barrier, done, stopped };

// Fiber's thread.
struct Thread {
  Fiber fiber;
  Builtins builtins;
  u32 index, lane, simd;
  State state;
  char *stack;
  Meeting kind;
  u32 flags; // of the barrier
  u64 site;  // where it waits
  u32 bytes;
  u64 now_device, now_shared; // its moments
  alignas(16) unsigned char slot[slot_bytes];
};

struct Dispatch {
  const Kernel *kernel;
  U3 threads, group, groups;
  u64 order, seed;
  Region regions[most_arguments];
  u32 arguments;
  Region variables[most_variables];
  u32 variable_count;
  u64 dynamic_bytes; // of threadgroup memory that the dispatch brings
  u64 static_bytes;
};

static Dispatch run;
static Thread threads[most_threads]; // in the image, where kernels may read their attributes
static char *stacks;
static char *free_stacks[most_threads]; // one that never waits leaves its stack to the next, warm in the cache
static u32 free_count;
static Thread *self;
static Fiber scheduler;

// Where buffers lie: a slot for each, wide enough that a wrong index rarely reaches another's.
static char *device_base;
static u64 slot_shift, device_bytes;
static char *shared_base;
static unsigned char shared_owner[group_arena >> 4]; // the variable at each 16 bytes, plus 1
static u64 shared_used;

static u32 group_number, group_threads, group_simds;
static U3 group_at;
static bool group_broken; // a thread was stopped: what others miss of it is no news
static u32 epoch_device, epoch_shared;
static u32 simd_device[lanes], simd_shared[lanes];
static Exchange exchanges[lanes];

[[noreturn]] static void stop_thread();
