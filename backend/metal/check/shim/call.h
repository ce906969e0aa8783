// How a kernel is called: each parameter is made of an argument or of an attribute of the thread.
#pragma once

namespace aiopt {

template <class T> struct Tensor;
template <class T, class I, size_t... E, class K> struct Tensor<metal::tensor<T, metal::extents<I, E...>, K>> {
  static AIOPT_INLINE metal::tensor<T, metal::extents<I, E...>, K> of(const Argument *a) {
    metal::tensor<T, metal::extents<I, E...>, K> t;
    t.data = (T *)a->data;
    for (u32 i = 0; i < sizeof...(E); i++) {
      t.extent[i] = I(a->extent[i]);
      t.stride[i] = a->stride[i];
    }
    return t;
  }
};

template <class P> struct Parameter {
  static AIOPT_INLINE P of(Argument *a) { return Tensor<P>::of(a); }
  static AIOPT_INLINE P of(const U3 &v) { return P(v.x); }
};
template <class T> struct Parameter<T *> {
  static AIOPT_INLINE T *of(Argument *a) { return (T *)a->data; }
};
template <class T> struct Parameter<T &> {
  static AIOPT_INLINE T &of(Argument *a) { return *(T *)a->value(sizeof(T)); }
};
template <class T> struct Parameter<vec<T, 2>> {
  static AIOPT_INLINE vec<T, 2> of(const U3 &v) { return vec<T, 2>{T(v.x), T(v.y)}; }
};
template <class T> struct Parameter<vec<T, 3>> {
  static AIOPT_INLINE vec<T, 3> of(const U3 &v) { return vec<T, 3>{T(v.x), T(v.y), T(v.z)}; }
};

template <class... P, class... A> AIOPT_INLINE void call(void (*f)(P...), const A &...a) { f(Parameter<P>::of(a)...); }

} // namespace aiopt
