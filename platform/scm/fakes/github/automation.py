"""What a fake GitHub lets machines do with a repository: webhooks, deploy keys, autolinks, workflows, pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scm.fakes.github.documents import BORN
from scm.fakes.github.facts import Facts, Json
from scm.fakes.github.replies import conflicting, invalid, missing, nothing
from scm.fakes.github.runs import workflow_run
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_EVENTS = {"push", "pull_request", "issues", "release", "create", "delete", "workflow_run", "*"}


class Automation:
    """/hooks, /keys, /autolinks, /actions/workflows, /pages, and what workflows may be."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        fake.within("GET", "/hooks", self._hooks)
        fake.within("POST", "/hooks", self._add_hook)
        fake.within("PATCH", r"/hooks/(\d+)", self._change_hook)
        fake.within("DELETE", r"/hooks/(\d+)", _dropped(lambda facts: facts.hooks))
        fake.within("GET", "/keys", self._keys)
        fake.within("POST", "/keys", self._add_key)
        fake.within("DELETE", r"/keys/(\d+)", _dropped(lambda facts: facts.keys))
        fake.within("GET", "/autolinks", self._autolinks)
        fake.within("POST", "/autolinks", self._add_autolink)
        fake.within("DELETE", r"/autolinks/(\d+)", _dropped(lambda facts: facts.autolinks))
        fake.within("POST", "/actions/workflows/([^/]+)/dispatches", self._dispatch)
        fake.within("GET", "/actions/workflows/([^/]+)/runs", self._runs)
        fake.within("PUT", "/actions/oidc/customization/sub", self._claims)
        fake.within("PUT", "/actions/permissions/access", self._access)
        fake.within("GET", "/pages", self._site)
        fake.within("POST", "/pages", self._publish)
        fake.within("PUT", "/pages", self._republish)
        fake.within("DELETE", "/pages", self._unpublish)

    def _hooks(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        return paged(asked, [self._hook(one, *item) for item in facts.hooks.items()], self.fake.url)

    def _add_hook(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        if any(known["config"]["url"] == given["config"]["url"] for known in facts.hooks.values()):
            return invalid("Hook", "", "Hook already exists on this repository")
        unknown = [event for event in given["events"] if event not in _EVENTS]
        if unknown:
            return invalid("Hook", "events", f"The following events are not valid: {unknown[0]}")
        number = max(facts.hooks, default=5000) + 1
        facts.hooks[number] = given
        return Reply(201, self._hook(one, number, given))

    def _change_hook(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        if int(number) not in facts.hooks:
            return missing()
        facts.hooks[int(number)] |= asked.json()
        return Reply(data=self._hook(one, int(number), facts.hooks[int(number)]))

    def _hook(self, one: FakeRepository, number: int, kept: Json) -> Json:
        at = f"{self.fake.api}/repos/{one.full_name}/hooks/{number}"
        hidden = {"secret": "********"} if "secret" in kept["config"] else {}
        return {
            "type": "Repository",
            "id": number,
            "name": "web",
            "active": kept["active"],
            "events": kept["events"],
            "config": {**kept["config"], **hidden},
            "created_at": BORN,
            "updated_at": BORN,
            "url": at,
            "test_url": f"{at}/test",
            "ping_url": f"{at}/pings",
            "last_response": {"code": None, "status": "unused", "message": None},
        }

    def _keys(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        return paged(asked, list(facts.keys.values()), self.fake.url)

    def _add_key(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        material = " ".join(given["key"].split()[:2])
        if any(known["key"] == material for known in facts.keys.values()):
            return invalid("PublicKey", "key", "key is already in use")
        if not given["key"].startswith(("ssh-", "ecdsa-", "sk-")):
            return invalid(
                "PublicKey", "key", "key is invalid. You must supply a key in OpenSSH public key format"
            )
        number = max(facts.keys, default=6000) + 1
        at = f"{self.fake.api}/repos/{one.full_name}/keys/{number}"
        facts.keys[number] = {
            "id": number,
            "key": material,
            "url": at,
            "title": given["title"],
            "verified": True,
            "created_at": BORN,
            "read_only": given.get("read_only", False),
        }
        return Reply(201, facts.keys[number])

    def _autolinks(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        return Reply(data=list(facts.autolinks.values()))

    def _add_autolink(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        if any(known["key_prefix"] == given["key_prefix"] for known in facts.autolinks.values()):
            return invalid("KeyLink", "key_prefix", code="already_exists")
        if "<num>" not in given["url_template"]:
            return invalid("KeyLink", "url_template", "url_template is missing a <num> token")
        number = max(facts.autolinks, default=7000) + 1
        facts.autolinks[number] = {"id": number, "is_alphanumeric": True, **given}
        return Reply(201, facts.autolinks[number])

    def _dispatch(self, asked: Asked, one: FakeRepository, facts: Facts, workflow: str) -> Reply:
        given = asked.json()
        if workflow not in facts.workflows:
            return missing()
        if given["ref"] not in one.heads:
            return Reply(422, {"message": f"No ref found for: {given['ref']}", "status": "422"})
        number = len(facts.runs) + 1
        facts.runs.append(
            {"id": number, "workflow": workflow, "ref": given["ref"], "inputs": given.get("inputs")}
        )
        if not given.get("return_run_details"):
            return nothing()
        at = f"{one.full_name}/actions/runs/{number}"
        told = {"run_url": f"{self.fake.api}/repos/{at}", "html_url": f"{self.fake.url}/{at}"}
        return Reply(data={"workflow_run_id": number, **told})

    def _runs(self, asked: Asked, one: FakeRepository, facts: Facts, workflow: str) -> Reply:
        found = [
            run for run in facts.runs if (run["workflow"], run["ref"]) == (workflow, asked.query["branch"])
        ]
        listed = [workflow_run(self.fake, one, run) for run in reversed(found)]
        page = paged(asked, listed, self.fake.url)
        return Reply(data={"total_count": len(listed), "workflow_runs": page.data}, headers=page.headers)

    def _claims(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        facts.claims = asked.json()
        return Reply(201, {})

    def _access(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        facts.workflow_access = asked.json()["access_level"]
        return nothing()

    def _site(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        return missing() if facts.pages is None else Reply(data=self._pages(one, facts.pages))

    def _publish(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        if facts.pages is not None:
            return conflicting("GitHub Pages is already enabled.")
        if "source" in given and given["source"]["branch"] not in one.heads:
            return missing("The source branch does not exist.")
        facts.pages = given
        return Reply(201, self._pages(one, given))

    def _republish(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        facts.pages = asked.json()
        return nothing()

    def _unpublish(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        known, facts.pages = facts.pages, None
        return missing() if known is None else nothing()

    def _pages(self, one: FakeRepository, kept: Json) -> Json:
        return {
            "url": f"{self.fake.api}/repos/{one.full_name}/pages",
            "html_url": f"{self.fake.url}/pages/{one.full_name}/",
            "status": None,
            "cname": None,
            "custom_404": False,
            "public": one.visibility == "public",
            "https_enforced": True,
            **kept,
        }


def _dropped(which: Callable[[Facts], dict[int, Any]]) -> Callable[..., Reply]:
    def drop(asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        return missing() if which(facts).pop(int(number), None) is None else nothing()

    return drop
