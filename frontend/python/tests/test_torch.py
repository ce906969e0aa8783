"""Kernels in models, and what is saved of them. Needs torch 2.9 or newer."""

import base64
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

try:
    import torch
except ImportError as missing:
    raise unittest.SkipTest("torch is not there") from missing

import aiopt  # noqa: E402
from aiopt import MetalParameter, TorchMetalKernel, checks, saving  # noqa: E402

I = [MetalParameter("i", "uint", "thread_position_in_grid")]


def double(x: torch.Tensor) -> torch.Tensor:
    return x + x


def make(definition=double, name="double", inputs=("x",), results=("y",), src="y[i] = x[i] + x[i];", **more):
    return TorchMetalKernel(name, inputs, results, src, definition, **{"metal_params": I, **more})


DOUBLE = make()


def sizes(n, *shapes):
    return {"threads_per_grid": (n, 1, 1), "threads_per_thread_group": (64, 1, 1), "result_shapes": shapes or [[n]]}


class Definition(unittest.TestCase):
    def check(self, error, want, *args, **more):
        with self.assertRaisesRegex(error, want):
            make(*args, **more)

    def test_definition(self):
        self.check(TypeError, "torch_defn is int, expected a function", 3)
        self.check(TypeError, r"takes \*args, \*\*kwargs or keywords", lambda *x: x)
        self.check(checks.KernelError, "torch_defn takes 2 inputs, input_names has 1: x", lambda x, y: x)

        def listed(x: list) -> torch.Tensor:
            return x

        self.check(TypeError, "parameter x is annotated <class 'list'>, expected torch.Tensor, int, float or bool", listed)

        def two(x) -> tuple[torch.Tensor, torch.Tensor]:
            return x, x

        self.check(checks.KernelError, "annotated to give 2 results, result_names has 1", two)
        self.check(checks.KernelError, "annotated to give one tensor, result_names has 2", double, results=("y", "z"), src="y[i] = z[i] = x[i];")

    def test_line_of_text(self):
        try:
            make(src="""
                float v = x[i];
                asm("nop");
                y[i] = v;
            """)
        except checks.KernelError as error:
            text = str(error)
        file, line = text.split(":")[:2]
        with open(file) as f:
            self.assertIn('asm("nop")', f.read().split("\n")[int(line) - 1])
        self.assertIn("line 3 of its source: asm: assembler is not run", text)

    def test_operator(self):
        self.assertEqual(DOUBLE.operator, make().operator, "the same definition has the same name")
        self.assertNotEqual(DOUBLE.operator, make(src="y[i] = 2 * x[i];").operator)

    def test_factory(self):
        """Kernels of one text whose definitions differ only by what they hold."""

        def closure(held):
            def definition(x: torch.Tensor) -> torch.Tensor:
                return held(x) if callable(held) else x * held

            return definition

        def default(held):
            def definition(x: torch.Tensor) -> torch.Tensor:
                return inner(x)

            def inner(x, held=held):
                return closure(held)(x)

            return definition

        class Module(torch.nn.Module):
            def __init__(self, held):
                super().__init__()
                self.held = held

            def forward(self, x):
                return closure(self.held)(x)

        x = torch.arange(4.0)
        held = [2, 2.0, 3, torch.tensor(5.0), torch.tensor(7.0), torch.relu, torch.neg, closure(2), closure(4)]
        for factory in (closure, default, Module, lambda held: Module(held).forward):
            kernels = [make(factory(each)) for each in held]
            self.assertEqual(len({kernel.operator for kernel in kernels}), len(kernels))
            for kernel, each in zip(kernels, held):
                torch.testing.assert_close(kernel(x, **sizes(4)), closure(each)(x))
        for each in held:
            self.assertEqual(make(closure(each)).operator, make(closure(each)).operator, "the same definition has the same name")


class Calls(unittest.TestCase):
    def check(self, error, want, kernel, *args, **more):
        with self.assertRaisesRegex(error, want):
            kernel(*args, **more)

    def test_eager(self):
        x = torch.arange(4.0)
        torch.testing.assert_close(DOUBLE(x, **sizes(4)), 2 * x)
        same = make(lambda x: x, "same", src="y[i] = x[i];")
        self.assertIsNot(same(x, **sizes(4)), x)

    def test_arguments(self):
        x = torch.arange(4.0)
        self.check(checks.KernelError, "found 2 inputs, expected 1: x", DOUBLE, x, x, **sizes(4))
        self.check(TypeError, "input x is float, expected a tensor", DOUBLE, 1.0, **sizes(4))
        self.check(TypeError, "input x is torch.float64, which Metal has not", DOUBLE, x.double(), **sizes(4))
        self.check(checks.KernelError, "input x has no dimensions", DOUBLE, x.sum(), **sizes(4))
        self.check(checks.KernelError, "result_shapes has 2 shapes, expected 1: one for each of y", DOUBLE, x, **sizes(4, [4], [4]))
        self.check(checks.KernelError, r"result_shapes says \[5\] for y, torch_defn gives \[4\]", DOUBLE, x, **sizes(4, [5]))
        self.check(checks.KernelError, "has 2048 threads, expected at most 1024", DOUBLE, x, threads_per_grid=(4, 1, 1), threads_per_thread_group=(64, 32, 1), result_shapes=[[4]])

    def test_numbers(self):
        def scaled(x: torch.Tensor, by: float, times: int, twice: bool):
            return x * by * times * (2 if twice else 1)

        kernel = make(scaled, "scaled", ("x", "by", "times", "twice"), src="y[i] = x[i] * by * times * (twice ? 2 : 1);")
        x = torch.arange(4.0)
        torch.testing.assert_close(kernel(x, 2, 3, True, **sizes(4)), 12 * x)
        self.check(TypeError, "input by is Tensor, expected a number \\(float\\) that is known when exporting", kernel, x, x, 3, True, **sizes(4))
        self.check(TypeError, "input times is True, expected int", kernel, x, 2, True, True, **sizes(4))
        self.check(TypeError, "input twice is 1, expected bool", kernel, x, 2, 3, 1, **sizes(4))
        self.check(checks.KernelError, "2147483648, which does not fit an int of 32 bits", kernel, x, 2, 2**31, True, **sizes(4))
        self.check(checks.KernelError, "input by is nan, expected a finite float", kernel, x, float("nan"), 3, True, **sizes(4))
        self.check(checks.KernelError, "input by is 1e\\+39, expected a finite float", kernel, x, 1e39, 3, True, **sizes(4))

    def test_results(self):
        x = torch.arange(4.0)
        pair = make(lambda x: (x, x), "pair")
        self.check(checks.KernelError, "torch_defn gives 2 results, expected 1: y", pair, x, **sizes(4))
        wide = make(lambda x: x.double(), "wide")
        self.check(TypeError, "torch_defn gives y as torch.float64, which Metal has not", wide, x, **sizes(4))
        none = make(lambda x: [None], "none")
        self.check(TypeError, "torch_defn gives NoneType as y, expected a tensor", none, x, **sizes(4))


class Doubled(torch.nn.Module):
    def forward(self, x):
        return DOUBLE(x + 1, **sizes(x.shape[0]))


class Saving(unittest.TestCase):
    def save(self, model, *args, strict=False, dynamic=None):
        ep = torch.export.export(model, args, strict=strict, dynamic_shapes=dynamic)
        return saving.kernel_files(ep)

    def test_files(self):
        for strict in (False, True):
            files = self.save(Doubled(), torch.arange(4.0), strict=strict, dynamic=({0: torch.export.Dim.DYNAMIC},))
            listed = json.loads(files["aiopt/kernels.json"])
            kernel = listed["kernels"][0]
            self.assertEqual((listed["version"], kernel["name"], kernel["results"]), (saving.VERSION, "double", ["y"]))
            self.assertEqual(kernel["references"], [{"arguments": [{"dtype": "f32", "shape": [None], "example": [4]}], "file": "aiopt/references/0"}])
            ep = torch.export.load(io.BytesIO(base64.b64decode(files["aiopt/references/0"])))
            torch.testing.assert_close(ep.module()(torch.arange(3.0))[0], 2 * torch.arange(3.0))
            self.assertNotIn(os.path.dirname(saving.__file__), files["aiopt/kernels.json"])

    def test_save(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.pt2")
            ep = torch.export.export(Doubled(), (torch.arange(4.0),))
            aiopt.save(ep, path, extra_files={"note.txt": "mine"})
            extra = {"note.txt": "", "aiopt/kernels.json": ""}
            loaded = torch.export.load(path, extra_files=extra)
            self.assertIn("mine", str(extra["note.txt"]))
            torch.testing.assert_close(loaded.module()(torch.arange(4.0)), 2 * (torch.arange(4.0) + 1))

    def test_program_stays(self):
        ep = torch.export.export(Doubled(), (torch.ones(3),), strict=True)
        traces = lambda: [node.meta.get("stack_trace") for node in ep.graph.nodes]  # noqa: E731
        before = traces()
        self.assertTrue(any("kernel.py" in trace for trace in before if trace), before)
        aiopt.save(ep, io.BytesIO())
        saving.kernel_files(ep)
        with tempfile.TemporaryDirectory() as folder:
            aiopt.save_intermediates(ep, (torch.ones(3),), os.path.join(folder, "values.safetensors"))
        self.assertEqual(traces(), before)

    def test_without_kernels(self):
        self.assertEqual(self.save(torch.nn.Linear(2, 2), torch.zeros(1, 2)), {})

    def test_symbolic_number(self):
        def counted(x: torch.Tensor, n: int):
            return x * n

        kernel = make(counted, "counted", ("x", "n"), src="y[i] = x[i] * n;")

        class Model(torch.nn.Module):
            def forward(self, x):
                return kernel(x, x.shape[0], **sizes(x.shape[0]))

        with self.assertRaisesRegex(TypeError, "input n is SymInt, expected a number \\(int\\) that is known when exporting"):
            self.save(Model(), torch.arange(4.0), dynamic=({0: torch.export.Dim.DYNAMIC},))

    def test_untraceable(self):
        def fixed(x):
            return x + 1 if x.sum() > 0 else x

        kernel = make(fixed, "fixed", src="y[i] = x[i];")

        class Model(torch.nn.Module):
            def forward(self, x):
                return kernel(x, **sizes(4))

        with self.assertRaisesRegex(Exception, "data-dependent|torch_defn could not be traced"):
            self.save(Model(), torch.arange(4.0))

    def test_shape_that_differs(self):
        class Model(torch.nn.Module):
            def forward(self, x):
                return DOUBLE(x, **sizes(4, [5]))

        with self.assertRaisesRegex(Exception, r"result_shapes says \[5\] for y, torch_defn gives \[4\]"):
            self.save(Model(), torch.arange(4.0))


if __name__ == "__main__":
    unittest.main()
