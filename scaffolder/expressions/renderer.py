"""Renders templates over one context: whole texts, and values that keep their type."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from .bounds import METER, Meter
from .crossing import characters, inside, outside, units
from .environment import Environment, added_filter, added_function
from .errors import BoundsExceeded, Fault, placed
from .evaluator import Evaluator, Scope
from .filters import BUILT_IN
from .functions import FUNCTIONS
from .members import member
from .scanner import Dialect
from .syntax import Block, Body, CallBlock, FilterBlock, For, If, Macro, Output, Set, Switch, Text
from .tags import Template, parse
from .values import UNDEFINED, Function, SafeText, Value, is_truthy, output_text, strictly_equal

DEFAULT: Final = Environment()
VALUES: Final = Dialect()


class Renderer:
    """Renders any number of templates over a context that none of them can change."""

    def __init__(
        self, context: Mapping[str, Any], *, environment: Environment = DEFAULT, dialect: Dialect = VALUES
    ) -> None:
        self.environment = environment
        self.dialect = dialect
        self._names: dict[str, Value] = inside({**environment.values, **context})
        self._filters = BUILT_IN | {name: added_filter(body) for name, body in environment.filters.items()}
        if dialect.cookiecutter_compat:
            self._filters["jsonify"] = BUILT_IN["dump"]
        self._functions = FUNCTIONS | {
            name: added_function(name, body) for name, body in environment.functions.items()
        }

    def text(self, template: str) -> str:
        """The template as text. Raises ExpressionError with line and column."""
        if self.dialect.is_plain(template):
            return template
        found: str = self._guarded(template, _Pass.text)
        return found

    def value(self, template: str) -> Any:
        """The value when the template is one expression, else its text; UNDEFINED when that is what it is."""
        if self.dialect.is_plain(template):
            return template
        return self._guarded(template, _Pass.native)

    def _guarded(self, template: str, work: "Callable[[_Pass, Template], Any]") -> Any:
        bounds = self.environment.bounds
        if len(template) > bounds.source:
            raise BoundsExceeded(f"the template is longer than {bounds.source} characters: split it")
        source = units(template)
        meter = Meter(bounds)
        token = METER.set(meter)
        try:
            parsed = parse(source, self.dialect)
            names = deepcopy(self._names) if parsed.mutates else dict(self._names)
            evaluator = Evaluator(
                meter,
                self._filters,
                self._functions,
                python_names=self.dialect.cookiecutter_compat,
                old_methods=self.environment.old_methods,
            )
            return work(_Pass(evaluator, Scope(names)), parsed)
        except Fault as fault:
            raise placed(fault, source) from fault
        except RecursionError as error:
            raise BoundsExceeded("the template or a value in it is nested too deeply") from error
        finally:
            METER.reset(token)


class _Pass:
    """One rendering of one template."""

    def __init__(self, evaluator: Evaluator, scope: Scope) -> None:
        self.evaluator = evaluator
        self.meter = evaluator.meter
        self.scope = scope
        self.buffer: list[str] = []
        self._kinds: dict[type, Callable[[Any, Scope], None]] = {
            Text: self._text,
            Output: self._output,
            If: self._if,
            For: self._for,
            Set: self._set,
            Macro: self._macro,
            CallBlock: self._call_block,
            FilterBlock: self._filter_block,
            Switch: self._switch,
            Block: self._block,
        }

    def whole(self, body: Body) -> str:
        """The text of a template."""
        self._render(body, self.scope)
        return "".join(self.buffer)

    def text(self, template: Template) -> str:
        """The text of a template, as it leaves."""
        return characters(self.whole(template.body))

    def native(self, template: Template) -> Any:
        """The value of a template: typed when it is one expression."""
        sole = template.sole
        if sole is None:
            return self.text(template)
        found = self.evaluator.evaluate(sole, self.scope)
        try:
            return outside(found, self.meter)
        except Fault as fault:
            fault.at = template.body[0].at
            raise

    def _render(self, body: Body, scope: Scope) -> None:
        for statement in body:
            self.meter.spend()
            try:
                self._kinds[type(statement)](statement, scope)
            except Fault as fault:
                if fault.at is None:
                    fault.at = statement.at
                raise

    def _captured(self, body: Body, scope: Scope) -> SafeText:
        """The text of a body, instead of into the result."""
        outer, self.buffer = self.buffer, []
        written = self.meter.written
        self._render(body, scope)
        text = SafeText("".join(self.buffer))
        self.buffer, self.meter.written = outer, written
        self.meter.text(len(text))
        return text

    def _write(self, text: str) -> None:
        self.meter.write(len(text))
        self.buffer.append(text)

    def _text(self, node: Text, _scope: Scope) -> None:
        self._write(node.text)

    def _output(self, node: Output, scope: Scope) -> None:
        value = self.evaluator.evaluate(node.value, scope)
        self._write(value if isinstance(value, str) else output_text(value))

    def _if(self, node: If, scope: Scope) -> None:
        for condition, body in node.branches:
            if is_truthy(self.evaluator.evaluate(condition, scope)):
                self._render(body, scope)
                return
        self._render(node.otherwise, scope)

    def _for(self, node: For, scope: Scope) -> None:
        items = self._items(self.evaluator.evaluate(node.source, scope), len(node.targets))
        if not items:
            self._render(node.otherwise, scope)
            return
        names: dict[str, Value] = {}
        inner = Scope(names, scope)
        for place, item in enumerate(items):
            if len(node.targets) == 1:
                names[node.targets[0]] = item
            else:
                names.update({name: member(item, index) for index, name in enumerate(node.targets)})
            names["loop"] = _loop(place, len(items))
            self._render(node.body, inner)

    def _items(self, source: Value, targets: int) -> list[Value]:
        if isinstance(source, dict):
            source = [[key, value] for key, value in source.items()] if targets == 2 else []
        elif isinstance(source, str) and targets == 2:
            source = [[str(place), character] for place, character in enumerate(source)]
        if not isinstance(source, str | list):
            return []
        self.meter.items(len(source))
        return list(source)

    def _set(self, node: Set, scope: Scope) -> None:
        if node.value is None:
            value: Value = self._captured(node.body, scope)
        else:
            value = self.evaluator.evaluate(node.value, scope)
        for name in node.targets:
            scope.assign(name, value)

    def _macro(self, node: Macro, scope: Scope) -> None:
        scope.names[node.name] = self._function(node, scope.root)

    def _function(self, node: Macro, outer: Scope) -> "_MacroFunction":
        def call(meter: Meter, positional: list[Value], named: dict[str, Value]) -> Value:
            inner = Scope({}, outer, isolated=True)
            for place, (name, default) in enumerate(node.parameters):
                if place < len(positional):
                    value = positional[place]
                elif name in named:
                    value = named[name]
                else:
                    value = UNDEFINED if default is None else self.evaluator.evaluate(default, inner)
                inner.names[name] = value
            if "caller" in named:
                inner.names["caller"] = named["caller"]
            meter.enter()
            text = self._captured(node.body, inner)
            meter.leave()
            return text

        return _MacroFunction(node.name, call)

    def _call_block(self, node: CallBlock, scope: Scope) -> None:
        macro = self.evaluator.evaluate(node.call.callee, scope)
        if not isinstance(macro, _MacroFunction):
            raise Fault("Call blocks can target only template macros", node.at)
        positional, named = self.evaluator.arguments(node.call.positional, node.call.named, scope)
        named["caller"] = self._function(node.caller, scope)
        self._write(macro.body(self.meter, positional, named))

    def _filter_block(self, node: FilterBlock, scope: Scope) -> None:
        text = self._captured(node.body, scope)
        self._write(output_text(self.evaluator.filtered(node.filter, text, scope)))

    def _switch(self, node: Switch, scope: Scope) -> None:
        value = self.evaluator.evaluate(node.value, scope)
        cases = [case for case in node.cases if case[0] is not None]
        cases += [case for case in node.cases if case[0] is None]
        matched = False
        for wanted, body in cases:
            if not matched and wanted is not None:
                matched = strictly_equal(value, self.evaluator.evaluate(wanted, scope))
            if (matched or wanted is None) and body:
                self._render(body, scope)
                return

    def _block(self, node: Block, scope: Scope) -> None:
        self._render(node.body, Scope({}, scope, isolated=True))


class _MacroFunction(Function):
    """A macro, which a call block may target."""

    __slots__ = ()


def _loop(place: int, length: int) -> dict[str, Value]:
    return {
        "index": place + 1,
        "index0": place,
        "revindex": length - place,
        "revindex0": length - place - 1,
        "first": place == 0,
        "last": place == length - 1,
        "length": length,
    }
