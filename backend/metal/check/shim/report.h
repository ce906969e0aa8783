// What was found, each kind at each place once, with the first thread in the order of the grid.
#pragma once

#include "state.h"
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum Kind : u32 {
  found_read_outside, found_write_outside, found_race, found_uninitialised, found_barrier_left, found_barrier_other,
  found_simd_missing, found_absent_lane, found_memory_limit, found_read_only, found_write_only, found_tensor_index,
  found_array_index, found_division, found_stack, found_wild, found_time, found_handle, found_trap
};

struct Found {
  Kind kind;
  u64 pc, other_pc;
  const char *name;
  U3 thread, other, group;
  bool has_other;
  long detail[4];
  const char *text;
  u64 count;
};

static Found found[64];
static u32 found_count;
static u64 found_dropped;

static u64 linear(U3 p) { return ((u64)p.z * run.threads.y + p.y) * run.threads.x + p.x; }

static void add(const Found &f) {
  for (u32 i = 0; i < found_count; i++) {
    Found &o = found[i];
    if (o.kind != f.kind || o.pc != f.pc || o.other_pc != f.other_pc || o.name != f.name)
      continue;
    u64 count = o.count + 1;
    if (linear(f.thread) < linear(o.thread))
      o = f;
    o.count = count;
    return;
  }
  if (found_count == sizeof found / sizeof found[0]) {
    found_dropped++;
    return;
  }
  found[found_count] = f;
  found[found_count++].count = 1;
}

static Found here(Kind kind, u64 pc, const char *name) {
  Found f = {};
  f.kind = kind;
  f.pc = pc;
  f.name = name ? name : "";
  f.text = "";
  f.thread = self->builtins.thread_position_in_grid;
  f.group = group_at;
  return f;
}

// The output, which may not allocate.
static char line[2048];
static u32 line_length;

static void say(const char *format, ...) {
  va_list list;
  va_start(list, format);
  int n = vsnprintf(line + line_length, sizeof line - line_length, format, list);
  va_end(list);
  if (n > 0)
    line_length = line_length + n < sizeof line ? line_length + n : sizeof line - 1;
}
static void end_line() {
  for (u32 at = 0; at < line_length;) {
    long n = write(1, line + at, line_length - at);
    if (n <= 0)
      break;
    at += n;
  }
  line_length = 0;
}

static void write_findings() {
  for (u32 i = 0; i < found_count; i++) {
    const Found &f = found[i];
    say("{\"kind\":%u,\"pc\":%lu,\"other_pc\":%lu,\"name\":\"%s\",\"text\":\"%s\",\"count\":%lu,", f.kind, f.pc, f.other_pc, f.name, f.text, f.count);
    say("\"thread\":[%u,%u,%u],\"group\":[%u,%u,%u],", f.thread.x, f.thread.y, f.thread.z, f.group.x, f.group.y, f.group.z);
    say("\"has_other\":%s,\"other\":[%u,%u,%u],", f.has_other ? "true" : "false", f.other.x, f.other.y, f.other.z);
    say("\"detail\":[%ld,%ld,%ld,%ld]}\n", f.detail[0], f.detail[1], f.detail[2], f.detail[3]);
    end_line();
  }
}

// Ends the process, which may be allowed no more than this.
[[noreturn]] static void leave(bool whole) {
  write_findings();
  say("{\"end\":true,\"whole\":%s,\"dropped\":%lu}\n", whole ? "true" : "false", found_dropped);
  end_line();
  for (;;)
    syscall(SYS_exit, 0);
}
