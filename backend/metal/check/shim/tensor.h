// Metal 4's tensors as kernels get them: extent 0 is the innermost dimension.
#pragma once

namespace metal {

constexpr size_t dynamic_extent = ~size_t(0);
template <class I, size_t... E> struct extents {
  using index_type = I;
  static constexpr int rank() { return sizeof...(E); }
};
template <class I, int R, size_t... E> struct aiopt_dextents : aiopt_dextents<I, R - 1, dynamic_extent, E...> {};
template <class I, size_t... E> struct aiopt_dextents<I, 0, E...> { using type = extents<I, E...>; };
template <class I, size_t R> using dextents = typename aiopt_dextents<I, int(R)>::type;

struct tensor_handle {};

template <class T, int N> struct array {
  T at[N];
  AIOPT_INLINE T &operator[](int i) { return at[i]; }
  AIOPT_INLINE const T &operator[](int i) const { return at[i]; }
};

template <class T, class Extents, class Kind = tensor_handle> struct tensor {
  using index_type = typename Extents::index_type;
  T *data;
  index_type extent[Extents::rank() > 0 ? Extents::rank() : 1];
  long stride[Extents::rank() > 0 ? Extents::rank() : 1];

  static constexpr int get_rank() { return Extents::rank(); }
  AIOPT_INLINE index_type get_extent(int i) const { return extent[i]; }
  AIOPT_INLINE index_type get_stride(int i) const { return index_type(stride[i]); }

  template <class... I> AIOPT_INLINE T &operator[](I... index) const {
    static_assert(sizeof...(I) == Extents::rank(), "a tensor takes one index for each dimension");
    const long at[] = {long(index)...};
    return element(at);
  }
  AIOPT_INLINE T &operator[](array<index_type, Extents::rank()> index) const {
    long at[Extents::rank()];
    for (int i = 0; i < Extents::rank(); i++) at[i] = index[i];
    return element(at);
  }

private:
  AIOPT_INLINE T &element(const long *at) const {
    long offset = 0;
    for (int i = 0; i < Extents::rank(); i++) {
#ifdef AIOPT_CHECKED
      if (at[i] < 0 || at[i] >= extent[i]) aiopt_outside((void *)data, i, at[i], extent[i]);
#endif
      offset += at[i] * stride[i];
    }
    return data[offset];
  }
};

} // namespace metal

namespace mpp { namespace tensor_ops {} }
