"""Parameters of a kernel that are attributes of the thread."""

import dataclasses

_NUMBERS = ("uint", "ushort")
_VECTORS = ("uint", "uint2", "uint3", "ushort", "ushort2", "ushort3")

#: The types that each attribute may have: Metal Shading Language Specification, section 5.2.3.6.
ATTRIBUTES = {
    "thread_position_in_grid": _VECTORS,
    "threadgroup_position_in_grid": _VECTORS,
    "thread_position_in_threadgroup": _VECTORS,
    "threads_per_grid": _VECTORS,
    "threadgroups_per_grid": _VECTORS,
    "threads_per_threadgroup": _VECTORS,
    "dispatch_threads_per_threadgroup": _VECTORS,
    "thread_index_in_threadgroup": _NUMBERS,
    "thread_index_in_simdgroup": _NUMBERS,
    "simdgroup_index_in_threadgroup": _NUMBERS,
    "simdgroups_per_threadgroup": _NUMBERS,
    "dispatch_simdgroups_per_threadgroup": _NUMBERS,
    "threads_per_simdgroup": _NUMBERS,
    "thread_execution_width": _NUMBERS,
    "thread_index_in_quadgroup": _NUMBERS,
    "quadgroup_index_in_threadgroup": _NUMBERS,
    "quadgroups_per_threadgroup": _NUMBERS,
}


@dataclasses.dataclass(frozen=True)
class MetalParameter:
    """A parameter that Metal sets for each thread.

    ``MetalParameter("gid", "uint3", "thread_position_in_grid")`` becomes ``uint3 gid [[thread_position_in_grid]]``.

    Args:
        name: what the kernel calls it.
        dtype: its type in Metal: ``uint``, ``uint2``, ``uint3`` or the same of ``ushort``.
        attr: the attribute of the thread, without the brackets.
    """

    name: str
    dtype: str
    attr: str

    def __post_init__(self):
        if self.attr not in ATTRIBUTES:
            raise ValueError(f"parameter {self.name!r}: Metal has no attribute {self.attr!r}; expected one of {', '.join(ATTRIBUTES)}")
        if self.dtype not in ATTRIBUTES[self.attr]:
            raise ValueError(f"parameter {self.name!r}: {self.attr} is {', '.join(ATTRIBUTES[self.attr])}, found {self.dtype!r}")
