"""Skeletons and values that mean harm: each ends in a sentence, and the workspace is as it was."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import InputError, TooLarge
from core.forked import ForkServer
from scaffolder.rendering import child
from scaffolder.rendering.child import RenderingCancelled, run_child
from scaffolder.rendering.cookiecutter import CookiecutterOptions
from scaffolder.rendering.fetching import fetch_cookiecutter, fetch_template
from scaffolder.rendering.limits import MB, Limits
from scaffolder.rendering.tree import TemplateOptions

from .test_template import grow, tree

NAMED = {"dir/${{ values.name }}.txt": "x"}


def refusal(tmp_path: Path, skeleton: Path, *, limits: Limits | None = None, **options: Any) -> InputError:
    """What is said to a skeleton, when the workspace had one file; nothing else may be there afterwards."""
    work = grow(tmp_path / "work", {"out/mine.txt": "mine"})
    with pytest.raises(InputError) as caught:
        fetch_template(
            skeleton, work / "out", TemplateOptions(**options), hosts={}, limits=limits or Limits()
        )
    assert tree(work) == {"out": "/", "out/mine.txt": "mine"}
    assert not [path for path in tmp_path.rglob("escaped*") if skeleton not in path.parents]
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped",
        "../../../escaped",
        "a/../../../escaped",
        "%2e%2e/%2e%2e/escaped",
        "..%2f..%2fescaped",
        "a\0b",
        "a\\..\\b",
    ],
)
def test_a_name_that_leaves_its_folder(tmp_path: Path, name: str) -> None:
    error = refusal(tmp_path, grow(tmp_path / "s", NAMED), values={"name": name})
    assert "leaves its folder" in error.message


def test_a_name_that_is_absolute_is_left_out_like_an_empty_one(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "s", {"${{ values.name }}": "x", "b": "b"})
    fetch_template(
        skeleton, tmp_path / "out", TemplateOptions(values={"name": f"{tmp_path}/escaped"}), hosts={}
    )
    assert tree(tmp_path / "out") == {"b": "b"}
    assert not (tmp_path / "escaped").exists()


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    error = refusal(tmp_path, grow(tmp_path / "s", NAMED), values={"name": "x" * 300})
    assert "more than 255 bytes" in error.message


@pytest.mark.parametrize("name", [".git", ".GIT"])
def test_no_git_folder_is_made(tmp_path: Path, name: str) -> None:
    skeleton = grow(tmp_path / "s", {"${{ values.name }}/hooks/post-commit": "touch pwned"})
    assert "makes no .git folder" in refusal(tmp_path, skeleton, values={"name": name}).message


@pytest.mark.parametrize("target", ["../../escaped", "/etc/passwd", "..", "a/../../x"])
def test_a_link_that_leaves_the_skeleton(tmp_path: Path, target: str) -> None:
    skeleton = grow(tmp_path / "s", {"a/b": "b"})
    (skeleton / "link").symlink_to(target)
    assert "link 'link' points to" in refusal(tmp_path, skeleton).message


def test_a_link_that_leaves_by_way_of_another(tmp_path: Path) -> None:
    """By its text `p/q/d/../../x` stays; followed through d it does not."""
    skeleton = grow(tmp_path / "s", {"p/q/r": "r", "top/file": "f"})
    (skeleton / "p/q/d").symlink_to("../../top")
    (skeleton / "out").symlink_to("p/q/d/../../escaped")
    assert "outside of its folder" in refusal(tmp_path, skeleton).message


def test_a_link_that_would_leave_where_its_path_renders_to(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "s", {"escaped": "inside of the skeleton it is harmless"})
    (skeleton / "${{ values.dot }}").mkdir()
    (skeleton / "${{ values.dot }}/x").symlink_to("../escaped")
    assert "points outside of" in refusal(tmp_path, skeleton, values={"dot": "."}).message


def test_what_is_neither_file_nor_folder(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "s", {"a": "a"})
    os.mkfifo(skeleton / "pipe")
    assert "'pipe', which is neither a file, a folder nor a link" in refusal(tmp_path, skeleton).message


def test_a_file_of_50_megabytes(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "s", {"a": "a"})
    with (skeleton / "big.bin").open("wb") as big:
        big.truncate(50 * MB)
    error = refusal(tmp_path, skeleton)
    assert isinstance(error, TooLarge)
    assert (
        error.message == f"skeleton file 'big.bin' has {50 * MB} bytes; one file may have at most {10 * MB}"
    )


def test_too_many_files_and_too_many_bytes(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "s", {f"{place}.txt": "x" * 100 for place in range(20)})
    assert "more than 10 files" in refusal(tmp_path, skeleton, limits=Limits(files=10)).message
    assert "more than 1500 bytes" in refusal(tmp_path, skeleton, limits=Limits(total_bytes=1500)).message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${{ 'x'.repeat(1000000000) }}", "makes a text of more than"),
        ("{% for i in range(100000) %}${{ values.long }}{% endfor %}", "writes more than"),
        ("{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}", "does more than"),
        (
            "${{ nope | nosuch }}",
            "skeleton file 'a.txt': Template error at line 1, column 12: Unknown template filter",
        ),
        ("{% include '/etc/passwd' %}", "Unsupported template-loading tag"),
    ],
)
def test_a_file_that_wants_too_much_or_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    skeleton = grow(tmp_path / "s", {"a.txt": text, "0.txt": "made before the error"})
    error = refusal(tmp_path, skeleton, values={"long": "x" * 10_000})
    assert reason in error.message
    assert "'a.txt'" in error.message


def test_a_path_that_is_wrong_names_itself(tmp_path: Path) -> None:
    error = refusal(tmp_path, grow(tmp_path / "s", {"${{ values.name | nosuch }}": "x"}))
    assert error.message.startswith(
        "skeleton path '${{ values.name | nosuch }}': Template error at line 1, column 19"
    )


def test_a_form_value_is_data(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "s", {"a.txt": "${{ values.name }} {% set x = values.name %}${{ x }}"})
    fetch_template(
        skeleton, tmp_path / "out", TemplateOptions(values={"name": "${{ 7 * 7 }}{% raw %}"}), hosts={}
    )
    assert (tmp_path / "out/a.txt").read_text() == "${{ 7 * 7 }}{% raw %} ${{ 7 * 7 }}{% raw %}"


def cookiecutter(tmp_path: Path, text: str, **more: str) -> Path:
    return grow(tmp_path / "s", {"cookiecutter.json": '{"x": 1}', "p{{ cookiecutter.x }}/a.txt": text} | more)


@pytest.mark.parametrize(
    ("text", "limits", "reason"),
    [
        ("{{ 'x' * 1000000000 }}", Limits(memory_bytes=512 * MB), "rendering needs more than 512 MB"),
        ("{{ '%1000000000d' % 1 }}", Limits(memory_bytes=512 * MB), "rendering needs more than 512 MB"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            Limits(seconds=1),
            "more than 1 seconds",
        ),
        ("{{ 'x' * 12000000 }}", Limits(), "could not be written"),
        ("{{ 'x' * 2000 }}", Limits(total_bytes=1000), "more than 1000 bytes"),
    ],
)
def test_a_cookiecutter_that_wants_too_much(tmp_path: Path, text: str, limits: Limits, reason: str) -> None:
    skeleton = cookiecutter(tmp_path, text)
    start = time.monotonic()
    with pytest.raises(InputError, match=reason):
        fetch_cookiecutter(skeleton, tmp_path / "work/out", CookiecutterOptions(), limits=limits)
    assert time.monotonic() - start < 20
    assert not list(tmp_path.glob("work/*"))


def test_cancel_ends_the_child_at_once(tmp_path: Path) -> None:
    skeleton = cookiecutter(
        tmp_path, "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    )
    cancel = threading.Event()
    timer = threading.Timer(0.7, cancel.set)
    timer.start()
    start = time.monotonic()
    with pytest.raises(RenderingCancelled):
        fetch_cookiecutter(skeleton, tmp_path / "work/out", CookiecutterOptions(), cancel=cancel)
    assert time.monotonic() - start < 10
    timer.join()
    assert not list((tmp_path / "work").iterdir())
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in running


HOSTILE = """
import os, socket, subprocess, sys
from collections.abc import Callable
from pathlib import Path

def attempt(work):
    try:
        return f"did {work()!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def known_folder(inside, outside):
    # a folder that was written to becomes a link
    (inside / "known").mkdir()
    (inside / "known/first").write_text("x")
    (inside / "known/first").unlink()
    (inside / "known").rmdir()
    os.symlink(outside, inside / "known")
    return (inside / "known/escaped").write_text("x")

def renamed_link(inside, outside):
    (inside / "place").mkdir()
    (inside / "place/first").write_text("x")
    os.symlink(outside, inside / "other")
    os.rename(inside / "place", inside / "elsewhere")
    os.rename(inside / "other", inside / "place")
    return (inside / "place/escaped").write_text("x")

def dots(inside, deep):
    # outside for the kernel, inside for who reads the text
    os.symlink(deep, inside / "down")
    return open(f"{inside}/down/../escaped", "w").write("x")

def answer(request, limits):
    inside = Path(request["staging"])
    return {"found": {
        "environment": sorted(os.environ),
        "django": [name for name in sys.modules if name.split(".")[0] in {"django", "celery", "psycopg"}],
        "socket": attempt(lambda: socket.create_connection(("127.0.0.1", 1))),
        "process": attempt(lambda: subprocess.run(["id"])),
        "system": attempt(lambda: os.system("id")),
        "fork": attempt(os.fork),
        "write": attempt(lambda: Path(request["outside"]).write_text("x")),
        "link": attempt(lambda: os.symlink("/etc/passwd", Path(request["outside"]))),
        "through": attempt(lambda: (os.symlink(Path(request["outside"]).parent, inside / "l"), (inside / "l/escaped").write_text("x"))),
        "known folder": attempt(lambda: known_folder(inside, Path(request["outside"]).parent)),
        "renamed link": attempt(lambda: renamed_link(inside, Path(request["outside"]).parent)),
        "dots": attempt(lambda: dots(inside, Path(request["outside"]).parent / "deep")),
        "remove": attempt(lambda: os.remove(request["victim"])),
        "inside": attempt(lambda: (inside / "fine").write_text("x")),
        "leader": os.getsid(0) == os.getpid(),
    }}
"""


def test_the_child_is_shut_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walls behind the sandbox, tried from Python code inside of them."""
    (tmp_path / "hostile_child.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    server = ForkServer(child.SERVER.entry, child.SERVER.modules)  # one that knows of the path
    monkeypatch.setattr(child, "SERVER", server)
    monkeypatch.setenv("GREENROOM_SECRET", "s3cret")
    (tmp_path / "staging").mkdir()
    (tmp_path / "deep").mkdir()
    (tmp_path / "victim").write_text("x")
    reply = run_child(
        "hostile_child",
        {
            "staging": str(tmp_path / "staging"),
            "outside": str(tmp_path / "escaped"),
            "victim": str(tmp_path / "victim"),
        },
        limits=Limits(),
    )["found"]
    server.close()
    assert set(reply["environment"]) <= {"PATH", "LANG", "HOME", "TMPDIR", "LC_CTYPE"}
    assert reply["django"] == []
    ways = ("write", "link", "through", "known folder", "renamed link", "dots", "remove")
    for name in ("socket", "process", "system", "fork", *ways):
        assert reply[name].startswith("InputError"), (name, reply[name])
    assert reply["inside"] == "did 1"
    assert reply["leader"]
    assert (tmp_path / "victim").exists()
    assert not list(tmp_path.glob("escaped"))


PARENT = """
import sys
from collections.abc import Callable
from pathlib import Path
sys.path[:0] = {path!r}
from scaffolder.rendering.cookiecutter import CookiecutterOptions
from scaffolder.rendering.fetching import fetch_cookiecutter
fetch_cookiecutter(Path({skeleton!r}), Path({target!r}), CookiecutterOptions())
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's end"
)
def test_the_child_of_a_killed_worker_ends_with_it(tmp_path: Path) -> None:
    skeleton = cookiecutter(
        tmp_path, "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    )
    text = PARENT.format(path=sys.path, skeleton=str(skeleton), target=str(tmp_path / "work/out"))
    with subprocess.Popen([sys.executable, "-c", text]) as worker:
        until(lambda: list(tmp_path.glob("work/.out.rendering/*")))
        below = psutil.Process(worker.pid).children(recursive=True)
        assert len(below) == 2  # the one that forks, and the one that renders
        worker.kill()
    until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in below))


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives once it gives something, within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come about within ten seconds")
