"""What the children of test_forked do; imports nothing of the tests."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def answer(argument: str) -> None:
    """One of a few small deeds, told on standard output."""
    if argument == "who":
        open_now = sorted(int(path.name) for path in Path("/dev/fd").iterdir())
        told = {"pid": os.getpid(), "group": os.getpgid(0), "server": os.getppid()}
        sys.stdout.write(
            json.dumps({**told, "environment": dict(os.environ), "cwd": str(Path.cwd()), "open": open_now})
        )
    elif argument == "echo":
        sys.stdout.write(sys.stdin.read())
    elif argument == "fail":
        raise ValueError("this went wrong")
    elif argument == "hang":
        time.sleep(600)
    elif argument == "hang with a child":
        inner = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
        sys.stdout.write(f"{inner.pid}\n")
        sys.stdout.flush()
        time.sleep(600)
    elif argument.startswith("length "):
        sys.stdout.write(str(len(argument)))
