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
