// The threads of a group take turns in an order; those that wait for others go on when all that can come have come.
#pragma once

#include "shadow.h"

static void set_moments() {
  for (u32 i = 0; i < group_threads; i++) {
    Thread &t = threads[i];
    t.now_device = moment(i, group_number, epoch_device, simd_device[t.simd]);
    t.now_shared = moment(i, group_number, epoch_shared, simd_shared[t.simd]);
  }
}

static void yield() {
  Thread *me = self;
  switch_to(me->fiber, scheduler);
}

[[noreturn]] static void stop_thread() {
  group_broken = true;
  self->state = stopped;
  yield();
  __builtin_unreachable();
}

static void begin_thread() {
  run.kernel->call(self->builtins);
  self->state = done;
  yield();
}

#define AIOPT_SITE ((u64)__builtin_return_address(0) - 1)

extern "C" void aiopt_barrier(u32 flags) {
  self->site = AIOPT_SITE;
  self->flags = flags;
  self->state = at_barrier;
  yield();
}

extern "C" void aiopt_simd_barrier(u32 flags) {
  self->site = AIOPT_SITE;
  self->flags = flags;
  self->kind = simd_barrier;
  self->state = at_simd;
  self->bytes = 0;
  yield();
}

extern "C" Exchange *aiopt_meet(const void *data, u32 bytes, Meeting kind) {
  Thread *me = self;
  me->site = AIOPT_SITE;
  me->kind = kind;
  me->state = at_simd;
  me->bytes = bytes;
  memcpy(me->slot, data, bytes);
  yield();
  return &exchanges[me->simd];
}

extern "C" u32 aiopt_lane() { return self->lane; }

extern "C" void aiopt_absent(u32 lane) {
  if (group_broken)
    return;
  Found f = here(found_absent_lane, self->site, "");
  f.detail[0] = lane;
  add(f);
}

static bool waits_with(const Thread &t, const Thread &first) {
  return t.state == at_simd && t.site == first.site && t.kind == first.kind;
}

// Lets the lanes of a simd group that wait at one place go on. False where none waits.
static bool finish_simd(u32 simd) {
  u32 begin = simd * lanes, end = begin + lanes < group_threads ? begin + lanes : group_threads;
  u32 first = begin;
  while (first < end && threads[first].state != at_simd)
    first++;
  if (first == end)
    return false;
  Thread &leader = threads[first];
  u64 site = leader.site;
  Meeting kind = leader.kind;
  Exchange &e = exchanges[simd];
  e.active = 0;
  e.reduced = 0;
  u32 missing = end;
  for (u32 i = begin; i < end; i++) {
    Thread &t = threads[i];
    if (waits_with(t, leader)) {
      e.active |= 1u << t.lane;
      memcpy(e.slot[t.lane], t.slot, t.bytes);
    }
  }
  for (u32 i = end; i-- > begin;) {
    bool needed = kind != quad_operation || (e.active >> (threads[i].lane & ~3u) & 15) != 0;
    if (needed && !(e.active >> threads[i].lane & 1))
      missing = i;
  }
  bool partial = kind == matrix_operation && end - begin < lanes;
  if ((missing != end || partial) && !group_broken) {
    self = &leader;
    Found f = here(found_simd_missing, site, "");
    f.detail[0] = __builtin_popcount(e.active);
    f.detail[1] = kind;
    f.detail[2] = end - begin;
    if (missing != end) {
      f.has_other = true;
      f.other = threads[missing].builtins.thread_position_in_grid;
      f.detail[3] = threads[missing].state;
      f.other_pc = threads[missing].state == done ? 0 : threads[missing].site;
    }
    add(f);
  }
  bool moved = false;
  if (kind == simd_barrier) {
    simd_device[simd] += (leader.flags & 1) != 0;
    simd_shared[simd] += (leader.flags & 2) != 0;
    moved = true;
  }
  for (u32 i = begin; i < end; i++)
    if (threads[i].state == at_simd && threads[i].site == site && threads[i].kind == kind)
      threads[i].state = runnable;
  if (moved)
    set_moments();
  return true;
}

static void barrier_found(Kind kind, Thread &waits, Thread &other) {
  self = &waits;
  Found f = here(kind, waits.site, "");
  f.has_other = true;
  f.other = other.builtins.thread_position_in_grid;
  f.other_pc = kind == found_barrier_other ? other.site : 0;
  add(f);
}

// Lets all threads that wait at barriers go on. False where none waits.
static bool finish_barrier() {
  Thread *first = nullptr, *left = nullptr, *other = nullptr;
  u32 flags = 3;
  for (u32 i = 0; i < group_threads; i++) {
    Thread &t = threads[i];
    if (t.state == done && left == nullptr)
      left = &t;
    if (t.state != at_barrier)
      continue;
    flags &= t.flags;
    if (first == nullptr)
      first = &t;
    else if (t.site != first->site && other == nullptr)
      other = &t;
  }
  if (first == nullptr)
    return false;
  if (!group_broken && left != nullptr)
    barrier_found(found_barrier_left, *first, *left);
  if (!group_broken && other != nullptr)
    barrier_found(found_barrier_other, *first, *other);
  if (left != nullptr || other != nullptr)
    group_broken = true; // what follows from it is no news
  epoch_device += flags & 1;
  epoch_shared += (flags & 2) != 0;
  if (flags & 1)
    memset(simd_device, 0, sizeof simd_device);
  if (flags & 2)
    memset(simd_shared, 0, sizeof simd_shared);
  set_moments();
  for (u32 i = 0; i < group_threads; i++)
    if (threads[i].state == at_barrier)
      threads[i].state = runnable;
  return true;
}

static void run_threads(const u32 *order) {
  for (;;) {
    for (u32 i = 0; i < group_threads; i++) {
      Thread &t = threads[order[i]];
      if (t.state == fresh) {
        t.stack = free_stacks[--free_count];
        u64 apart = (t.stack - stacks) / stack_bytes % 64 * 192; // stacks that begin alike share few lines of a cache
        prepare(t.fiber, t.stack + stack_bytes - apart, begin_thread);
        t.state = runnable;
      }
      if (t.state != runnable)
        continue;
      self = &t;
      switch_to(scheduler, t.fiber);
      if (t.state == done || t.state == stopped)
        free_stacks[free_count++] = t.stack;
    }
    bool any = false;
    for (u32 s = 0; s < group_simds; s++)
      any |= finish_simd(s);
    if (!any && !finish_barrier())
      return;
  }
}
