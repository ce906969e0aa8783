// Every load and store of a checked kernel comes here: the compiler puts in the calls that its thread sanitizer would take.
//
// A moment is packed into a word: the thread in its group, the group plus one, how many barriers of the group and of the
// simd group had ordered this kind of memory, and whether the access was atomic. Two accesses of different threads are
// ordered if a barrier of their group, or of their simd group, lies between them; those of different groups never are.
#pragma once

#include "report.h"

constexpr u64 atomic_moment = 1ul << 63;
static u64 moment(u32 thread, u32 group, u32 epoch, u32 simd) {
  return (u64)thread | (u64)(group + 1) << 10 | (u64)(epoch & 0x7ffff) << 32 | (u64)(simd & 0xfff) << 51;
}
static u32 moment_thread(u64 m) { return m & 1023; }
static u32 moment_group(u64 m) { return (m >> 10 & 0x3fffff) - 1; }

static inline bool ordered(u64 before, u64 now) {
  if (before == 0 || ((before ^ now) & 0xffffffff) == 0)
    return true; // nobody, or the same thread
  if (before & now & atomic_moment)
    return true;
  if ((before ^ now) & 0xfffffc00)
    return false; // another group
  if ((before ^ now) & 0x7ffff00000000)
    return true;
  return ((before ^ now) & 0x3e0) == 0 && ((before ^ now) & 0x7ff8000000000000) != 0;
}

static U3 position_of(u64 m) {
  u32 number = moment_group(m), thread = moment_thread(m);
  U3 g = {number % run.groups.x, number / run.groups.x % run.groups.y, number / (run.groups.x * run.groups.y)};
  U3 start = {g.x * run.group.x, g.y * run.group.y, g.z * run.group.z};
  u32 wide = run.threads.x - start.x < run.group.x ? run.threads.x - start.x : run.group.x;
  u32 high = run.threads.y - start.y < run.group.y ? run.threads.y - start.y : run.group.y;
  return {start.x + thread % wide, start.y + thread / wide % high, start.z + thread / (wide * high)};
}

static Region *region_at(u64 at) {
  if (at - (u64)device_base < device_bytes) {
    u64 slot = (at - (u64)device_base) >> slot_shift;
    return slot < run.arguments ? &run.regions[slot] : nullptr;
  }
  if (at - (u64)shared_base < group_arena) {
    u64 owner = shared_owner[(at - (u64)shared_base) >> 4];
    return owner ? &run.variables[owner - 1] : nullptr;
  }
  return nullptr;
}

// Cells stand for whole numbers until an access touches less of one.
static void split(Region &r) {
  u64 old = (r.bytes + (1ul << r.shift) - 1) >> r.shift, pieces = 1ul << r.shift;
  for (u64 i = old; i-- > 0;) {
    Cell c = r.cells[i];
    for (u64 j = 0; j < pieces && i * pieces + j < r.bytes; j++)
      r.cells[i * pieces + j] = c;
  }
  r.shift = 0;
}

static void race(Region &r, u64 at, u64 pc, bool write, u64 before, u32 before_pc, bool before_write) {
  Found f = here(found_race, pc, r.name);
  f.other_pc = before_pc;
  f.other = position_of(before);
  f.has_other = true;
  f.detail[0] = (long)(at - (u64)r.base) / r.element;
  f.detail[1] = write;
  f.detail[2] = before_write;
  f.detail[3] = r.shared;
  add(f);
}

// A read that no later write can race with, unless this one does too.
static inline bool replaceable(u64 before, u64 now) { return ((before ^ now) & 0xfffffc00) == 0 ? ordered(before, now) : before == 0; }

static inline bool of_another_group(u64 before, u64 now) { return before != 0 && ((before ^ now) & 0xfffffc00) != 0; }

static void touch(Region &r, u64 at, u32 size, bool write, u64 atomic, u64 pc) {
  u64 offset = at - (u64)r.base;
  if (r.shift != 0 && ((offset | size) & ((1u << r.shift) - 1)))
    split(r);
  u64 now = (r.shared ? self->now_shared : self->now_device) | atomic;
  u64 last = (offset + size - 1) >> r.shift;
  for (u64 i = offset >> r.shift; i <= last; i++) {
    Cell &c = r.cells[i];
    if (r.shared && (of_another_group(c.write, now) || of_another_group(c.read[0], now)))
      c = Cell{};
    if (!write && r.shared && c.write == 0 && !group_broken) {
      Found f = here(found_uninitialised, pc, r.name);
      f.detail[0] = (long)(offset / r.element);
      add(f);
    }
    if (!ordered(c.write, now))
      race(r, at, pc, write, c.write, c.write_pc, true);
    if (write) {
      for (u32 k = 0; k < 2; k++)
        if (!ordered(c.read[k], now)) {
          race(r, at, pc, true, c.read[k], c.read_pc[k], false);
          break;
        }
      c.write = now;
      c.write_pc = (u32)pc;
      continue;
    }
    if (c.read[0] == now)
      continue;
    u32 k = replaceable(c.read[0], now) ? 0 : 1;
    if (k == 1 && !replaceable(c.read[1], now) && ((c.read[0] ^ now) & 0xffffffe0) == 0)
      continue; // another simd group's read says more
    c.read[k] = now;
    c.read_pc[k] = (u32)pc;
  }
}

static void outside(Region *r, u64 at, u32 size, bool write, u64 pc) {
  Found f = here(write ? found_write_outside : found_read_outside, pc, r->name);
  long offset = (long)(at - (u64)r->base);
  f.detail[0] = offset >= 0 ? offset / r->element : -((-offset + r->element - 1) / (long)r->element);
  f.detail[1] = (long)(r->bytes / r->element);
  f.detail[2] = size;
  f.detail[3] = r->shared;
  add(f);
  stop_thread();
}

extern "C" char __executable_start, end;

static void access(u64 at, u32 size, bool write, u64 atomic, u64 pc) {
  Region *r = region_at(at);
  if (r == nullptr) {
    if (at - (u64)self->stack < stack_bytes || (at >= (u64)&__executable_start && at < (u64)&end))
      return; // a variable of the thread, or a table of the text
    Found f = here(found_wild, pc, "");
    f.detail[0] = (long)at;
    f.detail[1] = write;
    add(f);
    stop_thread();
  }
  u64 offset = at - (u64)r->base;
  if (offset >= r->bytes || size > r->bytes - offset)
    outside(r, at, size, write, pc);
  if (!(r->access & (write ? may_write : may_read))) {
    Found f = here(r->access == 0 ? found_handle : write ? found_read_only : found_write_only, pc, r->name);
    f.detail[0] = (long)(offset / r->element);
    add(f);
    stop_thread();
  }
  touch(*r, at, size, write, atomic, pc);
}

#define AIOPT_PC ((u64)__builtin_return_address(0) - 1)
#define AIOPT_ACCESS(SIZE) \
  extern "C" void __tsan_read##SIZE(void *at) { access((u64)at, SIZE, false, 0, AIOPT_PC); } \
  extern "C" void __tsan_write##SIZE(void *at) { access((u64)at, SIZE, true, 0, AIOPT_PC); } \
  extern "C" void __tsan_unaligned_read##SIZE(void *at) { access((u64)at, SIZE, false, 0, AIOPT_PC); } \
  extern "C" void __tsan_unaligned_write##SIZE(void *at) { access((u64)at, SIZE, true, 0, AIOPT_PC); }
AIOPT_ACCESS(1)
AIOPT_ACCESS(2)
AIOPT_ACCESS(4)
AIOPT_ACCESS(8)
AIOPT_ACCESS(16)

extern "C" void __tsan_init() {}
extern "C" void __tsan_func_entry(void *) {}
extern "C" void __tsan_func_exit() {}
extern "C" void *__tsan_memcpy(void *to, const void *from, unsigned long n) {
  if (n != 0) {
    access((u64)from, n, false, 0, AIOPT_PC);
    access((u64)to, n, true, 0, AIOPT_PC);
  }
  return memcpy(to, from, n);
}
extern "C" void *__tsan_memmove(void *to, const void *from, unsigned long n) {
  if (n != 0) {
    access((u64)from, n, false, 0, AIOPT_PC);
    access((u64)to, n, true, 0, AIOPT_PC);
  }
  return memmove(to, from, n);
}
extern "C" void *__tsan_memset(void *to, int value, unsigned long n) {
  if (n != 0)
    access((u64)to, n, true, 0, AIOPT_PC);
  return memset(to, value, n);
}
