"""A fake GitLab's project variables and project tokens."""

from typing import TYPE_CHECKING

from scm.fakes.gitlab.facts import Facts, Json
from scm.fakes.gitlab.replies import invalid, missing, nothing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab

_SHORTEST = 8
"""Characters below which a value cannot be masked."""


class Vault:
    """/variables, /access_tokens and /deploy_tokens."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        fake.within("POST", "/variables", self._add)
        fake.within("GET", "/variables/([^/]+)", self._tell)
        fake.within("PUT", "/variables/([^/]+)", self._change)
        fake.within("DELETE", "/variables/([^/]+)", self._remove)
        fake.within("GET", "/(access_tokens|deploy_tokens)", self._tokens)
        fake.within("POST", "/(access_tokens|deploy_tokens)", self._add_token)
        fake.within("DELETE", r"/(access_tokens|deploy_tokens)/(\d+)", self._revoke)

    def _add(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        place = (given["key"], given.get("environment_scope", "*"))
        if place in facts.variables:
            return invalid({"key": [f"({given['key']}) has already been taken"]})
        if given.get("masked") and len(given["value"]) < _SHORTEST:
            return invalid({"value": ["is invalid"]})
        facts.variables[place] = given
        return Reply(201, _shown(given))

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, key: str) -> Reply:
        found = facts.variables.get((key, _scope(asked)))
        return Reply(data=_shown(found)) if found else missing("Variable")

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts, key: str) -> Reply:
        given = dict(asked.json())
        scope = given.pop("filter", {}).get("environment_scope", "*")
        if (key, scope) not in facts.variables:
            return missing("Variable")
        facts.variables[key, scope] |= given
        return Reply(data=_shown(facts.variables[key, scope]))

    def _remove(self, asked: Asked, one: FakeRepository, facts: Facts, key: str) -> Reply:
        return nothing() if facts.variables.pop((key, _scope(asked)), None) else missing("Variable")

    def _tokens(self, asked: Asked, one: FakeRepository, facts: Facts, kind: str) -> Reply:
        shown = [{k: v for k, v in token.items() if k != "token"} for token in facts.tokens[kind].values()]
        return paged(asked, shown, self.fake.url)

    def _add_token(self, asked: Asked, one: FakeRepository, facts: Facts, kind: str) -> Reply:
        given, number = asked.json(), facts.number()
        if kind == "access_tokens" and not given.get("expires_at"):
            return invalid({"expires_at": ["can't be blank"]})
        value = f"{'glpat' if kind == 'access_tokens' else 'gldt'}-fake-value-{number:08}"
        names = {"username": f"gitlab+deploy-token-{number}"} if kind == "deploy_tokens" else {}
        facts.tokens[kind][number] = {"id": number, "revoked": False, **names, **given, "token": value}
        return Reply(201, facts.tokens[kind][number])

    def _revoke(self, asked: Asked, one: FakeRepository, facts: Facts, kind: str, number: str) -> Reply:
        found = facts.tokens[kind].get(int(number))
        if found is None or found["revoked"]:
            return missing("Token")
        found["revoked"] = True
        return nothing()


def _shown(variable: Json) -> Json:
    return {**variable, "value": None} if variable.get("masked_and_hidden") else variable


def _scope(asked: Asked) -> str:
    return asked.query.get("filter[environment_scope]", "*")
