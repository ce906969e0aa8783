"""What is saved of a run. Needs torch 2.9 or newer."""

import hashlib
import json
import os
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

try:
    import torch
except ImportError as missing:
    raise unittest.SkipTest("torch is not there") from missing

from torch.export.pt2_archive._package import package_pt2  # noqa: E402

import aiopt  # noqa: E402
from aiopt import intermediates  # noqa: E402
from test_tensorfile import read  # noqa: E402


class Saved:
    """A file of values."""

    def __init__(self, path):
        _, self.header, self.data = read(path)
        self.meta = self.header.pop("__metadata__")
        self.index = json.loads(self.meta["aiopt.index"])
        self.names = sorted(self.header, key=lambda name: self.index["t"][name]["order"])

    def tensor(self, name):
        entry = self.header[name]
        dtype = {stored: dtype for dtype, stored in intermediates._STORED.items()}[entry["dtype"]]
        begin, end = entry["data_offsets"]
        if begin == end:
            return torch.empty(entry["shape"], dtype=dtype)
        return torch.frombuffer(bytearray(self.data[begin:end]), dtype=dtype).reshape(entry["shape"])

    def of(self, role):
        return [name for name in self.names if self.index["t"][name]["role"] == role]

    def text(self, name, key):
        return self.index["strings"][self.index["t"][name][key]]

    @property
    def inputs(self):
        return json.loads(self.meta["aiopt.inputs"])


class Layers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 6)
        self.register_buffer("steps", torch.zeros(2))

    def forward(self, x, scale=2.0, *, bias=None):
        self.steps.add_(1)
        x = self.fc(x).reshape(2, -1)
        values, _ = torch.max(x, 1)
        parts = torch.split(x, 3, 1)
        y = parts[0] * scale
        return (y if bias is None else y + bias).transpose(0, 1), values


class Branches(torch.nn.Module):
    def forward(self, x):
        def double(x):
            return torch.relu(x) * 2

        def less(x):
            return x - 1

        def go_on(i, x):
            return i < 3

        def step(i, x):
            return i + 1, x * 0.5

        def add(carry, x):
            return carry + x, carry * x

        x = torch.cond(x.sum() > 0, double, less, (x,))
        _, x = torch._higher_order_ops.while_loop(go_on, step, (torch.tensor(0), x))
        carry, _ = torch._higher_order_ops.scan(add, x[0], x, dim=0)
        return carry


class Save(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "x.intermediates.safetensors")

    def save(self, program, inputs, **options):
        count = aiopt.save_intermediates(program, inputs, self.path, **options)
        saved = Saved(self.path)
        self.assertEqual(count, len(saved.names))
        return saved

    def test_values(self):
        model, x, bias = Layers(), torch.randn(2, 4), torch.randn(3)
        want = Layers()
        want.load_state_dict(model.state_dict())
        program = torch.export.export(model, (x, 3.0), {"bias": bias})
        for inputs in (((x, 3.0), {"bias": bias}), [(x, 3.0), {"bias": bias}]):
            saved = self.save(program, inputs)
            self.assertEqual(saved.of("in"), ["x#0", "bias#0"])
            self.assertEqual(saved.inputs, [{"name": "x"}, {"name": "scale", "value": 3.0}, {"name": "bias"}])
            y, values = want(x, 3.0, bias=bias)
            torch.testing.assert_close([saved.tensor(name) for name in saved.of("out")], [values, y])
            torch.testing.assert_close(saved.tensor("linear#0"), want.fc(x))
            self.assertEqual((saved.text("linear#0", "module"), saved.text("linear#0", "class"), saved.text("linear#0", "op")), ("fc", "Linear", "aten.linear.default"))
            self.assertEqual(saved.of("update"), ["buf:steps#0"])
            torch.testing.assert_close(saved.tensor("buf:steps#0"), torch.ones(2), msg="each run starts from the program's own buffers")
            lines = [(saved.index["files"][file]["path"], line) for file, line in saved.index["t"]["linear#0"]["loc"]]
            self.assertEqual(lines[0][0], __file__)
            with open(__file__, "rb") as f:
                source = f.read()
            self.assertIn("self.fc(x)", source.decode().split("\n")[lines[0][1] - 1])
            self.assertEqual(saved.index["files"][saved.index["t"]["linear#0"]["loc"][0][0]]["sha256"], hashlib.sha256(source).hexdigest())

    def test_views(self):
        program = torch.export.export(Layers(), (torch.randn(2, 4),))
        self.assertEqual({"reshape#0", "split#0", "getitem_2#0"} & set(self.save(program, (torch.randn(2, 4),)).names), set())
        kept = self.save(program, (torch.randn(2, 4),), keep_views=True)
        self.assertIn("reshape#0", kept.names)
        nodes = {node.name for node in program.graph.nodes if node.op == "call_function" and isinstance(node.meta["val"], torch.Tensor)}
        self.assertEqual(nodes - {name.split("#")[0] for name in kept.names}, set())

    def test_one_of_several_results(self):
        saved = self.save(torch.export.export(Layers(), (torch.randn(2, 4),)).run_decompositions(), (torch.randn(2, 4),))
        self.assertEqual([name for name in saved.names if "unused" in name], ["max_1_unused_1#0"])

    def test_what_is_no_view(self):
        class Model(torch.nn.Module):
            def forward(self, x, y):
                return torch.slice_scatter(x, y, 1, 0, 2), torch.empty_like(x).fill_(1)

        x, y = torch.randn(2, 4), torch.zeros(2, 2)
        saved = self.save(torch.export.export(Model(), (x, y)), (x, y))
        self.assertIn("slice_scatter#0", saved.names, "it computes, though PyTorch has it among the copies of views")
        self.assertNotIn("empty_like#0", saved.names, "it gives what was in memory")

    def test_order_of_equal_elements(self):
        class Model(torch.nn.Module):
            def forward(self, x):
                return torch.sort(x, 0, True).indices, torch.argsort(x), torch.sort(x, descending=True).values

        x = torch.arange(64) % 3
        saved = self.save(torch.export.export(Model(), (x,)), (x,))
        down, up, values = (saved.tensor(name) for name in saved.of("out"))
        torch.testing.assert_close([down, up], [torch.sort(x, stable=True, descending=True).indices, torch.argsort(x, stable=True)])
        torch.testing.assert_close(values, torch.sort(x, descending=True).values)

    def test_calls(self):
        class Sum(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("sum", torch.zeros(2))

            def forward(self, x):
                self.sum.add_(x)
                return self.sum * 2

        class Less(Sum):
            def forward(self, x):
                return self.sum - x

        x = torch.ones(2)
        programs = {"add": torch.export.export(Sum(), (x,)).run_decompositions(), "less": torch.export.export(Less(), (x,))}
        archive = os.path.join(self.folder.name, "m.pt2")
        package_pt2(archive, exported_programs=programs)
        count = aiopt.save_calls(archive, [("add", (x,)), ("add", {"x": 3 * x}), ("less", (x,))], self.path)
        saved = Saved(self.path)
        self.assertEqual(count, len(saved.names))
        self.assertEqual(saved.inputs, [{"name": "s0.x"}, {"name": "s1.x"}, {"name": "s2.x"}])
        self.assertEqual([saved.tensor(name).tolist() for name in saved.of("out") if "add" not in name], [[2, 2], [8, 8], [3, 3]])
        self.assertEqual({name: saved.tensor(name).tolist() for name in saved.of("update")}, {"s0.buf:sum#0": [1, 1], "s1.buf:sum#0": [4, 4]})
        self.assertEqual(saved.meta["aiopt.program"], "")
        package_pt2(archive, exported_programs={"model": programs["add"]})
        aiopt.save_calls(archive, [("model", (x,))], self.path)
        self.assertEqual(Saved(self.path).meta["aiopt.program"], intermediates._hash_of_file(archive))
        with self.assertRaisesRegex(KeyError, "has no program 'less'; it has model"):
            aiopt.save_calls(archive, [("less", (x,))], self.path)

    def test_program(self):
        program = torch.export.export(Layers(), (torch.randn(2, 4),))
        archive = os.path.join(self.folder.name, "m.pt2")
        for each in (program, program.run_decompositions()):
            saved = self.save(each, (torch.randn(2, 4),))
            aiopt.save(each, archive)
            with zipfile.ZipFile(archive) as z:
                text = z.read(next(name for name in z.namelist() if name.endswith("models/model.json")))
            self.assertEqual(saved.meta["aiopt.program"], hashlib.sha256(text).hexdigest())
            again = self.save(archive, (torch.randn(2, 4),))
            self.assertEqual((again.meta["aiopt.program"], sorted(again.names)), (saved.meta["aiopt.program"], sorted(saved.names)))

    def test_several_programs(self):
        program = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
        archive = os.path.join(self.folder.name, "m.pt2")
        package_pt2(archive, exported_programs={"first": program, "second": program})
        with self.assertRaisesRegex(ValueError, "found 2 programs, expected one"):
            self.save(archive, (torch.zeros(1, 2),))

    def test_kernels(self):
        kernel = aiopt.TorchMetalKernel(
            "double", ["x"], ["y"], "y[i] = x[i] + x[i];", lambda x: x + x,
            metal_params=[aiopt.MetalParameter("i", "uint", "thread_position_in_grid")])  # fmt: skip

        class Model(torch.nn.Module):
            def forward(self, x):
                return kernel(x, threads_per_grid=(4, 1, 1), threads_per_thread_group=(4, 1, 1), result_shapes=[[4]])

        x = torch.arange(4.0)
        program = torch.export.export(Model(), (x,))
        archive = os.path.join(self.folder.name, "m.pt2")
        saved = self.save(program, (x,))
        aiopt.save(program, archive)
        self.assertEqual(saved.meta["aiopt.program"], intermediates._hash_of_file(archive))
        torch.testing.assert_close(saved.tensor(saved.of("out")[0]), 2 * x)

    def test_decomposed(self):
        program = torch.export.export(Layers(), (torch.randn(2, 4),)).run_decompositions()
        saved = self.save(program, (torch.randn(2, 4),))
        self.assertEqual([saved.text(name, "origin") for name in saved.names if name.startswith("addmm")], ["linear"])
        self.assertEqual(saved.of("update"), ["buf:steps#0"])

    def test_bodies(self):
        x = torch.rand(2, 3)
        program = torch.export.export(Branches(), (x,))
        saved = self.save(program, (x,))
        self.assertLess({"true_graph_0/relu#0", "while_loop_body_graph_0/mul#0", "while_loop_body_graph_0/mul@2#0"}, set(saved.names))
        self.assertNotIn("while_loop_body_graph_0/mul@3#0", saved.names)
        torch.testing.assert_close(saved.tensor("while_loop_body_graph_0/mul@2#0"), x / 4)
        torch.testing.assert_close(saved.tensor(saved.of("out")[0]), Branches()(x))

    def test_types(self):
        class Model(torch.nn.Module):
            def forward(self, x):
                return x.to(torch.bfloat16) * 2, x > 0, torch.complex(x, x).conj() * 1, x.to(torch.int8) + 1, x[:, :0] + 1, x.double() + 1

        x = torch.randn(3, 4)
        saved = self.save(torch.export.export(Model(), (x,)), (x,))
        by_order = {name: saved.tensor(name) for name in saved.of("out")}
        self.assertEqual(len(by_order), 6)
        for found in by_order.values():
            self.assertTrue(any(found.dtype == want.dtype and torch.equal(found, want) for want in Model()(x)), found.dtype)

    def test_inputs_are_kept(self):
        class Model(torch.nn.Module):
            def forward(self, x):
                x.add_(1)
                return x * 2

        x = torch.zeros(2)
        saved = self.save(torch.export.export(Model(), (torch.zeros(2),)), {"x": x})
        self.assertEqual(x.tolist(), [0, 0])
        self.assertEqual(saved.tensor("x#0").tolist(), [0, 0])
        self.assertEqual([saved.tensor(name).tolist() for name in saved.of("update")], [[1, 1]])

    def test_wrong_inputs(self):
        program = torch.export.export(Layers(), (torch.randn(2, 4),))
        x = torch.randn(2, 4)
        for inputs, given in (((), "nothing"), ((x, x, 3), "3 positional"), ({"y": x}, "y"), (((x,), {"z": x}), "1 positional, z"), (((x, x),), "1 positional, a tuple of 2")):
            with self.assertRaisesRegex(TypeError, f"the program takes x; given {given}$"):
                self.save(program, inputs)

        class Nested(torch.nn.Module):
            def forward(self, pair, *, mask):
                return pair[0] + pair[1]["low"] + mask

        program = torch.export.export(Nested(), ((x, {"low": x}),), {"mask": x})
        with self.assertRaisesRegex(TypeError, r"the program takes \(pair_0, \{'low': pair_1_low\}\), mask=mask; given 1 positional$"):
            self.save(program, (x,))
        self.assertEqual(os.listdir(self.folder.name), [])


if __name__ == "__main__":
    unittest.main()
