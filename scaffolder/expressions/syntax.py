"""The parts of a parsed template: expressions, then statements. `at` is an offset into the source."""

from dataclasses import dataclass
from typing import TypeAlias

from .values import Value


@dataclass(slots=True, eq=False, repr=False)
class Literal:
    """A text, a number, true, false or null."""

    at: int
    value: Value


@dataclass(slots=True, eq=False, repr=False)
class Pattern:
    """A regular expression, `r/…/gi`."""

    at: int
    body: str
    flags: str


@dataclass(slots=True, eq=False, repr=False)
class Name:
    """A variable."""

    at: int
    name: str


@dataclass(slots=True, eq=False, repr=False)
class Member:
    """`target.name` or `target[key]`."""

    at: int
    target: "Expression"
    key: "Expression"


@dataclass(slots=True, eq=False, repr=False)
class Slice:
    """`target[start:stop:step]`, each optional."""

    at: int
    target: "Expression"
    start: "Expression | None"
    stop: "Expression | None"
    step: "Expression | None"


@dataclass(slots=True, eq=False, repr=False)
class Call:
    """A call with arguments by position, then by name."""

    at: int
    callee: "Expression"
    positional: list["Expression"]
    named: list[tuple[str, "Expression"]]


@dataclass(slots=True, eq=False, repr=False)
class Filter:
    """`target | name(…)`."""

    at: int
    name: str
    target: "Expression"
    positional: list["Expression"]
    named: list[tuple[str, "Expression"]]


@dataclass(slots=True, eq=False, repr=False)
class Unary:
    """`not`, `-` or `+` before its target."""

    at: int
    operator: str
    target: "Expression"


@dataclass(slots=True, eq=False, repr=False)
class Binary:
    """An operator between two sides."""

    at: int
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(slots=True, eq=False, repr=False)
class Test:
    """`target is name(…)`, or `is not`."""

    at: int
    name: str
    target: "Expression"
    positional: list["Expression"]
    negated: bool


@dataclass(slots=True, eq=False, repr=False)
class Choice:
    """`then if condition else otherwise`."""

    at: int
    condition: "Expression"
    then: "Expression"
    otherwise: "Expression | None"


@dataclass(slots=True, eq=False, repr=False)
class ListOf:
    """`[a, b]`."""

    at: int
    items: list["Expression"]


@dataclass(slots=True, eq=False, repr=False)
class DictOf:
    """`{"a": 1, b: 2}`."""

    at: int
    items: list[tuple[str, "Expression"]]


@dataclass(slots=True, eq=False, repr=False)
class Group:
    """Parentheses: the value of the last item."""

    at: int
    items: list["Expression"]


Expression: TypeAlias = (
    Literal
    | Pattern
    | Name
    | Member
    | Slice
    | Call
    | Filter
    | Unary
    | Binary
    | Test
    | Choice
    | ListOf
    | DictOf
    | Group
)


@dataclass(slots=True, eq=False, repr=False)
class Text:
    """Text that goes out as it is."""

    at: int
    text: str


@dataclass(slots=True, eq=False, repr=False)
class Output:
    """`${{ … }}`."""

    at: int
    value: Expression


@dataclass(slots=True, eq=False, repr=False)
class If:
    """Conditions with their bodies in order, and what happens otherwise."""

    at: int
    branches: list[tuple[Expression, "Body"]]
    otherwise: "Body"


@dataclass(slots=True, eq=False, repr=False)
class For:
    """A loop over a list, a text, or the pairs of a dict."""

    at: int
    targets: list[str]
    source: Expression
    body: "Body"
    otherwise: "Body"


@dataclass(slots=True, eq=False, repr=False)
class Set:
    """Names bound to one value, or to the text of a block."""

    at: int
    targets: list[str]
    value: "Expression | None"
    body: "Body"


@dataclass(slots=True, eq=False, repr=False)
class Macro:
    """A named body with parameters and their defaults."""

    at: int
    name: str
    parameters: list[tuple[str, "Expression | None"]]
    body: "Body"


@dataclass(slots=True, eq=False, repr=False)
class CallBlock:
    """`{% call(x) m() %}…{% endcall %}`: the body reaches the macro as `caller`."""

    at: int
    call: Call
    caller: Macro


@dataclass(slots=True, eq=False, repr=False)
class FilterBlock:
    """The text of a body through a filter."""

    at: int
    filter: Filter
    body: "Body"


@dataclass(slots=True, eq=False, repr=False)
class Switch:
    """The first case strictly equal to the value; cases without a body fall through."""

    at: int
    value: Expression
    cases: list[tuple["Expression | None", "Body"]]
    """None stands for `default`."""


@dataclass(slots=True, eq=False, repr=False)
class Block:
    """A named body, rendered in place."""

    at: int
    name: str
    body: "Body"


Statement: TypeAlias = Text | Output | If | For | Set | Macro | CallBlock | FilterBlock | Switch | Block
Body: TypeAlias = list[Statement]
