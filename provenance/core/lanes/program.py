"""SHA-256 of many equally long messages at once, as a program in LLVM's assembly language.

Lane *k* of every vector belongs to message *k*, so one instruction does the same step of 4, 8 or 16
hashes (FIPS 180-4 §6.2, word for word, with all rounds written out). Two functions come of it, for the
two things a tree hashes; both walk over whole groups of *lanes* messages:

* ``pairs(in, out, groups)``: of every 64 bytes in, ``H(0x01 ‖ those)``, an inner node;
* ``leaves(a, a_size, b, b_size, pad, blocks, out, groups)``: ``H(0x00 ‖ a_i ‖ b_i)``. *pad* is room for a
  group of padded messages of *blocks* · 64 bytes each, with everything but a and b filled in already.
"""

from __future__ import annotations

from itertools import pairwise
from math import isqrt

BLOCK = 64
DIGEST = 32
_MASK = 0xFFFFFFFF
_WORDS = 16


class _Writer:
    """Writes instructions over vectors of *lanes* 32-bit words; each method returns a value's name."""

    def __init__(self, lanes: int, prefix: str) -> None:
        self.lanes = lanes
        self.kind = f"<{lanes} x i32>"
        self.lines: list[str] = []
        self._prefix = prefix

    def value(self, expression: str) -> str:
        name = f"%{self._prefix}{len(self.lines)}"
        self.lines.append(f"  {name} = {expression}")
        return name

    def constant(self, word: int) -> str:
        return "<" + ", ".join([f"i32 {word}"] * self.lanes) + ">"

    def op(self, name: str, left: str, *rest: str) -> str:
        for right in rest:
            left = self.value(f"{name} {self.kind} {left}, {right}")
        return left

    def rotated(self, word: str, count: int) -> str:
        return self._call("fshr", word, word, self.constant(count))

    def joined(self, high: str, low: str, count: int) -> str:
        """The upper 32 bits of *high* ‖ *low*, moved left by *count*."""
        return self._call("fshl", high, low, self.constant(count))

    def swapped(self, word: str) -> str:
        return self._call("bswap", word)

    def _call(self, name: str, *arguments: str) -> str:
        given = ", ".join(f"{self.kind} {each}" for each in arguments)
        return self.value(f"call {self.kind} @llvm.{name}.v{self.lanes}i32({given})")

    def pointer(self, base: str, offset: str) -> str:
        return self.value(f"getelementptr i8, ptr {base}, i64 {offset}")

    def number(self, name: str, left: str, right: str) -> str:
        return self.value(f"{name} i64 {left}, {right}")

    def transposed(self, rows: list[str]) -> list[str]:
        """*lanes* vectors with rows and columns exchanged, by swaps of ever larger squares."""
        lanes, step = self.lanes, 1
        while step < lanes:
            for upper in (row for row in range(lanes) if not row & step):
                pair = rows[upper], rows[upper | step]
                low = [lanes + (at ^ step) if at & step else at for at in range(lanes)]
                high = [lanes + at if at & step else at ^ step for at in range(lanes)]
                rows[upper], rows[upper | step] = self._shuffled(pair, low), self._shuffled(pair, high)
            step *= 2
        return rows

    def _shuffled(self, pair: tuple[str, str], places: list[int], kind: str = "") -> str:
        chosen = ", ".join(f"i32 {place}" for place in places)
        vectors = f"{self.kind} {pair[0]}, {self.kind} {pair[1]}"
        return self.value(f"shufflevector {vectors}, <{len(places)} x i32> <{chosen}>")

    def loaded_block(self, base: str, stride: str) -> list[str]:
        """The sixteen big-endian words of a block of every message, the first at *base*."""
        starts = [self.pointer(base, self.number("mul", stride, str(lane))) for lane in range(self.lanes)]
        words: list[str] = []
        for part in range(0, _WORDS, self.lanes):
            places = [self.pointer(start, str(4 * part)) for start in starts]
            rows = [self.value(f"load {self.kind}, ptr {place}, align 1") for place in places]
            words += self.transposed(rows)
        return [self.swapped(word) for word in words]

    def store_digests(self, words: list[str], base: str) -> None:
        """Write the eight words of every message's digest, 32 bytes a message, from *base* on."""
        swapped = [self.swapped(word) for word in words]
        width = min(self.lanes, 8)
        for part in range(0, 8, width):
            rows = swapped[part : part + width] + ["zeroinitializer"] * (self.lanes - width)
            for lane, row in enumerate(self.transposed(rows)):
                short = self._shuffled((row, row), list(range(width)))
                place = self.pointer(base, str(DIGEST * lane + 4 * part))
                self.lines.append(f"  store <{width} x i32> {short}, ptr {place}, align 1")

    def compressed(self, state: list[str], block: list[str]) -> list[str]:
        """The state after one block of every message (FIPS 180-4 §6.2.2)."""
        words = list(block)
        a, b, c, d, e, f, g, h = state
        for round_, constant in enumerate(_round_constants()):
            if round_ >= _WORDS:
                words[round_ % _WORDS] = self._scheduled(words, round_)
            choice = self.op("xor", self.op("and", self.op("xor", f, g), e), g)
            added = self.op("add", words[round_ % _WORDS], self.constant(constant))
            first = self.op("add", h, self._sum(e, 6, 11, 25), choice, added)
            most = self.op("xor", self.op("and", self.op("xor", a, b), self.op("xor", a, c)), a)
            second = self.op("add", self._sum(a, 2, 13, 22), most)
            a, b, c, d, e, f, g, h = self.op("add", first, second), a, b, c, self.op("add", d, first), e, f, g
        return [self.op("add", *pair) for pair in zip(state, (a, b, c, d, e, f, g, h), strict=True)]

    def _scheduled(self, words: list[str], round_: int) -> str:
        early, late = words[(round_ - 15) % _WORDS], words[(round_ - 2) % _WORDS]
        low = self.op("xor", self.rotated(early, 7), self.rotated(early, 18), self._shifted(early, 3))
        high = self.op("xor", self.rotated(late, 17), self.rotated(late, 19), self._shifted(late, 10))
        return self.op("add", words[round_ % _WORDS], low, words[(round_ - 7) % _WORDS], high)

    def _shifted(self, word: str, count: int) -> str:
        return self.op("lshr", word, self.constant(count))

    def _sum(self, word: str, *counts: int) -> str:
        return self.op("xor", *(self.rotated(word, count) for count in counts))

    def initial(self) -> list[str]:
        return [self.constant(word) for word in _initial_state()]


def program(lanes: int) -> str:
    """The module for vectors of *lanes* words, 4, 8 or 16."""
    kind = f"<{lanes} x i32>"
    declared = "\n".join(
        f"declare {kind} @llvm.{name}.v{lanes}i32({', '.join([kind] * count)})"
        for name, count in (("fshr", 3), ("fshl", 3), ("bswap", 1))
    )
    moved = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
    return "\n".join([declared, moved, _pairs(lanes), _leaves(lanes)])


def _attributes(lanes: int) -> str:
    bits = 32 * lanes  # else LLVM halves wide vectors to spare the clock of older processors
    return f'nounwind "min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}"'


def _pairs(lanes: int) -> str:
    code = _Writer(lanes, "p")
    source = code.pointer("%in", code.number("mul", "%group", str(BLOCK * lanes)))
    target = code.pointer("%out", code.number("mul", "%group", str(DIGEST * lanes)))
    # The prefix moves every word by one byte, and the last byte into a second block.
    words = code.loaded_block(source, str(BLOCK))
    first = [code.joined(code.constant(1), words[0], 24)]
    first += [code.joined(left, right, 24) for left, right in pairwise(words)]
    last = code.joined(words[-1], code.constant(0x80 << 24), 24)
    length = code.constant(8 * (BLOCK + 1))
    rest = [last, *[code.constant(0)] * (_WORDS - 2), length]
    code.store_digests(code.compressed(code.compressed(code.initial(), first), rest), target)
    body = "\n".join(code.lines)
    return f"""
define void @pairs(ptr %in, ptr %out, i64 %groups) {_attributes(lanes)} {{
entry:
  %none = icmp eq i64 %groups, 0
  br i1 %none, label %end, label %loop
loop:
  %group = phi i64 [0, %entry], [%next, %loop]
{body}
  %next = add i64 %group, 1
  %done = icmp eq i64 %next, %groups
  br i1 %done, label %end, label %loop
end:
  ret void
}}"""


def _leaves(lanes: int) -> str:
    """Three loops: over groups, over the lanes of a group to lay out messages, over their blocks."""
    head = _Writer(lanes, "h")
    target = head.pointer("%out", head.number("mul", "%group", str(DIGEST * lanes)))
    before = head.number("mul", "%group", str(lanes))
    loop, after = _compression_loop(lanes)
    tail = _Writer(lanes, "t")
    tail.store_digests(after, target)
    begin, end = "\n".join(head.lines), "\n".join(tail.lines)
    return f"""
define void @leaves(ptr %a, i64 %a_size, ptr %b, i64 %b_size, ptr %pad, i64 %blocks, ptr %out, i64 %groups)
  {_attributes(lanes)} {{
entry:
  %stride = mul i64 %blocks, {BLOCK}
  %b_at = add i64 %a_size, 1
  %none = icmp eq i64 %groups, 0
  br i1 %none, label %end, label %start
start:
  %group = phi i64 [0, %entry], [%next, %tail]
{begin}
  br label %lay
lay:
{_laid_out(lanes, before)}
{loop}
tail:
{end}
  %next = add i64 %group, 1
  %done = icmp eq i64 %next, %groups
  br i1 %done, label %end, label %start
end:
  ret void
}}"""


def _compression_loop(lanes: int) -> tuple[str, list[str]]:
    """The loop over the blocks of the messages in pad, and the names of the state after it."""
    code = _Writer(lanes, "b")
    state = [f"%s{place}" for place in range(8)]
    words = code.loaded_block(code.pointer("%pad", code.number("mul", "%block", str(BLOCK))), "%stride")
    after = code.compressed(state, words)
    carried = "\n".join(
        f"  {name} = phi {code.kind} [{begin}, %lay], [{end}, %hash]"
        for name, begin, end in zip(state, code.initial(), after, strict=True)
    )
    body = "\n".join(code.lines)
    loop = f"""hash:
  %block = phi i64 [0, %lay], [%block_next, %hash]
{carried}
{body}
  %block_next = add i64 %block, 1
  %last = icmp eq i64 %block_next, %blocks
  br i1 %last, label %tail, label %hash"""
    return loop, after


def _laid_out(lanes: int, before: str) -> str:
    """The loop that copies both pieces of the messages from number *before* on to their places in pad."""
    return f"""  %lane = phi i64 [0, %start], [%lane_next, %lay]
  %at = add i64 {before}, %lane
  %row = mul i64 %lane, %stride
  %a_from_at = mul i64 %at, %a_size
  %b_from_at = mul i64 %at, %b_size
  %a_to_at = add i64 %row, 1
  %b_to_at = add i64 %row, %b_at
  %a_from = getelementptr i8, ptr %a, i64 %a_from_at
  %b_from = getelementptr i8, ptr %b, i64 %b_from_at
  %a_to = getelementptr i8, ptr %pad, i64 %a_to_at
  %b_to = getelementptr i8, ptr %pad, i64 %b_to_at
  call void @llvm.memcpy.p0.p0.i64(ptr %a_to, ptr %a_from, i64 %a_size, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %b_to, ptr %b_from, i64 %b_size, i1 false)
  %lane_next = add i64 %lane, 1
  %all = icmp eq i64 %lane_next, {lanes}
  br i1 %all, label %hash, label %lay"""


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _initial_state() -> list[int]:
    """Fractions of the square roots of the first eight primes (FIPS 180-4 §5.3.3)."""
    return [isqrt(prime << 64) & _MASK for prime in _primes(8)]


def _round_constants() -> list[int]:
    """Fractions of the cube roots of the first sixty-four primes (FIPS 180-4 §4.2.2)."""
    return [_cube_root(prime << 96) & _MASK for prime in _primes(64)]


def _cube_root(number: int) -> int:
    root = 1 << -(-number.bit_length() // 3)
    while (better := (2 * root + number // root**2) // 3) < root:  # Newton, from above
        root = better
    return root
