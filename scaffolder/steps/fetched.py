"""Brings what a step's `url` names beside the workspace: a folder or a file, as the template means it."""

from pathlib import Path

from catalog.reading import LIMIT, read_tree, read_url, resolve
from catalog.refs import LocationRef
from core.errors import InputError, NotFound, TooLarge
from scaffolder.registry.copies import copy_kept, kept_folder
from scaffolder.registry.pins import kept_place
from scaffolder.rendering.landing import remove
from scaffolder.steps.port import StepContext, text

TOKEN = text(
    "A person's own token for the code host that the address is on; what they may not read is not read."
)


def fetched_folder(ctx: StepContext, url: str, token: str | None = None, *, own: bool = False) -> Path:
    """The folder that `url` names, outside of the workspace: to be read, as all runs of a version may share it.

    With `own` it is a copy that may be taken apart. NotFound when there is no such folder.
    """
    location, kept = _place(ctx, url)
    remove(ctx.scratch)
    ctx.check_cancelled()
    if kept is not None:
        return copy_kept(kept, ctx.scratch) if own else kept_folder(kept)
    read_tree(_address(location), ctx.scratch, token=token or "")
    ctx.check_cancelled()
    return ctx.scratch


def fetched_file(ctx: StepContext, url: str, token: str | None = None) -> bytes:
    """The bytes of the file that `url` names. TooLarge past the 10 MB that any file may have."""
    location, kept = _place(ctx, url)
    ctx.check_cancelled()
    if kept is None:
        return read_url(_address(location), token=token or "")
    if not kept.is_file() or not kept.resolve().is_relative_to(kept.parent.resolve()):
        raise NotFound(f"could not read {kept.name}, the template has no such file")
    if kept.stat().st_size > LIMIT:
        raise TooLarge(f"could not read {kept.name}, it has more than {LIMIT // 1024 // 1024} MB")
    return kept.read_bytes()


def _place(ctx: StepContext, url: str) -> tuple[LocationRef, Path | None]:
    """What the address names, and where the copy of it lies that was kept with the template's version."""
    file_base = ctx.base_url.startswith("file://")
    base = LocationRef("file" if file_base else "url", ctx.base_url.removeprefix("file://"))
    location = resolve(url, base)
    if location.type == "file" and not file_base:
        raise InputError(
            f"url {url!r} names a file of this machine; the template lies elsewhere: use a web address"
        )
    kept = kept_place(ctx.base_url, ctx.kept, location.target) if location.type == "file" else None
    return location, kept


def _address(location: LocationRef) -> str:
    return f"file:{location.target}" if location.type == "file" else location.target
