"""What hostile templates and hostile answers try, as a table: what it is, its steps, its files, and how it must end.

`REFUSED` rows end the run with an error that holds the given words. `HARMLESS` rows end well, and the file that is
named holds the attack as plain text. Renderers alone are attacked in `rendering/`, expressions alone in `expressions/`.
"""

from dataclasses import dataclass, field
from typing import Any

CANARY = "canary-3d1f"
"""What no attack may read: it is in the environment, in a file outside, and it is the run's secret."""


@dataclass(frozen=True)
class Attack:
    """One attempt. `values` are the form's answers; `expect` are words of the error, or the text of `result`."""

    name: str
    steps: tuple[dict[str, Any], ...]
    expect: str
    files: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    result: str = "out.txt"


def step(action: str, number: int = 1, **given: Any) -> dict[str, Any]:
    return {"id": f"s{number}", "action": action, "input": given}


def render(text: str, name: str, expect: str, **values: Any) -> Attack:
    """A skeleton with this text; the form's answers are its values."""
    given = {"url": "./skeleton", "values": "${{ parameters }}"}
    return Attack(name, (step("fetch:template", **given),), expect, {"skeleton/out.txt": text}, dict(values))


def cookie(name: str, expect: str, files: dict[str, str], **values: Any) -> Attack:
    whole = {f"cut/{path}": text for path, text in files.items()}
    whole.setdefault("cut/cookiecutter.json", '{"slug": "x"}')
    whole.setdefault("cut/{{cookiecutter.slug}}/out.txt", "{{ cookiecutter.slug }}")
    given = {"url": "./cut", "values": "${{ parameters }}"}
    return Attack(name, (step("fetch:cookiecutter", **given),), expect, whole, dict(values))


def publish(name: str, repo_url: str, expect: str) -> Attack:
    return Attack(
        name,
        (step("fs:write", 0, path="a", content="a"), step("publish:local", repoUrl="${{ parameters.repo }}")),
        expect,
        values={"repo": repo_url},
    )


JINJA = "{{ ''.__class__.__mro__[1].__subclasses__() }}{% import os %}{{ cycler.__init__.__globals__.os.popen('id') }}"
NUNJUCKS = (
    "${{ range.constructor('return process.env')() }}{{ 7*7 }}${{ 7*7 }}{% for x in [1] %}x{% endfor %}"
)
DEEP = "${{ " + "(" * 3000 + "1" + ")" * 3000 + " }}"

HARMLESS = [
    render("${{ values.a }}", "an answer that is Jinja", JINJA, a=JINJA),
    render("${{ values.a }}", "an answer that is nunjucks", NUNJUCKS, a=NUNJUCKS),
    render("{{ 7*7 }} {{ cycler.__init__ }}", "Jinja in a skeleton", "{{ 7*7 }} {{ cycler.__init__ }}"),
    render("${{ process }}|${{ require }}|${{ global }}|${{ os }}|${{ environment }}", "the machine", "||||"),
    cookie("an answer that is Jinja, in a cookiecutter", JINJA, {"{{cookiecutter.slug}}/out.txt": "{{ cookiecutter.a }}", "cookiecutter.json": '{"slug": "x", "a": ""}'}, a=JINJA),
    cookie("a hook", "x", {"hooks/post_gen_project.py": "open('/tmp/hooked-by-template', 'w')"}),
    Attack("an answer that is an expression, in a step's input", (step("fs:write", path="out.txt", content="${{ parameters.a }}"),), NUNJUCKS, values={"a": NUNJUCKS}),
    Attack("a right-to-left answer", (step("fs:write", path="out.txt", content="${{ parameters.a }}"),), "exe.\u202egnp", values={"a": "exe.\u202egnp"}),
]  # fmt: skip

REFUSED = [
    cookie("extensions of its own", "extension", {"cookiecutter.json": '{"slug": "x", "_extensions": ["os.path"]}'}),
    cookie("a name that leaves, in a cookiecutter", "path", {}, slug="../../out"),
    cookie("Jinja that reaches for Python", "", {"{{cookiecutter.slug}}/out.txt": "{{ cycler.__init__.__globals__.os.popen('id').read() }}"}),
    render("${{ 'x' | center(1000000000) }}", "a text of 10^9 characters", "characters"),
    render("{% set a = 'xxxxxxxxxxxxxxxx' %}{% for i in range(99) %}{% set a = a + a %}{% endfor %}${{ a }}", "a text that doubles", ""),
    render("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "a loop in a loop", ""),
    render("{% macro f() %}${{ f() }}{% endmacro %}${{ f() }}", "a macro that calls itself", ""),
    render(DEEP, "3,000 brackets", ""),
    Attack("a file above the workspace", (step("fs:write", path="../../out", content="x"),), "relative path"),
    Attack("an absolute file", (step("fs:write", path="/tmp/out", content="x"),), "relative path"),
    Attack("a NUL in a name", (step("fs:read", path="a\0b"),), "relative path"),
    Attack("percent encoding", (step("fs:read", path="%2e%2e/%2e%2e/etc/passwd"),), "relative path"),
    Attack("a backslash", (step("fs:read", path="..\\..\\etc"),), "relative path"),
    Attack("deleting above", (step("fs:delete", files=["../*"]),), "relative path"),
    Attack("renaming out", (step("fs:write", 0, path="a", content=""), step("fs:rename", files=[{"from": "a", "to": "../../b"}])), "relative path"),
    Attack("listing above", (step("fs:readdir", paths=["../"]),), "relative path"),
    Attack("a catalog file above", (step("catalog:write", entity={}, filePath="../x.yaml"),), "relative path"),
    Attack("a target above", (step("fetch:plain", url="./skeleton", targetPath="../x"),), "relative path", {"skeleton/a": "a"}),
    Attack("a merge into a file above", (step("roadiehq:utils:merge", path="../../a.json", content={}),), "relative path"),
    Attack("a file of this machine", (step("fetch:plain", url="file:///etc"),), "use a web address"),
    Attack("a file of this machine, one file", (step("fetch:plain:file", url="file:///etc/passwd", targetPath="a"),), "use a web address"),
    Attack("git's own program addresses", (step("fetch:plain", url="ext::sh -c id"),), ""),
    Attack("an option in the place of an address", (step("fetch:plain", url="--upload-pack=id"),), ""),
    Attack("a YAML bomb", (step("fs:write", 0, path="a.yaml", content="a: &a [x]\n" + "".join(f"{n}: &{n} [{','.join([f'*{b}'] * 9)}]\n" for b, n in zip("abcdefgh", "bcdefghi", strict=True))), step("roadiehq:utils:fs:parse", path="a.yaml", parser="yaml")), "repeat"),
    Attack("JSON of 5,000 levels", (step("fs:write", 0, path="a.json", content="[" * 5000 + "]" * 5000), step("roadiehq:utils:json:merge", path="a.json", content={})), "JSON"),
    Attack("a megabyte and more, read into the record", (step("fs:write", 0, path="a", content="${{ 'x' | center(1100000) }}"), step("fs:read", path="a")), "more than"),
    publish("a traversal as owner", "local?owner=..&repo=x", ""),
    publish("a traversal as name", "local?owner=acme&repo=../../x", ""),
    publish("a traversal in percent encoding", "local?owner=acme&repo=%2e%2e%2fx", ""),
    publish("git's folder as name", "local?owner=acme&repo=.git", ""),
    publish("an option as name", "local?owner=acme&repo=--bare", ""),
    publish("a NUL in a name", "local?owner=acme&repo=a%00b", ""),
    publish("a name that reads backwards", "local?owner=acme&repo=pay%E2%80%AEstnem", ""),
    publish("a host that looks like another", "l\u043ecal?owner=acme&repo=x", ""),
    publish("no repository", "ext::sh -c id", ""),
]  # fmt: skip

PRIVATE = [
    "http://127.0.0.1/x", "http://localhost/x", "http://2130706433/x", "http://0x7f000001/x", "http://0177.0.0.1/x",
    "http://127.1/x", "http://[::1]/x", "http://[::ffff:127.0.0.1]/x", "http://[64:ff9b::7f00:1]/x", "http://169.254.169.254/latest",
    "http://10.0.0.1/x", "http://192.168.0.1/x", "http://0/x", "http://0.0.0.0/x", "http://127.0.0.1.nip.io/x",
    "http://user@127.0.0.1/x", "http://\uff11\uff12\uff17.0.0.1/x", "http://127.0.0.1%2f@example.com/x", "http://metadata.google.internal/x",
]  # fmt: skip
"""Addresses inside, in the notations in which somebody hides them."""

LINKS = [
    "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)",
"data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "\u200bjavascript:alert(1)",
]  # fmt: skip
