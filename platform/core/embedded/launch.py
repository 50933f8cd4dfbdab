"""Becomes another program: drops root, keeps the one right to pass closed folders, dies with its parent.

Run as a script (`python -I -S launch.py [options] -- program arguments…`), so it imports the standard library
only and starts in some 20 ms. It exists because the code between fork and exec must not run in a process
that has threads (`preexec_fn`), and because `setpriv` is not everywhere.

Linux does the two special things; elsewhere they are left out:
- `--capability read-search|override`: after the change of account keep CAP_DAC_READ_SEARCH or
CAP_DAC_OVERRIDE as an
  *ambient* capability, so that a server can run beneath a 0700 folder of root's without anybody's permissions
  being changed. SECBIT_NO_SETUID_FIXUP goes with it: without that bit access(2), by which PostgreSQL finds
  its own binary, ignores capabilities of an account that is not root.
- `--death-signal N`: the kernel sends N to the program when the thread that started it is gone.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Never

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES = {"override": 1, "read-search": 2}  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH

NOT_STARTED = 126  # the shell's exit status for "found, but could not be run"


class CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct` of linux/capability.h."""

    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class CapabilityWord(ctypes.Structure):
    """`struct __user_cap_data_struct` of linux/capability.h; version 3 takes two of them."""

    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def through(
    argv: Sequence[str],
    *,
    uid: int | None = None,
    gid: int | None = None,
    capability: str | None = None,
    death_signal: signal.Signals | None = None,
) -> list[str]:
    """The command line that runs `argv` through this module, with the given account and safeguards."""
    words = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    if uid is not None and gid is not None:
        words += ["--uid", str(uid), "--gid", str(gid)]
    if capability is not None:
        words += ["--capability", capability]
    if death_signal is not None:
        words += ["--death-signal", str(int(death_signal))]
    return [*words, "--", *argv]


def main() -> Never:
    """Parse, change what was asked for, and become the program; exit 126 with a sentence when that fails."""
    parent = os.getppid()
    options = _options()
    linux = sys.platform == "linux"
    try:
        if options.uid is not None:
            kept = _before_leaving_root(options.capability) if linux and options.capability else None
            os.setgroups([])
            os.setgid(options.gid)
            os.setuid(options.uid)
            if kept is not None:
                _keep_only(kept)
        if linux and options.death_signal:
            # After the change of account, which would clear it.
            _call("prctl", PR_SET_PDEATHSIG, options.death_signal, 0, 0, 0)
            if os.getppid() != parent:
                _refuse("the process that started it is gone")
        # Python ignores these two, and an ignored signal stays ignored in the program.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.execv(options.argv[0], options.argv)  # noqa: S606  # no shell is exactly what is wanted
    except OSError as error:
        _refuse(f"{error.strerror} (account {os.geteuid()})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launch")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--capability", choices=sorted(CAPABILITIES))
    parser.add_argument("--death-signal", type=int, default=0)
    parser.add_argument("argv", nargs="+")
    return parser.parse_args()


def _before_leaving_root(wanted: str) -> int:
    """Switch off "leaving uid 0 drops every capability"; the number of the capability to be kept."""
    words = (CapabilityWord * 2)()
    _call("capget", ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(words))
    # Containers commonly grant "override" and not the narrower "read-search".
    for name in dict.fromkeys((wanted, "override")):
        number = CAPABILITIES[name]
        if words[0].permitted & (1 << number):
            _call("prctl", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
            return number
    return _refuse("this container grants neither CAP_DAC_READ_SEARCH nor CAP_DAC_OVERRIDE")


def _keep_only(number: int) -> None:
    bit = 1 << number
    words = (CapabilityWord * 2)(CapabilityWord(bit, bit, bit), CapabilityWord(0, 0, 0))
    _call("capset", ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(words))
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    values = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if getattr(libc, name)(*values) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name} failed: {os.strerror(number)}")


def _refuse(reason: str) -> Never:
    sys.stderr.write(f"launch: {_program()} was not started: {reason}\n")
    raise SystemExit(NOT_STARTED)


def _program() -> str:
    return sys.argv[sys.argv.index("--") + 1] if "--" in sys.argv else "the program"


if __name__ == "__main__":
    main()
