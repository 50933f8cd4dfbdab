"""Read catalog files of a folder through the catalog's own judgement, without a database."""

from collections.abc import Iterator
from pathlib import Path

from catalog.processing import Place, Processed, process
from catalog.refs import LocationRef
from catalog.yaml_documents import parse_documents


def entities(file: Path) -> Iterator[Processed]:
    """Every entity of a file as it would be stored, and of the files that its Locations name; raises Refused."""
    at = LocationRef("file", str(file))
    for document in parse_documents(file.read_bytes(), str(file)):
        assert document.problem is None, f"{file}: {document.problem}"
        found = process(document.value, Place(at, at, {}), lambda target: (file.parent / target).read_bytes())
        yield found
        if found.is_location:
            for target in found.entity["spec"]["targets"]:
                yield from entities(file.parent / target)
