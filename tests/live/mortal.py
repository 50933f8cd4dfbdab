"""A worker for tests, that is killed, cut off or paused at the very moment that it is told.

It reads commands from standard input, a line of JSON each, and answers with a line of JSON:

    [{"location": id, "how": "kill" | "cut" | "pause" | "", "at": 17}, …]  refreshes at the same time, each in a process
    "resume"                                                              lets those go on that were paused

Who is paused while it holds the catalog's lock loses it after a second.

`at` counts what is said to PostgreSQL, so that with one number after the other every moment is met. The answer tells
of each process how it ended (`killed`, `paused`, `done`, `failed`) and how often it spoke.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import django
import psycopg

django.setup()

import config  # noqa: E402, F401 - the application that the doors belong to
from catalog.ingest import store  # noqa: E402
from catalog.tasks import refresh_location  # noqa: E402 - Django must be ready

ENDS = {0: "done", 1: "failed"}


def work(command: dict[str, Any], told: int) -> None:
    """Do what a worker does with its message; never comes back."""
    spoken = 0
    wait: Callable[..., Any] = psycopg.Connection.wait

    def counted(connection: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal spoken
        spoken += 1
        if spoken == command["at"]:
            os.write(told, f"{spoken}\n".encode())
            if command["how"] == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if command["how"] == "pause":
                os.kill(os.getpid(), signal.SIGSTOP)
            if command["how"] == "cut":
                with socket.socket(fileno=os.dup(connection.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)
        return wait(connection, *args, **kwargs)

    psycopg.Connection.wait = counted  # type: ignore[method-assign,assignment]
    code = 1
    try:
        with suppress(django.db.DatabaseError):
            refresh_location(command["location"])
            code = 0
    finally:
        os.write(told, f"{spoken}\n".encode())
        os._exit(code)


def begin(command: dict[str, Any]) -> tuple[int, int]:
    """Its process, and what it will tell by."""
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(hear)
        work(command, tell)
    os.close(tell)
    return pid, hear


def watch(processes: dict[int, int]) -> list[dict[str, Any]]:
    """Wait until each has ended or paused; who paused stays among the processes."""
    found = []
    for pid in list(processes):
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            found.append({"end": "paused", "spoken": 0})
            continue
        with os.fdopen(processes.pop(pid)) as told:
            spoken = [int(line) for line in told]
        end = "killed" if os.WIFSIGNALED(status) else ENDS[os.WEXITSTATUS(status)]
        found.append({"end": end, "spoken": spoken[-1]})
    return found


def main() -> None:
    store.LONGEST_PAUSE = "1s"
    processes: dict[int, int] = {}
    for line in sys.stdin:
        command = json.loads(line)
        if command == "resume":
            for pid in processes:
                os.kill(pid, signal.SIGCONT)
        else:
            processes.update(begin(one) for one in command)
        sys.stdout.write(json.dumps(watch(processes)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
