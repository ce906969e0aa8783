// Fibers: stacks that take turns on one thread of the system.
#pragma once

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

// Fiber is a suspended stack.
struct Fiber {
#if defined(__x86_64__) || defined(__aarch64__)
  void *stack; // where its registers are
#else
  ucontext_t context;
#endif
};

#if defined(__x86_64__)

// Saves what a call must keep, and goes on where `to` was left.
extern "C" void aiopt_switch(void **from, void *to);
asm(R"(
.text
.globl aiopt_switch
.type aiopt_switch,@function
aiopt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
.size aiopt_switch,.-aiopt_switch
)");

static void prepare(Fiber &f, char *top, void (*entry)()) {
  void **s = (void **)top;
  *--s = nullptr; // keeps the stack aligned as after a call
  *--s = (void *)entry;
  for (int i = 0; i < 6; i++)
    *--s = nullptr;
  f.stack = s;
}

#elif defined(__aarch64__)

extern "C" void aiopt_switch(void **from, void *to);
asm(R"(
.text
.globl aiopt_switch
.type aiopt_switch,%function
aiopt_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size aiopt_switch,.-aiopt_switch
)");

static void prepare(Fiber &f, char *top, void (*entry)()) {
  void **s = (void **)(top - 160);
  for (int i = 0; i < 20; i++)
    s[i] = nullptr;
  s[11] = (void *)entry; // the link register
  f.stack = s;
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)
static inline void switch_to(Fiber &from, Fiber &to) { aiopt_switch(&from.stack, to.stack); }
#else
static void prepare(Fiber &f, char *top, void (*entry)()) {
  const unsigned long bytes = 32 << 10;
  getcontext(&f.context);
  f.context.uc_stack.ss_sp = top - bytes;
  f.context.uc_stack.ss_size = bytes;
  f.context.uc_link = nullptr;
  makecontext(&f.context, entry, 0);
}
static inline void switch_to(Fiber &from, Fiber &to) { swapcontext(&from.context, &to.context); }
#endif
