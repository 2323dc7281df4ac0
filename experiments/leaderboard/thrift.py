"""The compact protocol of Apache Thrift, as far as Parquet's footer and page headers need it: bytes to plain data, bounded.

Field numbers instead of names, as the specification gives them (thrift/doc/specs/thrift-compact-protocol.md). It exists so that
a stranger's file is judged before a library is let near it: nesting, number of elements and length are limited, and what does
not fit raises ``ValueError``.
"""

from __future__ import annotations

import struct
from typing import Any

_MOST_ELEMENTS = 200_000
_DEEPEST = 12
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


class Reader:
    """Reads structures one after the other.

    Args:
        data: the bytes.
        position: where to start; afterwards, where the last structure ended.
    """

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position
        self._elements = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """One structure: field number -> bool, int, float, bytes, list or another structure."""
        self._limit(depth)
        found: dict[int, Any] = {}
        number = 0
        while True:
            head = self._byte()
            if head == 0:
                return found
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            if number in found:
                raise ValueError(f"field {number} is there twice")
            kind = head & 15
            found[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind == _STRUCT:
            return self.struct(depth + 1)
        return self._plain(kind)

    def _plain(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE, _BYTE):  # a truth value in a list is a byte of its own
            return self._byte() if kind == _BYTE else self._byte() == _TRUE
        if kind in (_I16, _I32, _I64):
            return self._zigzag()
        if kind == _DOUBLE:
            return struct.unpack("<d", self._take(8))[0]
        if kind == _BINARY:
            return self._take(self._varint())
        raise ValueError(f"a value of kind {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        length = head >> 4 if head >> 4 != 15 else self._varint()
        if length > len(self.data) - self.position:  # every element takes a byte at least
            raise ValueError("a list longer than the file")
        return [self._element(head & 15, depth) for _ in range(length)]

    def _element(self, kind: int, depth: int) -> Any:
        self._limit(depth)
        return self._value(kind, depth)

    def _limit(self, depth: int) -> None:
        self._elements += 1
        if depth > _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise ValueError("nested too deep, or too many elements")

    def _zigzag(self) -> int:
        number = self._varint()
        return number >> 1 ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise ValueError("a whole number of more than 64 bits")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, length: int) -> bytes:
        end = self.position + length
        if length < 0 or end > len(self.data):
            raise ValueError("it ends too early")
        part = self.data[self.position : end]
        self.position = end
        return part
