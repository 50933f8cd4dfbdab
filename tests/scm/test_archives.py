"""Archives that a code host sends: nothing in them lands outside, is held in memory, or is unpacked without bound."""

import gzip
import io
import os
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from core.errors import ExternalError, GreenroomError, InputError, TooLarge
from scm import unpacking
from scm.archives import archive_for, export_archive
from scm.folders import MIB, Limits
from tests.scm.hostile_archives import BOMBS, GZIP_LEVEL, packed, special


def extracted(archive: bytes, into: Path, path: str = "", limits: Limits | None = None) -> None:
    export_archive(io.BytesIO(archive), path, into, what="no such folder", limits=limits or Limits())


@pytest.fixture
def into(tmp_path: Path) -> Iterator[Path]:
    """The folder to write into; afterwards nothing lies beside it."""
    place = tmp_path / "inner" / "folder"
    place.parent.mkdir()
    yield place
    assert {one.name for one in tmp_path.iterdir()} == {"inner"}
    assert {one.name for one in place.parent.iterdir()} <= {"folder"}


def test_files_programs_and_links_arrive(into: Path) -> None:
    program = tarfile.TarInfo("top/bin/run")
    program.mode = 0o755
    long = "top/" + "d" * 120 + "/" + "f" * 200
    extracted(
        packed(("top/a", b"1"), program, special("top/l", tarfile.SYMTYPE, "bin/run"), (long, b"2")), into
    )
    assert (into / "a").read_bytes() == b"1"
    assert os.access(into / "bin" / "run", os.X_OK)
    assert (into / "l").readlink() == Path("bin/run")
    assert (into / long.removeprefix("top/")).read_bytes() == b"2"


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        (("top/../../outside", b"x"), InputError, "must stay inside"),
        (("top//etc/outside", b"x"), InputError, "must be relative"),
        (special("top/a", tarfile.REGTYPE, path="top/a\0b"), InputError, "printable"),
        (("top/a\\..\\b", b"x"), InputError, "must be relative"),
        (("top/.git/config", b"x"), InputError, "must stay inside"),
        (("top/%2e%2e/x", b"x"), InputError, "must stay inside"),
        (special("top/hard", tarfile.LNKTYPE, "/etc/passwd"), InputError, "hard link"),
        (special("top/device", tarfile.CHRTYPE), InputError, "device"),
        (special("top/block", tarfile.BLKTYPE), InputError, "device"),
        (special("top/pipe", tarfile.FIFOTYPE), InputError, "pipe"),
        (special("top/link", tarfile.SYMTYPE, "/etc/passwd"), InputError, "outside of its folder"),
        (special("top/link", tarfile.SYMTYPE, "../../outside"), InputError, "outside of its folder"),
        (special("top/link", tarfile.SYMTYPE, "a", linkpath="a\0b"), InputError, "no usable target"),
        (special("top/link", tarfile.SYMTYPE, "a/" * 4000), InputError, "no usable target"),
        (("top/good", b"the same name again"), ExternalError, "exists"),
        (("top/good/below", b"a file as folder"), ExternalError, "exists"),
    ],
    ids=lambda value: (
        value.name if isinstance(value, tarfile.TarInfo) else None
    ),  # no address: workers compare names
)
def test_what_reaches_outside_is_refused_whole(
    into: Path, entry: tarfile.TarInfo | tuple[str, bytes], error: type[GreenroomError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        extracted(packed(("top/good", b"1"), entry), into)
    assert not into.exists()
    assert str(into) not in str(caught.value)


def test_no_file_is_written_through_a_link(into: Path) -> None:
    link = special("top/l", tarfile.SYMTYPE, "../..")
    with pytest.raises((ExternalError, InputError)):
        extracted(packed(link, ("top/l/outside", b"x")), into)
    assert not into.exists()


def test_too_many_files_and_too_much_of_them_is_refused_before_anything_lands(into: Path) -> None:
    many = packed(*((f"top/{number}", b"x") for number in range(30)))
    with pytest.raises(TooLarge, match="29 files"):
        extracted(many, into, limits=Limits(files=28))
    with pytest.raises(TooLarge, match="29 bytes"):
        extracted(many, into, limits=Limits(total_bytes=28))
    assert not into.exists()
    extracted(many, into, limits=Limits(files=30))
    assert len(list(into.iterdir())) == 30


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_and_never_held(into: Path, bomb: str) -> None:
    archive = BOMBS[bomb]()
    assert len(archive) < MIB
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            extracted(archive, into)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert not into.exists()


def test_headers_without_an_end_are_refused(into: Path) -> None:
    endless = packed(*(special("top/a", tarfile.GNUTYPE_LONGNAME) for _ in range(2000)), pax=False)
    with pytest.raises(GreenroomError):
        extracted(endless, into)


def test_folders_count_too(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_ENTRIES", 50)
    with pytest.raises(TooLarge, match="more than 50 entries"):
        extracted(packed(*(special(f"top/{number}", tarfile.DIRTYPE) for number in range(60))), into)


def test_what_nobody_wants_of_an_archive_is_bounded_too(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 3 * MIB)
    archive = packed(("top/large", bytes(4 * MIB)), ("top/wanted/a", b"1"))
    with pytest.raises(TooLarge, match="holds more than"):
        extracted(archive, into, path="wanted")


def test_a_size_below_zero_does_not_read_for_ever(into: Path) -> None:
    header = bytearray(tarfile.TarInfo("top/a").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 11 + b"\x00"  # -256
    header[148:156] = b"        "
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    with pytest.raises(ExternalError, match="damaged"):
        extracted(gzip.compress(bytes(header) + bytes(1024)), into)


@pytest.mark.parametrize("broken", ["short", "flipped", "garbled header", "no archive", "empty"])
def test_a_part_of_an_archive_is_none(into: Path, broken: str) -> None:
    whole = packed(*((f"top/{number}", os.urandom(3000)) for number in range(5)))
    plain = bytearray(gzip.decompress(whole))
    second = plain.index(b"top/1")
    plain[second + 100 : second + 160] = b"\xff" * 60
    archives = {
        "short": whole[: len(whole) // 2],
        "flipped": whole[:9000] + bytes([whole[9000] ^ 0xFF]) + whole[9001:],
        "garbled header": gzip.compress(bytes(plain)),
        "no archive": b"<html>sign in</html>",
        "empty": b"",
    }
    with pytest.raises(ExternalError):
        extracted(archives[broken], into)
    assert not into.exists()


def test_a_large_archive_lies_on_disk_and_leaves_nothing(into: Path) -> None:
    def filled(file: IO[bytes]) -> None:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=GZIP_LEVEL) as tar:
            for number in range(2000):
                info = tarfile.TarInfo(f"top/d{number % 20}/f{number}")
                info.size = 16 * 1024
                tar.addfile(info, io.BytesIO(os.urandom(info.size)))

    with archive_for(into) as archive:
        tracemalloc.start()
        try:
            filled(archive)
            assert archive.tell() > 30 * MIB
            export_archive(archive, "", into, what="")
            assert tracemalloc.get_traced_memory()[1] < 8 * MIB
        finally:
            tracemalloc.stop()
    assert sum(1 for one in into.rglob("f*") if one.is_file()) == 2000
