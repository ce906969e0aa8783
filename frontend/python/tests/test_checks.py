"""What needs no torch: names, texts and places of kernels."""

import os
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import aiopt  # noqa: E402
from aiopt import MetalParameter, checks, places  # noqa: E402

AT = MetalParameter("at", "uint2", "thread_position_in_grid")


class Parameters(unittest.TestCase):
    def test_attributes(self):
        with self.assertRaisesRegex(ValueError, "Metal has no attribute 'thread_positon'; expected one of thread_position_in_grid, "):
            MetalParameter("i", "uint", "thread_positon")
        with self.assertRaisesRegex(ValueError, "thread_index_in_simdgroup is uint, ushort, found 'uint3'"):
            MetalParameter("i", "uint3", "thread_index_in_simdgroup")
        self.assertEqual(AT, MetalParameter("at", "uint2", "thread_position_in_grid"))

    def test_package(self):
        self.assertIs(aiopt.MetalParameter, MetalParameter)
        with self.assertRaisesRegex(AttributeError, "no attribute 'load'"):
            aiopt.load


class Names(unittest.TestCase):
    def check(self, want, name="k", inputs=("x",), results=("y",), parameters=(AT,), numbers=0):
        with self.assertRaisesRegex(checks.KernelError, want):
            checks.check_names(name, inputs, results, parameters, numbers)

    def test_names(self):
        checks.check_names("k", ("x",), ("y",), (AT,))
        self.check("the name 'a b': expected a name of letters", name="a b")
        self.check("input 'device' is a word of Metal's own", inputs=("device",))
        self.check("result '__y': names that begin with two underscores", results=("__y",))
        self.check("the name 'x' is given twice", results=("x",))
        self.check("the name 'at' is given twice", inputs=("at",))
        self.check("result_names is empty", results=())
        self.check("it has 33 parameters, Metal takes at most 31", inputs=tuple(f"x{i}" for i in range(31)))
        checks.check_names("k", tuple(f"x{i}" for i in range(31)), ("y",), (AT,), numbers=2)

    def test_templates(self):
        checks.check_templates("k", {"x": "TYPE"}, ("x", "n"), ["n"])
        for templates, want in (
            ({"z": "TYPE"}, "template_dtypes names 'z', which is no input; the inputs are x, n"),
            ({"n": "TYPE"}, "'n', which is a number"),
            ({"x": "a-b"}, "the template 'a-b' of input x"),
        ):
            with self.assertRaisesRegex(checks.KernelError, want):
                checks.check_templates("k", templates, ("x", "n"), ["n"])
        with self.assertRaisesRegex(checks.KernelError, "'T' stands for two inputs"):
            checks.check_templates("k", {"x": "T", "z": "T"}, ("x", "z"), [])


class Texts(unittest.TestCase):
    def check(self, text, want):
        with self.assertRaisesRegex(checks.KernelError, want):
            checks.check_source("k", "source", text, ("model.py", 10))

    def test_refused(self):
        checks.check_source("k", "source", "if (x) {\n /* asm { */ y[0] = 1; // #include\n}")
        self.check("a;\n  #include <x>", r"model.py:11: kernel k, line 2 of its source: #include: aiopt includes Metal's headers")
        self.check("\n\n# embed \"x\"", r"model.py:12: kernel k, line 3 of its source: # embed: no file is read into a kernel")
        self.check("__asm__(\"\");", r"model.py:10: kernel k, line 1 of its source: __asm__: assembler is not run")
        self.check("kernel void f() {}", "give what stands between the kernel's braces")
        self.check("if (x) {\n}}", "line 2 of its source: `}` closes a brace that no line before it opens")
        self.check("if (x) {{\n}", "1 of its braces are not closed")
        self.check(b"", "its source is bytes, expected a string")

    def test_use(self):
        checks.check_use("k", "y[at.x] = f(x[at.x]);", "float f(float v) { return v; }", ("x",), ("y",), (AT,))
        with self.assertRaisesRegex(checks.KernelError, "the source never names the result y"):
            checks.check_use("k", "z[at.y] = x[at.x];", "", ("x",), ("y",), (AT,))
        with self.assertRaisesRegex(checks.KernelError, "the source never names the input x; a kernel calls them by the names of input_names"):
            checks.check_use("k", "y[at.y] = 1; // x", "", ("x",), ("y",), (AT,))
        with self.assertRaisesRegex(checks.KernelError, r"m.py:4: kernel k, line 2 of its source: threads_per_grid is an attribute"):
            checks.check_use("k", "\ny[0] = x[threads_per_grid];", "", ("x",), ("y",), (AT,), ("m.py", 3))

    def test_place(self):
        with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as f:
            f.write('A = "one"\nB = """\n  two\n"""\nC = ("th"\n     "ree")\nD = """\n  two\n"""\n')
        self.addCleanup(os.remove, f.name)
        self.assertEqual(places.find_text("one", f.name, 9), (f.name, 1))
        self.assertEqual(places.find_text("\n  two\n", f.name, 3), (f.name, 2))
        self.assertEqual(places.find_text("\n  two\n", f.name, 9), (f.name, 7))
        self.assertIsNone(places.find_text("three", f.name, 5), "joined parts have no line of their own")
        self.assertIsNone(places.find_text("four", f.name, 1))
        self.assertIsNone(places.find_text("four", "/nowhere.py", 1))


class Threads(unittest.TestCase):
    def check(self, want, group=(8, 4, 1), grid=(3, 2, 1), parameters=(AT,)):
        with self.assertRaisesRegex(checks.KernelError, want):
            checks.check_threads("k", group, grid, parameters)

    def test_threads(self):
        checks.check_threads("k", (32, 32, 1), (3, 2, 1), (AT,))
        checks.check_threads("k", [1, 1, 1], [1, 1, 1], ())
        self.check(r"\(64, 32, 1\) has 2048 threads, expected at most 1024", group=(64, 32, 1))
        self.check("expected integers of 1 to 1024", group=(0, 1, 1))
        self.check("expected integers of 1 to 1024", group=(8.0, 1, 1))
        self.check(r"threads_per_thread_group is 8, expected three sizes", group=8)
        self.check(r"threads_per_grid is \(1, 2\), expected three sizes", grid=(1, 2))
        self.check("expected sizes of 1 or more", grid=(3, 0, 1))
        self.check(r"threads_per_grid is \(1.5, 1, 1\), expected integers, found float; `//` divides integers", grid=(3 / 2, 1, 1))
        self.check("expected integers, found bool", grid=(True, 1, 1))
        self.check("no parameter tells one from another", parameters=())


class Package(unittest.TestCase):
    def test_wheel(self):
        import build_package

        with tempfile.TemporaryDirectory() as folder:
            name = build_package.build_wheel(folder)
            with zipfile.ZipFile(os.path.join(folder, name)) as z:
                names, metadata = z.namelist(), z.read("aiopt-0.1.0.dist-info/METADATA").decode()
            self.assertIn("aiopt/kernel.py", names)
            self.assertIn("Requires-Dist: torch>=2.9\n", metadata)
            self.assertTrue(build_package.build_sdist(folder).endswith(".tar.gz"))


if __name__ == "__main__":
    unittest.main()
