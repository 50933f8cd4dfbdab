"""A small world of catalog files that change as people change them, and what the catalog says of it.

Two registered locations, a folder that the configuration names, two files that Location entities lead to, and
few names, so that files soon want the same one. `World.do` takes a verb and two numbers and always finds
something to do with them: that keeps random histories short and easy to shrink.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.utils import timezone

from catalog.actions import remove_orphans, sync_configured
from catalog.ingest.refresh import refresh
from catalog.models import Location
from catalog.refs import LocationRef
from core.api.subjects import System
from core.leases import free
from tests.catalog.conftest import FileServer
from tests.catalog.documents import several

TESTS = System("system:tests")
NAMES = ("ant", "bee", "cat", "dog", "Bee")
ROOTS = ("a.yaml", "b.yaml")
BELOW = ("more/1.yaml", "more/2.yaml")
FOLDER = ("folder/1.yaml", "folder/2.yaml")
FOLDER_ROOT = "folder/*.yaml"
PLACES = (*ROOTS, *BELOW, *FOLDER)
LEADERS = (*ROOTS, "more/1.yaml")
FAULTS = ("schema", "syntax", "twice", "name")
ORPHAN = "backstage.io/orphan"
ORIGIN = "backstage.io/managed-by-origin-location"


@dataclass(frozen=True)
class Document:
    """A component or a group in a file, and how it is broken, if it is."""

    name: str
    number: int = 0
    fault: str = ""

    @property
    def ref(self) -> str:
        return f"{self.kind.lower()}:default/{self.name.lower()}"

    @property
    def kind(self) -> str:
        return "Group" if self.name == "dog" else "Component"

    def text(self) -> str:
        name = "-no-name-" if self.fault == "name" else self.name
        head = f"apiVersion: backstage.io/v1alpha1\nkind: {self.kind}\nmetadata:\n  name: {name}\n"
        if self.number % 3 == 1:
            head += f"  title: The {self.number}\n  tags: [t{self.number}, java]\n"
        owner = "" if self.fault == "schema" else f"  owner: team-{self.number % 2}\n"
        if self.kind == "Group":
            children = "5" if self.fault == "schema" else f"[team-{self.number % 2}]"
            spec = f"spec:\n  type: team\n  children: {children}\n"
        else:
            spec = f"spec:\n  type: service\n  lifecycle: beta\n{owner}"
        if self.kind == "Component" and self.number % 4:
            spec += f"  dependsOn: [component:{NAMES[self.number % 3]}]\n"
        return head + spec + {"syntax": "  x: {\n", "twice": "spec: {}\n"}.get(self.fault, "")


@dataclass
class World:
    """Files as they are now. `lost` ones answer with an error, `garbled` ones are no text."""

    web: FileServer
    folder: Path
    api: Any
    files: dict[str, list[Document]] = field(default_factory=lambda: {place: [] for place in PLACES})
    leads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    garbled: set[str] = field(default_factory=set)
    registered: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, web: FileServer, folder: Path, api: Any) -> "World":
        """No file says anything, nothing is registered; the folder is configured."""
        world = cls(web, folder, api)
        world.start([])
        return world

    def start(self, roots: Iterable[str]) -> None:
        """Give these files to a catalog that knows none of them."""
        self.registered = []
        self.write()
        sync_configured(by=TESTS)
        for root in roots:
            self.toggle(root)

    # --- what people do

    def do(self, verb: str, one: int, other: int) -> None:
        """One change, or one piece of the platform's own work."""
        place = PLACES[one % len(PLACES)]
        documents = self.files[place]
        at = other % len(documents) if documents else 0
        match verb:
            case "add":
                documents.append(Document(NAMES[other % len(NAMES)], other))
            case "change" | "move" | "remove" | "rename" | "break":
                if documents:
                    documents.extend(self.changed(verb, documents.pop(at), one, other))
            case "garble":
                self.garbled.add(place)
            case "lose":
                self.lost[place] = (404, 500)[other % 2]
            case "mend":
                self.mend(place)
            case "lead":
                leader = LEADERS[one % len(LEADERS)]
                self.leads[leader] = ((), BELOW[:1], BELOW, BELOW[::-1], ("a.yaml",))[other % 5]
            case _:
                self.write()
                self.platform(verb, one, other)

    def changed(self, verb: str, document: Document, one: int, other: int) -> list[Document]:
        """What a document becomes in its file."""
        match verb:
            case "change":
                return [replace(document, number=document.number + 1 + one)]
            case "rename":
                return [replace(document, name=NAMES[(one + other) % len(NAMES)])]
            case "break":
                return [replace(document, fault=FAULTS[other % len(FAULTS)])]
            case "move":
                self.files[PLACES[(one + 1 + other) % len(PLACES)]].append(document)
        return []

    def platform(self, verb: str, one: int, other: int) -> None:
        """What people ask of the platform, and what it does by itself."""
        match verb:
            case "register" | "unregister":
                self.toggle(ROOTS[one % 2])
            case "delete":
                self.delete(one + other)
            case "sweep":
                remove_orphans(by=TESTS)
            case "refresh":
                self.refresh(lambda index: bool((one + 1) >> index & 1))

    def toggle(self, root: str) -> None:
        target = self.web.url(root)
        if root in self.registered:
            self.registered.remove(root)
            pk = Location.objects.get(target=target).pk
            assert self.api.delete(f"/api/catalog/locations/{pk}").status_code == 204
        else:
            self.registered.append(root)
            answer = self.api.post("/api/catalog/locations", {"type": "url", "target": target})
            assert answer.status_code == 201, answer.content

    def delete(self, number: int) -> None:
        """Delete some entity; as its file still holds it, it comes back."""
        found = sorted(self.entities().items())
        if found:
            uid = found[number % len(found)][1]["metadata"]["uid"]
            assert self.api.delete(f"/api/catalog/entities/by-uid/{uid}").status_code == 204

    def mend(self, *places: str) -> None:
        for place in places or PLACES:
            self.files[place] = [replace(document, fault="") for document in self.files[place]]
            self.garbled.discard(place)
            self.lost.pop(place, None)

    # --- what the platform does

    def write(self) -> None:
        """Put the files where they are read from."""
        for place in PLACES:
            documents = [document.text() for document in self.files[place]]
            if place in self.leads:
                documents.append(self.leader(place))
            raw = (b"\xff\xfe" if place in self.garbled else b"") + several(*documents).encode()
            if place in FOLDER:
                path = self.folder / place.rpartition("/")[2]
                if place in self.lost:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(raw)
            else:
                self.web.put(place, raw)
        self.web.statuses = {place: status for place, status in self.lost.items() if place not in FOLDER}

    def leader(self, place: str) -> str:
        targets = ", ".join(self.web.url(target) for target in self.leads[place])
        head = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n"
        return f"{head}  name: leads-{LEADERS.index(place)}\nspec:\n  targets: [{targets}]\n"

    def refresh(self, which: Callable[[int], bool] = lambda _: True) -> None:
        """Read the chosen ones of the locations, oldest first."""
        for index, pk in enumerate(
            Location.objects.order_by("created_at", "target").values_list("pk", flat=True)
        ):
            if which(index):
                refresh(str(pk))

    def settle(self) -> None:
        """Read everything, until all that follows from it is done, and remove orphans."""
        self.write()
        for _ in range(2):
            self.refresh()
            work()
        marked = {
            ref for ref, entity in self.entities().items() if ORPHAN in entity["metadata"]["annotations"]
        }
        assert not marked & self.claims().keys(), "an orphan, though a file has it"
        remove_orphans(by=TESTS)
        work()

    # --- what the files say

    def below(self, root: str) -> list[str]:
        """The files that a location reads, in the order of reading."""
        if root == FOLDER_ROOT:
            return [place for place in FOLDER if place not in self.lost]
        found = [root]
        for place in found:
            found.extend(target for target in self.leads.get(place, ()) if target not in found)
        return found

    def claims(self) -> dict[str, set[tuple[str, str]]]:
        """Who wants a reference: locations, and the files in which they find it."""
        wanted: dict[str, set[tuple[str, str]]] = {}
        for root in (*self.registered, FOLDER_ROOT):
            for place in self.below(root):
                refs = [document.ref for document in self.files[place]]
                refs += [f"location:default/leads-{LEADERS.index(place)}"] if place in self.leads else []
                for ref in refs:
                    wanted.setdefault(ref, set()).add((root, place))
        return wanted

    @property
    def roots(self) -> list[LocationRef]:
        """The locations."""
        folder = LocationRef("file", str(self.folder / "*.yaml"))
        return [folder, *(LocationRef("url", self.web.url(root)) for root in self.registered)]

    def place_of(self, entity: dict[str, Any]) -> str:
        """The file that an entity was read from."""
        address = entity["metadata"]["annotations"]["backstage.io/managed-by-location"]
        return next(place for place in PLACES if address.endswith(f"/{place}"))

    # --- what the catalog says

    def entities(self) -> dict[str, dict[str, Any]]:
        """All entities by reference."""
        answer = self.api.get("/api/catalog/entities/by-query?limit=10000")
        assert answer.status_code == 200, answer.content
        found = {reference(entity): entity for entity in answer.json()["items"]}
        assert len(found) == len(answer.json()["items"]) == answer.json()["totalItems"]
        return found

    def answers(self) -> dict[str, Any]:
        """What filters, orders, counts and relations say, by the question."""
        said: dict[str, Any] = {}
        for query in QUESTIONS:
            items = self.api.get(
                f"/api/catalog/entities/by-query?limit=1000&fields=kind,metadata&{query}"
            ).json()["items"]
            refs = [reference(item) for item in items]
            said[query] = refs if "orderField" in query else sorted(refs)
        said["facets"] = self.api.get(
            "/api/catalog/entity-facets?facet=kind&facet=metadata.tags&facet=spec.owner&facet=relations.dependsOn"
        ).json()["facets"]
        return said


QUESTIONS = (
    "filter=metadata.tags.java=true&filter=metadata.title",
    "filter=relations.ownedby=group:default/team-1",
    "filter=relations.dependencyof",
    "filter=spec.owner=team-0,kind=component",
    "orderField=metadata.name,desc&fullTextFilterTerm=a&fullTextFilterFields=metadata.name",
)


def work() -> None:
    """Do what is due, as often as something is: what a worker does by itself within seconds."""
    for _ in range(20):
        now = timezone.now()
        due = Location.objects.filter(free(now), next_refresh_at__lte=now).order_by("next_refresh_at")
        if not (pks := list(due.values_list("pk", flat=True))):
            return
        for pk in pks:
            refresh(str(pk))
    raise AssertionError("the catalog does not come to rest")


def reference(entity: dict[str, Any]) -> str:
    """The reference of an entity, lower-case."""
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata['namespace']}/{metadata['name']}".lower()


def lasting(entity: dict[str, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """An entity without what may differ between two lives of it: uid, etag, and annotations to leave out."""
    metadata = {key: value for key, value in entity["metadata"].items() if key not in {"uid", "etag"}}
    annotations = {key: value for key, value in metadata["annotations"].items() if key not in set(without)}
    return {**entity, "metadata": {**metadata, "annotations": annotations}}
