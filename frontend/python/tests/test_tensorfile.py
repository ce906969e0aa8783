"""Files of tensors that are written one by one. Needs no torch."""

import json
import os
import struct
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from aiopt import tensorfile  # noqa: E402
from aiopt.tensorfile import TensorFile  # noqa: E402

PARTS = [b"", b"abc", bytes(range(200)), b"x" * 1000]


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    return size, json.loads(data[8 : 8 + size]), data[8 + size :]


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "x.safetensors")

    def write(self, **room):
        with TensorFile(self.path, **room) as file:
            for i, part in enumerate(PARTS):
                file.add(f"t{i}", "U8", [len(part)], part)
            file.finish({"a": "ü"})
        return read(self.path)

    def test_header(self):
        for name, room, size in (
            ("moved down", {"room": 1 << 16, "cheap": 1 << 20}, None),
            ("moved up", {"room": 64, "cheap": 0}, None),
            ("left", {"room": 1 << 12, "cheap": 0}, (1 << 12) - 8),
        ):
            with self.subTest(name):
                found, header, data = self.write(**room)
                self.assertEqual(found % 64, 56, "the data is aligned")
                if size:
                    self.assertEqual(found, size)
                else:
                    self.assertLess(found, 1000)
                self.assertEqual(data, b"".join(PARTS))
                self.assertEqual(header["__metadata__"]["a"], "ü")
                for i, part in enumerate(PARTS):
                    begin, end = header[f"t{i}"]["data_offsets"]
                    self.assertEqual(data[begin:end], part)
                    self.assertEqual(header["__metadata__"][f"crc32.t{i}"], f"{zlib.crc32(part):08x}")

    def test_long_moves(self):
        data = os.urandom(2 * tensorfile._PART + 5)
        for room in (8, 1 << 12):
            with TensorFile(self.path, room=room) as file:
                file.add("a", "U8", [len(data)], data)
                file.finish({})
            self.assertEqual(read(self.path)[2], data)

    def test_errors_leave_nothing(self):
        with open(self.path, "w") as f:
            f.write("older")
        with self.assertRaisesRegex(ValueError, "there is a tensor 'a' already"):
            with TensorFile(self.path) as file:
                file.add("a", "U8", [1], b"1")
                file.add("a", "U8", [1], b"1")
        self.assertEqual(os.listdir(self.folder.name), ["x.safetensors"])
        with open(self.path) as f:
            self.assertEqual(f.read(), "older")


if __name__ == "__main__":
    unittest.main()
