"""A predicate over the items of a list → SQL on the document itself, for `$contains` with an object.

Keys are dotted paths through objects and lists, letter case aside; a key with a dot inside is not found.
"""

from itertools import count

from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, Predicate

Condition = tuple[str, list[object]]
"""A text of our own with placeholders, and what users say as its parameters."""


def item_condition(document: str, wanted: HoldsItem) -> Condition:
    """Whether some item fulfils the predicate. `document` is an SQL expression of type jsonb."""
    return _Compiler().exists(document, wanted)


class _Compiler:
    def __init__(self) -> None:
        self._names = count(1)

    def exists(self, holder: str, wanted: HoldsItem) -> Condition:
        tables, where, given, value = self.reach(holder, wanted.key)
        item = f"item{next(self._names)}"
        tables.append(_list_items(value, item))
        sql, inner = self.condition(item, wanted.part)
        return _exists(tables, [*where, sql]), [*given, *inner]

    def condition(self, item: str, part: Predicate) -> Condition:
        match part:
            case All(parts):
                return self.joined(item, parts, " AND ", "TRUE")
            case AnyOf(parts):
                return self.joined(item, parts, " OR ", "FALSE")
            case Not(inner):
                sql, given = self.condition(item, inner)
                return f"NOT ({sql})", given
            case Has(key):
                return self.value(item, key, "TRUE", [])
            case Holds(key, values):
                return self.value(item, key, "{} = ANY(%s)", [[_clean(value).lower() for value in values]])
            case Begins(key, prefix):
                return self.value(item, key, "starts_with({}, %s)", [_clean(prefix).lower()])
            case HoldsItem():
                return self.exists(item, part)

    def joined(self, item: str, parts: tuple[Predicate, ...], word: str, none: str) -> Condition:
        read = [self.condition(item, part) for part in parts]
        sql = word.join(sql for sql, _ in read)
        return f"({sql})" if read else none, [value for _, given in read for value in given]

    def value(self, item: str, key: str, test: str, given: list[object]) -> Condition:
        """Some value under the key passes the test, in which `{}` stands for its lower-case text."""
        tables, where, path, reached = self.reach(item, key)
        leaf = f"leaf{next(self._names)}"
        tables.append(_items(reached, leaf))
        text = f"lower({leaf} #>> '{{}}')"
        conditions = [*where, f"jsonb_typeof({leaf}) <> 'object'", test.format(text)]
        return _exists(tables, conditions), [*path, *given]

    def reach(self, holder: str, key: str) -> tuple[list[str], list[str], list[object], str]:
        """The tables and conditions that lead from a value down a dotted path, and where they end."""
        tables, where, given = [], [], []
        for part in _clean(key).lower().split("."):
            number = next(self._names)
            one, step = f"one{number}", f"step{number}"
            tables.append(_items(holder, one))
            whole = f"CASE WHEN jsonb_typeof({one}) = 'object' THEN {one} ELSE '{{}}' END"
            tables.append(f"jsonb_each({whole}) AS {step}(name, value)")
            where.append(f"lower({step}.name) = %s")
            given.append(part)
            holder = f"{step}.value"
        return tables, where, list(given), holder


def _exists(tables: list[str], conditions: list[str]) -> str:
    return f"EXISTS (SELECT 1 FROM {', '.join(tables)} WHERE {' AND '.join(conditions)})"  # noqa: S608 - names of our own


def _items(value: str, name: str) -> str:
    """A list's items, or what is no list by itself."""
    return f"jsonb_path_query({value}, 'lax $[*]') AS {name}"


def _list_items(value: str, name: str) -> str:
    """A list's items; what is no list has none."""
    return f"jsonb_path_query({value}, 'strict $[*]', '{{}}', true) AS {name}"


def _clean(text: str) -> str:
    return text.replace("\x00", "\ufffd")
