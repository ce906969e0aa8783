"""Custom operators, some of which change their arguments."""

from functorch.experimental.control_flow import map as map_over
import torch
from torch import Tensor
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop

from ..programs import Cases
from .modules import M, R, three

case = Cases()


@torch.library.custom_op("mylib::fill_", mutates_args=("x",))
def fill_(x: Tensor, v: float) -> None:
    x.fill_(v)


@torch.library.custom_op("mylib::bump_", mutates_args=("cache",))
def bump_(cache: Tensor, new: Tensor, begin: int) -> Tensor:
    cache[..., begin : begin + new.shape[-2], :] = new
    return cache.clone()


@bump_.register_fake
def _(cache, new, begin):
    return torch.empty_like(cache)


@torch.library.custom_op("mylib::two_", mutates_args=("a", "b"))
def two_(a: Tensor, b: Tensor, s: float) -> Tensor:
    a.mul_(s)
    b.add_(a)
    return a - b


@two_.register_fake
def _(a, b, s):
    return torch.empty_like(a)


@torch.library.custom_op("mylib::all_", mutates_args=("xs",))
def all_(xs: list[Tensor], s: float) -> None:
    for x in xs:
        x.mul_(s)


@torch.library.custom_op("mylib::opt_", mutates_args=("x", "y"))
def opt_(x: Tensor, y: Tensor | None) -> None:
    x.add_(1)
    if y is not None:
        y.add_(2)


@torch.library.custom_op("mylib::pure", mutates_args=())
def pure(x: Tensor, a: float) -> Tensor:
    return x * a + 1


@pure.register_fake
def _(x, a):
    return torch.empty_like(x)


@case("training", "core")
def custom_fill():
    def f(self, x):
        y = x + 1
        torch.ops.mylib.fill_(y[1], 3.0)
        return y * 2

    return M(f)(), [(R(3, 4),)]


@case("training", "core")
def custom_buffer_view():
    def f(self, x):
        r = torch.ops.mylib.bump_(self.cache[1], x, 1)
        return r.sum(0) + self.cache

    return M(f, {"cache": torch.zeros(2, 2, 5, 3)})(), three(2, 2, 3)


@case("core")
def custom_two_one_base():
    def f(self, x):
        r = torch.ops.mylib.two_(self.a[0], self.a[1:2].squeeze(0), 0.5)
        return r + x

    return M(f, {"a": R(2, 3)})(), three(3)


@case("training", "core")
def custom_list():
    def f(self, x):
        y = x + 1
        z = x * 2
        torch.ops.mylib.all_([y, z[0], self.a], 0.5)
        return y, z, self.a + 1

    return M(f, {"a": R(3)})(), three(2, 3)


@case("training", "core")
def custom_opt():
    def f(self, x):
        y = x + 1
        torch.ops.mylib.opt_(y, None)
        torch.ops.mylib.opt_(y, x)
        return y

    return M(f)(), [(R(2, 3),)]


@case("training")
def custom_in_bodies():
    def f(self, x):
        a = torch.cond(x.sum() > 0, lambda t: torch.ops.mylib.pure(t, 2.0), lambda t: torch.ops.mylib.pure(t, 3.0), (x,))
        _, b = while_loop(lambda i, c: i < 3, lambda i, c: (i + 1, torch.ops.mylib.pure(c, 0.5)), (torch.tensor(0), a))
        c, d = scan(lambda c, t: (torch.ops.mylib.pure(c, 0.5) + t, c * 2), x[0], x, dim=0)
        e = map_over(lambda t: torch.ops.mylib.pure(t, 4.0), x)
        return a, b, c, d, e

    return M(f)(), [(R(4, 3),)]


@case("core")
def custom_mut_in_cond():
    def f(self, x):
        def t(x):
            y = x + 1
            torch.ops.mylib.fill_(y, 4.0)
            return y
        return torch.cond(x.sum() > 0, t, lambda x: x * 2, (x,))

    return M(f)(), [(R(4, 3),)]


@case("training")
def custom_transposed():
    def f(self, x):
        y = x + 1
        torch.ops.mylib.fill_(y.t()[1:3], 2.0)
        return y

    return M(f)(), [(R(3, 4),)]
