// The rest of what a kernel's code asks for: threadgroup variables, atomics, and what the compiler's own checks call.
#pragma once

#include "dispatch.h"

static Region *add_shared(u32 id, const char *name, u64 bytes, u32 element, u64 pc) {
  Region &v = run.variables[id];
  u64 room = (bytes + 15) / 16 * 16 + red_zone;
  if (bytes > 2 * group_memory || shared_used + room > group_arena) {
    Found f = here(found_memory_limit, pc, v.name);
    f.detail[0] = (long)bytes;
    add(f);
    leave(false);
  }
  for (u32 i = 0; name[i] != 0 && i + 1 < sizeof v.name; i++)
    v.name[i] = name[i];
  v.base = shared_base + shared_used + red_zone / 2;
  v.bytes = bytes;
  v.element = element;
  v.access = may_read | may_write;
  v.shift = element == 1 ? 0 : element == 2 ? 1 : element % 4 == 0 ? 2 : 0;
  v.shared = true;
  v.registered = true;
  memset(v.base, 0xff, bytes);
  memset(shared_owner + (shared_used >> 4), (int)id + 1, room >> 4);
  shared_used += room;
  return &v;
}

extern "C" void *aiopt_variable(u32 id, u64 bytes, u32 element, const char *name) {
  Region &v = run.variables[id];
  if (!v.registered) {
    u64 pc = (u64)__builtin_return_address(0) - 1;
    add_shared(id, name, bytes, element, pc);
    run.static_bytes += (bytes + 15) / 16 * 16;
    if (run.static_bytes + run.dynamic_bytes > group_memory) {
      Found f = here(found_memory_limit, pc, v.name);
      f.detail[0] = (long)(run.static_bytes + run.dynamic_bytes);
      add(f);
    }
  }
  return v.base;
}

extern "C" void aiopt_outside(void *data, u32 dimension, long index, long extent) {
  Region *r = region_at((u64)data);
  Found f = here(found_tensor_index, (u64)__builtin_return_address(0) - 1, r ? r->name : "");
  f.detail[0] = dimension;
  f.detail[1] = index;
  f.detail[2] = extent;
  add(f);
  stop_thread();
}

static bool checked;

template <class T> static T operate(Atomic op, T old, T x) {
  switch (op) {
  case atomic_add: return old + x;
  case atomic_sub: return old - x;
  case atomic_min: return x < old ? x : old;
  case atomic_max: return old < x ? x : old;
  case atomic_load: return old;
  default: return x;
  }
}

static u64 operate_bits(Atomic op, u64 old, u64 x) { return op == atomic_and ? old & x : op == atomic_or ? old | x : old ^ x; }

extern "C" u64 aiopt_atomic(void *at, Atomic op, Number of, u64 operand, u64 expected) {
  u32 size = of == number_ulong ? 8 : 4;
  if (checked) {
    u64 pc = (u64)__builtin_return_address(0) - 1;
    if (op != atomic_store)
      access((u64)at, size, false, atomic_moment, pc);
    if (op != atomic_load)
      access((u64)at, size, true, atomic_moment, pc);
  }
  u64 old = 0, result = 0;
  memcpy(&old, at, size);
  if (op == atomic_compare) {
    result = old == expected ? operand : old;
  } else if (op >= atomic_and) {
    result = operate_bits(op, old, operand);
  } else if (of == number_float) {
    float f = operate(op, __builtin_bit_cast(float, (u32)old), __builtin_bit_cast(float, (u32)operand));
    result = __builtin_bit_cast(u32, f);
  } else if (of == number_int) {
    bool ordering = op == atomic_min || op == atomic_max;
    result = ordering ? (u32)operate(op, (int)old, (int)operand) : operate(op, (u32)old, (u32)operand);
  } else if (of == number_uint) {
    result = operate(op, (u32)old, (u32)operand);
  } else {
    result = operate(op, old, operand);
  }
  if (op != atomic_load)
    memcpy(at, &result, size);
  return old;
}

// What the compiler passes to the handlers of its bounds and division checks; the types begin with kind and width.
struct SourceLocation {
  const char *file;
  u32 line, column;
};
struct TypeDescriptor {
  unsigned short kind, info;
  char name[1];
};
struct OutOfBounds {
  SourceLocation at;
  TypeDescriptor *array, *index;
};

extern "C" void __ubsan_handle_out_of_bounds(OutOfBounds *data, u64 index) {
  Found f = here(found_array_index, (u64)__builtin_return_address(0) - 1, "");
  f.text = data->array->name;
  u32 bits = 1u << (data->index->info >> 1);
  bool is_signed = data->index->info & 1;
  f.detail[0] = is_signed && bits == 32 ? (long)(int)index : (long)index;
  add(f);
  stop_thread();
}
extern "C" void __ubsan_handle_divrem_overflow(void *, u64, u64) {
  add(here(found_division, (u64)__builtin_return_address(0) - 1, ""));
  stop_thread();
}

// gcc's older libraries have no such conversion: round to nearest, ties to even.
extern "C" __bf16 __truncsfbf2(float x) {
  u32 u = __builtin_bit_cast(u32, x);
  unsigned short r = __builtin_isnan(x) ? (u >> 16) | 0x40 : (u + 0x7fff + (u >> 16 & 1)) >> 16;
  return __builtin_bit_cast(__bf16, r);
}
extern "C" __bf16 __truncdfbf2(double x) {
  float f = (float)x;
  u32 u = __builtin_bit_cast(u32, f);
  if ((double)f != x && !__builtin_isnan(x)) // round to odd, so that the second rounding is not off
    u = (u & 1) ? u : ((x < 0 ? (double)f < x : (double)f > x) ? u - 1 : u + 1);
  return __truncsfbf2(__builtin_bit_cast(float, u));
}
