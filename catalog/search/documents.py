"""An entity, or a page of its documentation → what a search answers with, and the words by which it is found.

The members of a document are those of Backstage's collators (FRONTEND.md 4), since its search page and its
users' scripts read them. The words lie in one `tsvector`, heavier ones first: A name and title, B kind, type,
owner, lifecycle and tags, C description, D the text of a page. Three more sorts of lexemes lie beside them,
which no word can be mistaken for, so that one index answers everything:

- `=ordersapi`     the whole name, and the whole title: what is asked for by its very name comes first
- `kind=component` what `filters[…]` asks for
- `is=techdocs`    what `types[…]` asks for
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson

from catalog.problems import storable
from catalog.search.words import fold, name_words, words

CATALOG, TECHDOCS = "software-catalog", "techdocs"
TYPES = (CATALOG, TECHDOCS)
FILTERS = {
    "kind": "kind",
    "type": "type",
    "componentType": "type",
    "lifecycle": "lifecycle",
    "owner": "owner",
    "namespace": "namespace",
    "name": "name",
}
"""What can be filtered by, and the lexemes that answer it."""
LONGEST_TEXT = 10_000
"""Characters of a description or a page that are kept and searched."""
_LONGEST_LEXEME = 400
_BETWEEN = {weight: f"':{place}{weight} '" for place, weight in enumerate("ABCD", 1)}
_OFTEN = 3
"""Mentions that make a word of a page weigh more."""
_FACTS = ("kind", "namespace", "type", "lifecycle", "owner")
_PRIORS = {
    "component": 60,
    "system": 60,
    "api": 55,
    "template": 50,
    "domain": 50,
    "resource": 40,
    "group": 40,
    "user": 30,
    "location": 0,
}
_PRIOR_UNKNOWN, _PRIOR_PAGE, _DEPRECATED = 45, 20, 20
_known_words = lru_cache(maxsize=10_000)(words)  # kinds, types, owners, tags: the same few again and again


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an entity's documentation. `file` is where it was read, `path` where the frontend shows it."""

    file: str
    path: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Searchable:
    """One row of the index. `words` is the text of a tsvector; `prior` orders what is equally good, or common."""

    entity: str
    page: str
    prior: int
    document: str
    words: str
    checksum: int


def of_entity(uid: str, entity: Mapping[str, Any]) -> tuple[Searchable, Iterable[str]]:
    """The row of an entity, and its words. Relations and status do not matter: what others say changes nothing."""
    metadata, spec = entity["metadata"], _mapping(entity.get("spec"))
    kind, name = entity["kind"], metadata["name"]
    title, described = _text(metadata.get("title")), _described(kind, metadata, spec)
    facts = _facts(entity, spec)
    # kinds, namespaces and names hold nothing that an address would have to quote
    address = f"/catalog/{facts['namespace']}/{kind}/{name}".lower()
    document = {"title": title or name, "text": described, "location": address, **facts}
    named, titled = name_words(name), name_words(title) if title and title != name else []
    about = [word for one in (*_said_of(facts), *_tags(metadata)) for word in _known_words(one)]
    said = words(described)
    lexemes = [
        *(_weighed(named, "A"), _weighed(titled, "A"), _weighed(about, "B"), _weighed(said, "C")),
        *(type_lexeme(CATALOG), whole_lexeme(name), whole_lexeme(title) if titled else ""),
    ]
    prior = _PRIORS.get(kind.lower(), _PRIOR_UNKNOWN) - _DEPRECATED * (facts["lifecycle"] == "deprecated")
    return _row(uid, "", prior, document, lexemes), [*named, *titled, *about, *said]


def of_page(uid: str, entity: Mapping[str, Any], page: Page) -> tuple[Searchable, Iterable[str]]:
    """The row of a page of an entity's documentation, and its words, but for those of its text."""
    metadata, spec = entity["metadata"], _mapping(entity.get("spec"))
    facts = _facts(entity, spec)
    kind, name = facts["kind"].lower(), metadata["name"].lower()
    text = page.text[:LONGEST_TEXT]
    document = {
        "title": page.title,
        "text": text,
        "location": quote(f"/docs/{facts['namespace']}/{kind}/{name}/{page.path}"),
        "path": page.path,
        **facts,
        "kind": kind,
        "name": name,
        "entityTitle": _text(metadata.get("title")),
    }
    counts = Counter(words(text))
    often = [word for word, count in counts.items() if count >= _OFTEN]
    titled = words(page.title)
    lexemes = [
        *(_weighed(titled, "A"), _weighed(name_words(metadata["name"]), "B")),
        *(_weighed(often, "C"), _weighed(counts, "D")),
        *(type_lexeme(TECHDOCS), whole_lexeme(page.title), filter_lexeme("name", name)),
    ]
    return _row(uid, page.file, _PRIOR_PAGE, document, lexemes), titled


@lru_cache(maxsize=10_000)
def filter_lexeme(key: str, value: str) -> str:
    """The lexeme of a value that `filters[key]` asks for; letter case does not matter."""
    return _lexeme(f"{FILTERS[key]}={fold(storable(value))}")


def type_lexeme(type_: str) -> str:
    """The lexeme of a sort of documents."""
    return f"'is={type_}'"


def whole_lexeme(text: str) -> str:
    """The lexeme of a whole name or title, however its words are joined: `web-shop` and `WebShop` are one."""
    return _lexeme(f"={''.join(words(text))}")


def _lexeme(text: str) -> str:
    """A lexeme as it is written in the text of a tsvector or a tsquery."""
    return "'" + text[:_LONGEST_LEXEME].replace("\\", "\\\\").replace("'", "''") + "'"


def _weighed(found: Collection[str], weight: str) -> str:
    """Words in the text of a tsvector, where a word that comes twice is merged. Places do not matter, weights do."""
    return f"'{_BETWEEN[weight].join(found)}{_BETWEEN[weight][:-2]}" if found else ""


def _row(uid: str, page: str, prior: int, document: Mapping[str, str], lexemes: Iterable[str]) -> Searchable:
    filters = [filter_lexeme(key, document[key]) for key in _FACTS if document[key]]
    text = " ".join([*lexemes, *filters])
    ready = orjson.dumps(document).decode()
    digest = hashlib.blake2b(f"{prior}{ready}{text}".encode(), digest_size=8).digest()
    return Searchable(uid, page, prior, ready, text, int.from_bytes(digest, "big", signed=True))


def _facts(entity: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, str]:
    kind_of = _text(spec.get("type")) or "other"
    return {
        "kind": entity["kind"],
        "namespace": entity["metadata"].get("namespace") or "default",
        "type": kind_of,
        "componentType": kind_of,
        "lifecycle": _text(spec.get("lifecycle")),
        "owner": _text(spec.get("owner")),
    }


def _said_of(facts: Mapping[str, str]) -> Iterable[str]:
    """What people say of an entity beside its name: `other` and `default` would only say what is not known."""
    said = [facts["kind"], facts["type"], facts["lifecycle"], facts["owner"]]
    if facts["namespace"] != "default":
        said.append(facts["namespace"])
    return [one for one in said if one != "other"]


def _described(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """Description; of people and groups also what they are called, of people their mail address."""
    texts = [_text(metadata.get("description"))]
    if kind in {"User", "Group"}:
        profile = _mapping(spec.get("profile"))
        texts.append(_text(profile.get("displayName")))
        texts.append(_text(profile.get("email")) if kind == "User" else "")
    return " : ".join(text for text in texts if text)[:LONGEST_TEXT]


def _tags(metadata: Mapping[str, Any]) -> Iterable[str]:
    tags = metadata.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    if isinstance(value, str):
        return storable(value) if "\x00" in value else value
    return ""
