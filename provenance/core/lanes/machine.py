"""The program of ``program``, compiled for this processor with ``llvmlite``, if that is installed.

It takes a third of a second and some memory once a process. What comes out is compared with ``hashlib``
before it is used at all: a machine whose vectors compute anything else is served by ``plain``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from provenance.core.lanes import plain
from provenance.core.lanes.program import BLOCK, DIGEST, program

MAX_MESSAGE = 8 * BLOCK - 9
"""Bytes of a message with its prefix; longer ones are few, and hashlib takes no longer for them."""
_CACHEFUL = 8_192
"""Hashes worked on at once, 256 KiB: a level is still in the cache when the next one reads it."""
_FEWEST = 4
"""From so many messages on a group that is not full is still quicker than hashlib."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Compiled hashing over *lanes* messages at once; ``engine`` owns the code and must outlive it."""

    lanes: int
    engine: Any
    run_pairs: Callable[..., None]
    run_leaves: Callable[..., None]

    def pairs(self, hashes: bytes) -> bytes:
        """``plain.pairs``, the same bytes."""
        groups, rest = divmod(len(hashes) // BLOCK, self.lanes)
        whole = groups * self.lanes
        made = self._pairs(hashes, groups)
        left = hashes[whole * BLOCK :]
        if rest < _FEWEST:
            return made + plain.pairs(left)
        return made + self._pairs(left.ljust(self.lanes * BLOCK, b"\0"), 1)[: rest * DIGEST]

    def fold(self, hashes: bytes, levels: int) -> bytes:
        """``plain.fold``, the same bytes: trees of 2^levels leaves side by side, a cacheful at a time."""
        if not levels:
            return hashes
        trees = max(1, _CACHEFUL >> levels)
        piece = trees * DIGEST << levels
        # A group may be written whole where a level does not fill it.
        room = ctypes.create_string_buffer(piece // 2 + self.lanes * BLOCK)
        source = ctypes.cast(ctypes.c_char_p(hashes), ctypes.c_void_p).value or 0
        made = []
        for start in range(0, len(hashes), piece):
            pairs = min(piece, len(hashes) - start) // BLOCK
            if start + self._groups(pairs) * self.lanes * BLOCK <= len(hashes):
                self.run_pairs(source + start, room, self._groups(pairs))
            else:
                ctypes.memmove(room, self.pairs(hashes[start:]), pairs * DIGEST)
            for _ in range(levels - 1):
                pairs //= 2
                self.run_pairs(room, room, self._groups(pairs))  # writes behind what it reads
            made.append(ctypes.string_at(room, pairs * DIGEST))
        return b"".join(made)

    def _groups(self, count: int) -> int:
        return -(-count // self.lanes)

    def leaves(self, first: bytes, first_size: int, second: bytes, second_size: int, count: int) -> bytes:
        """``plain.leaves``, the same bytes."""
        sizes = first_size, second_size
        if 1 + sum(sizes) > MAX_MESSAGE:
            return plain.leaves(first, first_size, second, second_size, count)
        groups, rest = divmod(count, self.lanes)
        whole = groups * self.lanes
        made = self._leaves(first, second, sizes, groups)
        left = first[whole * first_size : count * first_size], second[whole * second_size :]
        if rest < _FEWEST:
            return made + plain.leaves(left[0], first_size, left[1], second_size, rest)
        full = [piece.ljust(self.lanes * size, b"\0") for piece, size in zip(left, sizes, strict=True)]
        return made + self._leaves(full[0], full[1], sizes, 1)[: rest * DIGEST]

    def _pairs(self, hashes: bytes, groups: int) -> bytes:
        if not groups:
            return b""
        out = ctypes.create_string_buffer(groups * self.lanes * DIGEST)
        self.run_pairs(hashes, out, groups)
        return out.raw

    def _leaves(self, first: bytes, second: bytes, sizes: tuple[int, int], groups: int) -> bytes:
        if not groups:
            return b""
        size = 1 + sum(sizes)
        blocks = -(-(size + 9) // BLOCK)
        padded = bytes(size) + b"\x80" + bytes(blocks * BLOCK - size - 9) + (8 * size).to_bytes(8, "big")
        room = ctypes.create_string_buffer(padded * self.lanes, self.lanes * blocks * BLOCK)
        out = ctypes.create_string_buffer(groups * self.lanes * DIGEST)
        self.run_leaves(first, sizes[0], second, sizes[1], room, blocks, out, groups)
        return out.raw


@cache
def this_machine() -> Machine | None:
    """The machine for this processor, or ``None`` where there is none or it computes something else."""
    try:
        from llvmlite import binding
    except ImportError:
        return None
    features = binding.get_host_cpu_features()
    lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    return compiled(lanes, features.flatten())


def compiled(lanes: int, features: str) -> Machine | None:
    """Compile for *lanes* words a vector; needs llvmlite. ``None`` if the machine computes other bytes."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=2, jit=True
    )
    engine = binding.create_mcjit_compiler(binding.parse_assembly(program(lanes)), target)
    engine.finalize_object()
    pointer, number = ctypes.c_void_p, ctypes.c_uint64
    # CFUNCTYPE lets go of the interpreter's lock while the function runs.
    pairs = ctypes.CFUNCTYPE(None, pointer, pointer, number)
    leaves = ctypes.CFUNCTYPE(None, pointer, number, pointer, number, pointer, number, pointer, number)
    made = Machine(
        lanes,
        engine,
        pairs(engine.get_function_address("pairs")),
        leaves(engine.get_function_address("leaves")),
    )
    return made if _agrees(made) else None


def _agrees(made: Machine) -> bool:
    """Whether it computes what hashlib does, over one to three blocks and full and broken groups."""
    data = b"".join(plain.pairs(bytes([at]) * BLOCK) for at in range(90))
    if made.pairs(data) != plain.pairs(data):
        return False
    return all(
        made.leaves(data, 16, data[7:], size, made.lanes + 5)
        == plain.leaves(data, 16, data[7:], size, made.lanes + 5)
        for size in (0, 1, 29, 38, 39, 47, 60, 102, 108)
    )
