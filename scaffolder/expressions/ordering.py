"""Puts lists in the order of JavaScript's `<`."""

from collections.abc import Callable
from functools import cmp_to_key

from .values import Value, less


def in_order(items: list[Value], key: Callable[[Value], Value], *, reverse: bool = False) -> list[Value]:
    """Elements by `<` of their keys, those that do not compare staying where they are."""
    sign = -1 if reverse else 1

    def compared(left: tuple[Value, Value], right: tuple[Value, Value]) -> int:
        if less(left[0], right[0]):
            return -sign
        return sign if less(right[0], left[0]) else 0

    keyed = [(key(item), item) for item in items]
    return [item for _, item in sorted(keyed, key=cmp_to_key(compared))]
