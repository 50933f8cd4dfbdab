"""Lines of processes: whose they are can be seen, on a terminal in colour, and in a file that stays small."""

import io
from pathlib import Path

import pytest

from core.supervisor import output
from core.supervisor.output import Console, LogFile, both


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_names_stand_aligned_before_the_lines() -> None:
    stream = io.StringIO()
    console = Console(["web", "postgres"], stream)
    console("web", "hello")
    console("postgres", "ready")
    assert stream.getvalue() == "web      │ hello\npostgres │ ready\n"


def test_a_terminal_gets_colours_unless_it_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    Console(["web"], coloured)("web", "hello")
    monkeypatch.setenv("NO_COLOR", "1")
    Console(["web"], plain)("web", "hello")
    assert coloured.getvalue() == "\x1b[36mweb │\x1b[0m hello\n"
    assert plain.getvalue() == "web │ hello\n"


def test_a_reader_that_has_gone_stops_nothing() -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    console = Console(["web"], Closed())
    console("web", "one")
    console("web", "two")


def test_a_file_is_put_aside_when_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "LARGEST_FILE", 10)
    path = tmp_path / "log" / "greenroom.log"
    write = both(
        LogFile(path), LogFile(path / "below a file")
    )  # the second can not be written, which stops nothing
    write("web", "first line")
    write("web", "second line")
    assert path.read_text() == "web │ second line\n"
    assert path.with_name("greenroom.log.1").read_text() == "web │ first line\n"
