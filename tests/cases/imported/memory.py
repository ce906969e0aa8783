"""Programs that change memory: through views, strides and lists, in place."""

import torch

from ..programs import Cases
from .modules import M, R, three

case = Cases()


@case("training")
def as_strided_nonrow():
    def f(self, x):
        y = x.t().contiguous().t()
        z = torch.as_strided(y, (3,), (5,), 1)
        w = torch.as_strided(y, (2, 2), (1, 1), 2)
        v = y.as_strided((2, 2), (4, 1), 1)
        return z + 1, w * 2, v, torch.as_strided_scatter(y, torch.zeros(2, 2), (2, 2), (4, 1), 1)

    return M(f)(), [(R(4, 4),)]


@case("training")
def as_strided_view_of_view():
    def f(self, x):
        y = x.clone()
        v = y[1:].t()
        torch.as_strided(v, (2, 2), (4, 1), 5).add_(5)
        return y, v * 1

    return M(f)(), [(R(4, 4),)]


@case("training")
def unfold_write():
    def f(self, x):
        y = x.clone()
        y.unfold(0, 2, 2).mul_(3)
        return y

    return M(f)(), [(R(6),)]


@case("training")
def resize_shrink():
    def f(self, x):
        y = x.clone()
        z = y[1]
        y.resize_(2, 2)
        y.add_(10)
        z.mul_(2)
        y.resize_as_(torch.zeros(4))
        return y + 1, z

    return M(f)(), [(R(3, 4),)]


@case("training")
def set():
    def f(self, x):
        y = x.clone()
        y.set_(x * 2)
        return y + 1

    return M(f)(), [(R(3, 4),)]


@case("training", "core")
def foreach():
    def f(self, x):
        xs = [x.clone(), x * 2]
        torch._foreach_add_(xs, 1.0)
        torch._foreach_mul_(xs, [x, x + 1])
        ys = torch._foreach_exp(xs)
        torch._foreach_copy_(xs, ys)
        torch._foreach_zero_([xs[0][0]])
        n = torch._foreach_norm(ys)
        torch._foreach_lerp_(xs, ys, 0.3)
        torch._foreach_addcdiv_(xs, ys, xs, 0.5)
        torch._foreach_sqrt_(ys)
        return xs, ys, n

    return M(f)(), [(R(2, 3),)]


@case("training")
def foreach_more():
    def f(self, x):
        xs = [x, x * 2]
        a = torch._foreach_sub(xs, xs, alpha=2)
        b = torch._foreach_maximum(xs, 0.5)
        c = torch._foreach_pow(xs, 2.0)
        d = torch._foreach_add(xs, [1.0, 2.0])
        e = torch._foreach_clamp_min(xs, 0.1)
        g = torch._foreach_addcmul(xs, a, b, [0.1, 0.2])
        h = torch._foreach_div(xs, torch.tensor(2.0))
        k = torch._foreach_max(xs)
        m = torch._foreach_sigmoid(xs)
        return a, b, c, d, e, g, h, k, m

    return M(f)(), [(R(2, 3),)]


@case("training")
def foreach_state():
    def f(self, x):
        torch._foreach_mul_([self.a, self.b], 0.9)
        torch._foreach_add_([self.a, self.b], [x, x[0]], alpha=0.1)
        return self.a.sum() + self.b.sum()

    return M(f, {"a": R(2, 3), "b": R(3)})(), three(2, 3)


@case("training")
def input_pieces():
    def f(self, x, y, z):
        for t in x.split(2):
            t.add_(1)
        y.chunk(2, 1)[1].mul_(2)
        y.unbind(0)[0][1:].zero_()
        a, b = z.tensor_split(2)
        a.copy_(b)
        return x.sum()

    return M(f)(), [(R(4, 3), R(2, 4), R(4))]


@case("training")
def pow_inplace():
    def f(self, x):
        y = x.abs() + 1
        y.pow_(x)
        y.floor_divide_(x.abs() + 0.3)
        y.ldexp_(x)
        z = y.clone()
        z.square_()
        return y, z

    return M(f)(), [(R(4, 3),)]


@case("training")
def linalg_diag_write():
    def f(self, x):
        y = x.clone()
        torch.linalg.diagonal(y).add_(3)
        y.fill_diagonal_(1, wrap=True)
        z = x.t().clone()
        z.fill_diagonal_(4)
        return y, z

    return M(f)(), [(R(7, 3),)]


@case("training", "core")
def input_mutated():
    def f(self, x, c):
        c[1:3].add_(x)
        c.t()[0] = 5
        return c, x, c[0], x

    return M(f)(), [(R(2, 3), R(4, 3))]
