"""Catalog files for tests, in a few words each."""


def component(name: str, owner: str = "team-a", **spec: object) -> str:
    """A Component as YAML; further members of the spec as JSON-like values."""
    more = "".join(f"\n  {key}: {value}" for key, value in spec.items())
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
        f"spec:\n  type: service\n  lifecycle: production\n  owner: {owner}{more}\n"
    )


def group(name: str, *, parent: str = "", members: str = "[]") -> str:
    """A Group as YAML."""
    above = f"\n  parent: {parent}" if parent else ""
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\n"
        f"spec:\n  type: team\n  children: []\n  members: {members}{above}\n"
    )


def user(name: str, member_of: str = "[]") -> str:
    """A User as YAML."""
    return f"apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: {name}\nspec:\n  memberOf: {member_of}\n"


def location(name: str, *targets: str, presence: str = "required") -> str:
    """A Location as YAML."""
    listed = "".join(f"\n    - {target}" for target in targets)
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: {name}\n"
        f"spec:\n  presence: {presence}\n  targets:{listed}\n"
    )


def several(*documents: str) -> str:
    """Documents of one file."""
    return "---\n".join(documents)
