"""Safetensors files whose tensors are written one by one. Needs no torch."""

import json
import os
import secrets
import struct
import zlib

#: Bytes that are left for the header, which is known at the end; spaces fill up what it does not take.
ROOM = 4 << 20
#: Bytes of data that are moved instead, so that a small file stays small.
CHEAP = 64 << 20
#: Bytes that a header may take, as the format's own library has it.
MOST = 100 << 20

_PART = 4 << 20
_ALIGNMENT = 64


class TensorFile:
    """A file that appears under its name when it is complete, and is gone if an error ends the ``with``."""

    def __init__(self, path, room=ROOM, cheap=CHEAP):
        self.path, self.room, self.cheap, self.size = os.path.realpath(path), room, cheap, 0
        self._tensors, self._sums = {}, {}
        self._partial = os.path.join(os.path.dirname(self.path), f".aiopt-{secrets.token_hex(4)}")
        self._file = os.fdopen(os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), "w+b")
        self._file.seek(room)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._file.close()
        if kind is None:
            os.replace(self._partial, self.path)
        else:
            os.unlink(self._partial)

    def __contains__(self, name):
        return name in self._tensors

    def __len__(self):
        return len(self._tensors)

    def add(self, name, dtype, shape, data):
        """Write the bytes of a tensor, row-major and little-endian."""
        if name in self._tensors:
            raise ValueError(f"there is a tensor {name!r} already")
        size = memoryview(data).nbytes
        self._file.write(data)
        self._tensors[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [self.size, self.size + size]}
        self._sums["crc32." + name] = f"{zlib.crc32(data):08x}"
        self.size += size

    def finish(self, metadata):
        """Write the header."""
        text = json.dumps({"__metadata__": {**metadata, **self._sums}, **self._tensors}, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-(8 + len(text)) % _ALIGNMENT)
        if 8 + len(text) > self.room or self.size <= self.cheap:
            self._move(8 + len(text))
        else:
            text += b" " * (self.room - 8 - len(text))
        if len(text) > MOST:
            raise ValueError(f"{len(self)} tensors need a header of {len(text)} bytes, the format allows {MOST}")
        self._file.seek(0)
        self._file.write(struct.pack("<Q", len(text)) + text)

    def _move(self, to):
        """Move the data, the last part first where it goes up, so that none is written over before it is read."""
        starts = range(0, self.size, _PART)
        for start in reversed(starts) if to > self.room else starts:
            self._file.seek(self.room + start)
            part = self._file.read(min(_PART, self.size - start))
            self._file.seek(to + start)
            self._file.write(part)
        self._file.truncate(to + self.size)
