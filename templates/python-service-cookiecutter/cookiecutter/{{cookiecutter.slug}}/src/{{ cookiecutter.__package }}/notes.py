"""Notes: a small resource from end to end, to be replaced by the first real one.

They live in memory and are gone with the process. With a database, `Notes` is the class that
changes, and the database gets a readiness check in main.py.
"""

from datetime import UTC, datetime
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response, status
from pydantic import AwareDatetime, BaseModel, StringConstraints

from .problems import PROBLEM_RESPONSE

router = APIRouter(prefix="/v1/notes", tags=["notes"], responses=PROBLEM_RESPONSE)

CAPACITY = 10_000  # memory is not for ever; a full store says so


class NewNote(BaseModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Note(NewNote):
    id: int
    created_at: AwareDatetime


class Page(BaseModel):
    items: list[Note]
    next_after: int | None  # the `after` of the next page; null on the last one


class Notes:
    """All notes, by id; ids only grow, so a page continues where the last one ended."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._by_id: dict[int, Note] = {}
        self._last_id = 0
        self._lock = Lock()

    def add(self, text: str) -> Note | None:
        """The note that was made, or None when there is no room."""
        with self._lock:
            if len(self._by_id) >= self._capacity:
                return None
            self._last_id += 1
            note = Note(id=self._last_id, text=text, created_at=datetime.now(UTC))
            self._by_id[note.id] = note
            return note

    def get(self, note_id: int) -> Note | None:
        return self._by_id.get(note_id)

    def page(self, after: int, limit: int) -> Page:
        with self._lock:
            found = [note for note in self._by_id.values() if note.id > after][: limit + 1]
        items = found[:limit]
        return Page(items=items, next_after=items[-1].id if len(found) > limit else None)

    def remove(self, note_id: int) -> bool:
        with self._lock:
            return self._by_id.pop(note_id, None) is not None


def stored_notes(request: Request) -> Notes:
    notes: Notes = request.app.state.notes
    return notes


Stored = Annotated[Notes, Depends(stored_notes)]


@router.post("", status_code=status.HTTP_201_CREATED)
def create(new: NewNote, notes: Stored, request: Request, response: Response) -> Note:
    """Write a note down; Location says where it is."""
    note = notes.add(new.text)
    if note is None:
        raise HTTPException(status.HTTP_507_INSUFFICIENT_STORAGE, "No room for another note; delete some first")
    response.headers["Location"] = request.app.url_path_for("read", note_id=note.id)
    return note


@router.get("")
def listing(
    notes: Stored,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Page:
    """Notes, oldest first, a page at a time."""
    return notes.page(after, limit)


@router.get("/{note_id}")
def read(note_id: int, notes: Stored) -> Note:
    """One note."""
    note = notes.get(note_id)
    if note is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no note {note_id}")
    return note


@router.delete("/{note_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(note_id: int, notes: Stored) -> None:
    """Forget a note."""
    if not notes.remove(note_id):
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no note {note_id}")
