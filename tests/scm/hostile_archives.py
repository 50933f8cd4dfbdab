"""Archives as no decent code host sends them."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable

from scm.folders import MIB

GZIP_LEVEL = 1


def packed(*entries: tarfile.TarInfo | tuple[str, bytes], pax: bool = True) -> bytes:
    """A gzipped tar of these entries, whatever they are."""
    made = io.BytesIO()
    form = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=made, mode="w:gz", format=form, compresslevel=GZIP_LEVEL) as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
                continue
            name, content = entry
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def special(name: str, kind: bytes, target: str = "", **pax: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.pax_headers = kind, target, pax
    return info


def zeros(header: tarfile.TarInfo, megabytes: int) -> bytes:
    """A header and that many megabytes of zeros behind it, gzipped."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", compresslevel=GZIP_LEVEL) as file:
        header.size = megabytes * MIB
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(megabytes):
            file.write(bytes(MIB))
        file.write(bytes(2 * tarfile.BLOCKSIZE))
    return made.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "a file of zeros": lambda: zeros(tarfile.TarInfo("top/a"), 64),
    "a header of zeros for the next entry": lambda: zeros(special("top/a", tarfile.XHDTYPE), 64),
    "a header of zeros for all entries": lambda: zeros(special("top/a", tarfile.XGLTYPE), 64),
    "a name of zeros": lambda: zeros(special("top/a", tarfile.GNUTYPE_LONGNAME), 64),
}


def incompressible(*, files: int, size: int) -> bytes:
    """An archive that is as large as its files."""
    return packed(*((f"top/{number}", os.urandom(size)) for number in range(files)))
