"""What large work took goes back to the machine."""

import sys

import psutil
import pytest

from core import memory


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
def test_freed_memory_is_given_back() -> None:
    process = psutil.Process()
    pieces = [bytearray(4000) for _ in range(40_000)]  # 160 MB in pieces that glibc takes from its heap
    kept = pieces[::2000]  # some stay, all over the heap
    held = process.memory_info().rss
    del pieces
    memory.give_back()
    assert len(kept) == 20
    assert held - process.memory_info().rss > 100_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap")
def test_it_is_looked_for_only_when_much_was_taken() -> None:
    memory.give_back()
    memory.give_back_if_grown()
    assert not memory.give_back_if_grown()
    taken = bytearray(memory.GROWN + (8 << 20))
    assert len(taken) > memory.GROWN
    assert memory.give_back_if_grown()
    assert not memory.give_back_if_grown()  # what is still in use is not looked for again
