"""Metal kernels that travel with a PyTorch model, and what its nodes compute.

``TorchMetalKernel`` is a kernel with its definition in PyTorch; call it inside of a model. ``save`` writes an exported program
with its kernels, which the ``aiopt`` compiler reads. ``save_intermediates`` runs a program and writes what each node gives, which
``aiopt compare`` holds other runs against; ``save_calls`` does so for several calls that share buffers.
"""

from .parameter import MetalParameter

__all__ = ["MetalParameter", "TorchMetalKernel", "save", "save_calls", "save_intermediates"]


def __getattr__(name):
    # What needs torch is loaded when it is asked for, so that the rest works without.
    if name == "TorchMetalKernel":
        from .kernel import TorchMetalKernel

        return TorchMetalKernel
    if name == "save":
        from .saving import save

        return save
    if name in ("save_calls", "save_intermediates"):
        from . import intermediates

        return getattr(intermediates, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
