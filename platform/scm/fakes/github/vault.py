"""A fake GitHub's secrets, variables and environments. A secret is kept sealed; `unsealed` opens it for a test."""

import base64
from typing import TYPE_CHECKING, Any

from nacl.public import PrivateKey, SealedBox

from scm.fakes.github.documents import BORN, node
from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import conflicting, invalid, missing, nothing
from scm.fakes.server import Asked, Reply
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

KEY_ID = "568250167242549743"
_KEY = PrivateKey.generate()


def unsealed(value: str) -> str:
    """What was put into a secret."""
    return SealedBox(_KEY).decrypt(base64.b64decode(value)).decode()


class Vault:
    """/actions/secrets and /actions/variables, the same below /environments/…, and environments themselves."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        for place in ("/actions()", "/environments/([^/]+)"):
            fake.within("GET", f"{place}/secrets/public-key", self._public_key)
            fake.within("GET", f"{place}/secrets/([^/]+)", self._secret)
            fake.within("PUT", f"{place}/secrets/([^/]+)", self._keep_secret)
            fake.within("DELETE", f"{place}/secrets/([^/]+)", self._drop_secret)
            fake.within("GET", f"{place}/variables/([^/]+)", self._variable)
            fake.within("POST", f"{place}/variables", self._add_variable)
            fake.within("PATCH", f"{place}/variables/([^/]+)", self._change_variable)
        fake.within("GET", "/environments/([^/]+)", self._environment)
        fake.within("PUT", "/environments/([^/]+)", self._keep_environment)
        fake.within("DELETE", "/environments/([^/]+)", self._drop_environment)
        fake.within("GET", "/environments/([^/]+)/deployment-branch-policies", self._policies)
        fake.within("POST", "/environments/([^/]+)/deployment-branch-policies", self._add_policy)

    def _public_key(self, asked: Asked, one: FakeRepository, facts: Facts, where: str) -> Reply:
        if where and where not in facts.environments:
            return missing()
        return Reply(data={"key_id": KEY_ID, "key": base64.b64encode(bytes(_KEY.public_key)).decode()})

    def _secret(self, asked: Asked, one: FakeRepository, facts: Facts, where: str, name: str) -> Reply:
        if name.upper() not in facts.secrets.get(where, {}):
            return missing()
        return Reply(data={"name": name.upper(), "created_at": BORN, "updated_at": BORN})

    def _keep_secret(self, asked: Asked, one: FakeRepository, facts: Facts, where: str, name: str) -> Reply:
        given, kept = asked.json(), facts.secrets.setdefault(where, {})
        if given["key_id"] != KEY_ID:
            return invalid("Secret", "key_id")
        known = name.upper() in kept
        kept[name.upper()] = given["encrypted_value"]
        return nothing() if known else Reply(201, {})

    def _drop_secret(self, asked: Asked, one: FakeRepository, facts: Facts, where: str, name: str) -> Reply:
        return missing() if facts.secrets.get(where, {}).pop(name.upper(), None) is None else nothing()

    def _variable(self, asked: Asked, one: FakeRepository, facts: Facts, where: str, name: str) -> Reply:
        value = facts.variables.get(where, {}).get(name.upper())
        if value is None:
            return missing()
        return Reply(data={"name": name.upper(), "value": value, "created_at": BORN, "updated_at": BORN})

    def _add_variable(self, asked: Asked, one: FakeRepository, facts: Facts, where: str) -> Reply:
        given, kept = asked.json(), facts.variables.setdefault(where, {})
        if given["name"].upper() in kept:
            return conflicting("Already exists - Variable already exists")
        kept[given["name"].upper()] = given["value"]
        return Reply(201, {})

    def _change_variable(
        self, asked: Asked, one: FakeRepository, facts: Facts, where: str, name: str
    ) -> Reply:
        facts.variables.setdefault(where, {})[name.upper()] = asked.json()["value"]
        return nothing()

    def _environment(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        found = facts.environments.get(name)
        return missing() if found is None else Reply(data=self._document(one, name, found))

    def _keep_environment(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        given = asked.json() or {}
        policy = given.get("deployment_branch_policy")
        if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
            return invalid("Environment", "deployment_branch_policy")
        kept = facts.environments.setdefault(name, {"id": 1000 + len(facts.environments), "policies": []})
        kept |= given
        return Reply(data=self._document(one, name, kept))

    def _drop_environment(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        facts.secrets.pop(name, None)
        facts.variables.pop(name, None)
        return missing() if facts.environments.pop(name, None) is None else nothing()

    def _policies(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        found = facts.environments.get(name)
        if found is None:
            return missing()
        return Reply(data={"total_count": len(found["policies"]), "branch_policies": found["policies"]})

    def _add_policy(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        found, given = facts.environments.get(name), asked.json()
        if found is None or not (found.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
            return missing()
        number = len(found["policies"]) + 1
        made = {"id": number, "node_id": node("EBP", number), "type": given.get("type", "branch")}
        made["name"] = given["name"]
        found["policies"].append(made)
        return Reply(data=made)

    def _document(self, one: FakeRepository, name: str, kept: dict[str, Any]) -> dict[str, Any]:
        at = f"{self.fake.api}/repos/{one.full_name}/environments/{name}"
        return {
            "id": kept["id"],
            "node_id": node("EN", kept["id"]),
            "name": name,
            "url": at,
            "html_url": f"{self.fake.url}/{one.full_name}/deployments/activity_log?environments_filter={name}",
            "created_at": BORN,
            "updated_at": BORN,
            "protection_rules": [],
            "deployment_branch_policy": kept.get("deployment_branch_policy"),
        }
