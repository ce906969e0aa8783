// A dispatch: its groups one after the other, in an order.
#pragma once

#include "group.h"

static u64 random_state;
static u64 next_random() { // splitmix64
  u64 z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

enum Order : u64 { forward, reversed, shuffled };

static void fill_order(u32 *order, u32 n) {
  for (u32 i = 0; i < n; i++)
    order[i] = run.order == reversed ? n - 1 - i : i;
  if (run.order == shuffled)
    for (u32 i = n; i > 1; i--) {
      u32 j = next_random() % i, k = order[i - 1];
      order[i - 1] = order[j];
      order[j] = k;
    }
}

static u32 least(u32 a, u32 b) { return a < b ? a : b; }

static Builtins group_builtins(U3 at) {
  Builtins b = {};
  U3 size = {least(run.group.x, run.threads.x - at.x * run.group.x), least(run.group.y, run.threads.y - at.y * run.group.y),
             least(run.group.z, run.threads.z - at.z * run.group.z)};
  u32 n = size.x * size.y * size.z, whole = run.group.x * run.group.y * run.group.z;
  b.threadgroup_position_in_grid = at;
  b.threads_per_grid = run.threads;
  b.threadgroups_per_grid = run.groups;
  b.threads_per_threadgroup = size;
  b.dispatch_threads_per_threadgroup = run.group;
  b.simdgroups_per_threadgroup = {(n + lanes - 1) / lanes, 1, 1};
  b.dispatch_simdgroups_per_threadgroup = {(whole + lanes - 1) / lanes, 1, 1};
  b.threads_per_simdgroup = b.thread_execution_width = {lanes, 1, 1};
  b.quadgroups_per_threadgroup = {(n + 3) / 4, 1, 1};
  return b;
}

static void begin_group(u32 number) {
  group_number = number;
  group_at = {number % run.groups.x, number / run.groups.x % run.groups.y, number / (run.groups.x * run.groups.y)};
  Builtins b = group_builtins(group_at);
  U3 size = b.threads_per_threadgroup;
  group_threads = size.x * size.y * size.z;
  group_simds = b.simdgroups_per_threadgroup.x;
  group_broken = false;
  epoch_device = epoch_shared = 0;
  memset(simd_device, 0, sizeof simd_device);
  memset(simd_shared, 0, sizeof simd_shared);
  memset(shared_base, 0xff, shared_used);
  for (u32 i = 0; i < group_threads; i++) {
    Thread &t = threads[i];
    t.builtins = b;
    U3 p = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
    t.builtins.thread_position_in_threadgroup = p;
    t.builtins.thread_position_in_grid = {group_at.x * run.group.x + p.x, group_at.y * run.group.y + p.y, group_at.z * run.group.z + p.z};
    t.index = i;
    t.lane = i % lanes;
    t.simd = i / lanes;
    t.builtins.thread_index_in_threadgroup = {i, 0, 0};
    t.builtins.thread_index_in_simdgroup = {t.lane, 0, 0};
    t.builtins.simdgroup_index_in_threadgroup = {t.simd, 0, 0};
    t.builtins.thread_index_in_quadgroup = {i % 4, 0, 0};
    t.builtins.quadgroup_index_in_threadgroup = {i / 4, 0, 0};
    t.state = fresh;
  }
  free_count = group_threads;
  for (u32 i = 0; i < group_threads; i++)
    free_stacks[i] = stacks + (u64)(group_threads - 1 - i) * stack_bytes;
  set_moments();
}

static void run_dispatch(u32 *group_order) {
  static u32 order[most_threads];
  random_state = run.seed;
  u32 groups = run.groups.x * run.groups.y * run.groups.z;
  fill_order(group_order, groups);
  for (u32 i = 0; i < groups; i++) {
    begin_group(group_order[i]);
    fill_order(order, group_threads);
    run_threads(order);
  }
}
