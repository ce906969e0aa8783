// The header that every text is compiled with: Metal Shading Language for the CPU.
#pragma once

#include "runtime.h"

// The address spaces. Running erases them; the strict pass, which only checks, makes them part of the types.
#ifdef AIOPT_STRICT
#define device __attribute__((address_space(1)))
#define constant const __attribute__((address_space(2)))
#define threadgroup __attribute__((address_space(3)))
#else
#define device
#define constant const
#define threadgroup
#endif
#define thread
#define kernel

#include "types.h"
#include "math.h"
#include "integer.h"
#include "simd.h"
#include "matrix.h"
#include "atomic.h"
#include "tensor.h"
#include "call.h"

#define __METAL__ 1
#define __METAL_VERSION__ 400

// A threadgroup variable of the type TYPE; the lexical pass puts this where one is declared. Where it lies, the runtime knows.
#ifdef AIOPT_STRICT
#define AIOPT_VARIABLE(ID, NAME, ...) threadgroup __typeof__(__VA_ARGS__) &NAME = *(threadgroup __typeof__(__VA_ARGS__) *)nullptr
#else
#define AIOPT_VARIABLE(ID, NAME, ...) AIOPT_SHARED(ID, NAME, __VA_ARGS__)
#endif
namespace aiopt {
template <class T> struct Element { using type = T; };
template <class T, size_t N> struct Element<T[N]> { using type = typename Element<T>::type; };
} // namespace aiopt

// The strict pass turns `(device T *)x` into a call of this: C++ lets a cast change the address space, Metal does not.
#ifdef AIOPT_STRICT
namespace aiopt {
template <class T> constexpr int space = 0;
template <class T> constexpr int space<device T *> = 1;
template <class T> constexpr int space<constant T *> = 2;
template <class T> constexpr int space<threadgroup T *> = 3;
template <class T> constexpr bool is_pointer = false;
template <class T> constexpr bool is_pointer<T *> = true;
} // namespace aiopt
template <class To, class From> To aiopt_cast(From x) {
  if constexpr (aiopt::is_pointer<From>)
    static_assert(aiopt::space<To> == aiopt::space<From>, "the cast changes the pointer's address space");
  return (To)x;
}
#endif

#ifndef AIOPT_STRICT
#pragma clang diagnostic ignored "-Wunknown-attributes"
#endif
#pragma GCC poison double asm __asm __asm__ goto __attribute__ __attribute __has_include __has_embed extern
