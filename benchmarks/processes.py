"""CPU time and memory of process trees, read from Linux's /proc; elsewhere there are no figures."""

import argparse
import json
import os
import threading
import time
from pathlib import Path
from types import TracebackType

from benchmarks.server import Unmeasurable

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def parse(options: argparse.Namespace) -> dict[str, int]:
    """`--process app=4711` → {"app": 4711}; Unmeasurable for anything that is no running process."""
    found = dict(json.loads(options.server.read_text())["processes"]) if options.server else {}
    for text in options.process:
        name, _, pid = text.partition("=")
        if not pid.isdigit() or not _PROC.exists() or not (_PROC / pid).exists():
            raise Unmeasurable(f"--process {text}: expected NAME=PID of a process that runs on this Linux")
        found[name] = int(pid)
    return found


class Usage:
    """What named process trees use between entering and leaving the block.

    Afterwards: `seconds`; `cpu`: seconds of CPU by name; `memory`: the peak of the tree's memory in MiB by name,
    pages that are shared counted once (PSS); `others`: cores that everything else on the machine kept busy, so
    that a disturbed figure can be told from a good one.
    """

    def __init__(self, trees: dict[str, int], every: float = 0.2) -> None:
        self.trees, self.every = trees, every
        self.seconds = self.others = 0.0
        self.cpu: dict[str, float] = {}
        self.memory: dict[str, float] = dict.fromkeys(trees, 0.0)
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Usage":
        self._began = time.monotonic()
        self._cpu_before = {name: cpu_of(pid) for name, pid in self.trees.items()}
        self._machine_before, self._ours_before = machine_busy(), self._ours()
        if self.trees:
            self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._began
        self.cpu = self.cpu_so_far()
        busy = machine_busy() - self._machine_before - (self._ours() - self._ours_before)
        self.others = max(0.0, busy / self.seconds)
        self._over.set()
        if self.trees:
            self._sampler.join()

    def cpu_so_far(self) -> dict[str, float]:
        """CPU seconds by name since the block began."""
        return {name: cpu_of(pid) - self._cpu_before[name] for name, pid in self.trees.items()}

    def figures(self, requests: int = 0) -> dict[str, float]:
        """For a line of figures; CPU by request when their number is given."""
        found = {"others_cores": round(self.others, 2)}
        for name in self.trees:
            if requests:
                found[f"{name}_cpu_ms"] = round(1000 * self.cpu[name] / requests, 3)
            else:
                found[f"{name}_cpu_s"] = round(self.cpu[name], 2)
            found[f"{name}_memory_mib"] = round(self.memory[name])
        return found

    def _sample(self) -> None:
        while True:
            for name, pid in self.trees.items():
                self.memory[name] = max(self.memory[name], memory_of(pid))
            if self._over.wait(self.every):
                return

    def _ours(self) -> float:
        members = {pid for root in (os.getpid(), *self.trees.values()) for pid in tree(root)}
        return sum(_cpu(pid) for pid in members)


def tree(root: int) -> list[int]:
    """A process and all below it that live now."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir() if _PROC.exists() else ():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(pid := waiting.pop())
        waiting += children.get(pid, [])
    return found


def cpu_of(root: int) -> float:
    """CPU seconds of a tree so far, with the children that were there and ended."""
    return sum(_cpu(pid) for pid in tree(root))


def memory_of(root: int) -> float:
    """Memory of a tree in MiB, each shared page counted once."""
    kib = 0
    for pid in tree(root):
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except OSError:  # it ended meanwhile
            continue
        kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kib / 1024


def machine_busy() -> float:
    """CPU seconds that all cores together were busy since the machine started."""
    try:
        line = (_PROC / "stat").read_text().partition("\n")[0]
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, *interrupts = (int(text) for text in line.split()[1:8])
    return (user + nice + system + sum(interrupts)) / _TICKS


def _cpu(pid: int) -> float:
    stat = _stat(pid)  # user and system time of itself, then of the children it has waited for
    return sum(int(text) for text in stat[11:15]) / _TICKS if stat else 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the program's name; none when it has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
