"""OData query expressions: the part of `$filter` that Graph documents for users and events, and `$orderby`.

expression = term {or term}          term = factor {and factor}
factor     = not factor | ( expression ) | comparison | function | path/any(x:expression) | path in (literals)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.microsoft.errors import invalid_query

Row = dict[str, Any]
Test = Callable[[Row], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<stamp>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)|(?P<number>-?\d+)"
    r"|(?P<name>@?[A-Za-z_][\w./]*)|(?P<sign>[(),:]))"
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}


@dataclass
class Filter:
    """A parsed `$filter`. `operators` names what it uses, for services that allow only some of it."""

    text: str
    fold: bool = False
    operators: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Raises GraphError (ErrorInvalidUrlQuery). `fold`: strings are compared without regard to case."""
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while self.text[at:].strip():
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise self._bad()
            self._tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            at = match.end()
        self._test = self._or()
        if self._tokens:
            raise self._bad()

    def __call__(self, row: Row) -> bool:
        return bool(self._test(row))

    def _bad(self) -> Exception:
        return invalid_query(f"Invalid filter clause: '{self.text}'.")

    def _take(self, *wanted: str) -> str | None:
        """The next token if it is one of `wanted` (without regard to case)."""
        if self._tokens and self._tokens[0][1].lower() in wanted and self._tokens[0][0] != "string":
            return self._tokens.pop(0)[1].lower()
        return None

    def _must(self, *wanted: str) -> str:
        found = self._take(*wanted)
        if found is None:
            raise self._bad()
        return found

    def _next(self, *kinds: str) -> tuple[str, str]:
        if not self._tokens or self._tokens[0][0] not in kinds:
            raise self._bad()
        return self._tokens.pop(0)

    def _or(self) -> Test:
        tests = [self._and()]
        while self._take("or"):
            tests.append(self._and())
        return lambda row: any(test(row) for test in tests)

    def _and(self) -> Test:
        tests = [self._factor()]
        while self._take("and"):
            tests.append(self._factor())
        return lambda row: all(test(row) for test in tests)

    def _factor(self) -> Test:
        if self._take("not"):
            self.operators.add("not")
            inner = self._factor()
            return lambda row: not inner(row)
        if self._take("("):
            inner = self._or()
            self._must(")")
            return inner
        _, name = self._next("name")
        if name.lower() in _FUNCTIONS:
            return self._function(name.lower())
        if name.lower().endswith("/any"):
            return self._any(name[: -len("/any")])
        if self._take("in"):
            return self._in(name)
        operator = self._must(*_COMPARE)
        self.operators.add(operator)
        return self._comparison(name, operator, self._literal())

    def _comparison(self, path: str, operator: str, wanted: Any) -> Test:
        compare = _COMPARE[operator]

        def test(row: Row) -> bool:
            value, other = self._alike(_at(row, path), wanted)
            return compare(value, other)

        return test

    def _function(self, name: str) -> Test:
        self.operators.add(name)
        self._must("(")
        _, path = self._next("name")
        self._must(",")
        wanted = self._literal()
        self._must(")")

        def test(row: Row) -> bool:
            value, other = self._folded(_at(row, path)), self._folded(wanted)
            return isinstance(value, str) and _FUNCTIONS[name](value, other)

        return test

    def _any(self, path: str) -> Test:
        self._must("(")
        _, variable = self._next("name")
        self._must(":")
        inner = self._or()
        self._must(")")
        return lambda row: any(inner(row | {variable: one}) for one in _at(row, path) or [])

    def _in(self, path: str) -> Test:
        self.operators.add("in")
        self._must("(")
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._must(")")
        return lambda row: self._folded(_at(row, path)) in [self._folded(value) for value in values]

    def _literal(self) -> Any:
        kind, text = self._next("string", "stamp", "number", "name")
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return int(text)
        if kind == "stamp":
            return text
        words = {"true": True, "false": False, "null": None}
        if text.lower() not in words:
            raise self._bad()
        return words[text.lower()]

    def _folded(self, value: Any) -> Any:
        return value.casefold() if self.fold and isinstance(value, str) else value

    def _alike(self, value: Any, wanted: Any) -> tuple[Any, Any]:
        """Both as instants when both are written as such, else as they are."""
        if isinstance(value, str) and isinstance(wanted, str) and _STAMP.fullmatch(value) and _STAMP.fullmatch(wanted):
            return _instant(value), _instant(wanted)
        return self._folded(value), self._folded(wanted)


def _instant(text: str) -> datetime:
    cut = re.sub(r"(\.\d{6})\d+", r"\1", text)
    found = datetime.fromisoformat(cut)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _at(row: Row, path: str) -> Any:
    """The value at a path; names are matched as written, else without regard to case."""
    value: Any = row
    for name in path.split("/"):
        if not isinstance(value, dict):
            return None
        if name not in value:
            name = next((key for key in value if key.lower() == name.lower()), name)
        value = value.get(name)
    return value


def sort_rows(rows: list[Row], order: str) -> list[Row]:
    """`rows` by `$orderby`: names, each with an optional `asc` or `desc`; nulls come first."""
    for part in reversed(order.split(",")):
        name, *direction = part.split()
        down = bool(direction) and direction[0].lower() == "desc"
        rows = sorted(rows, key=lambda row: ((v := _at(row, name)) is not None, v), reverse=down)
    return rows
