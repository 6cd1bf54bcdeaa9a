"""Answers that no service should give: wrong types, nulls, huge and torn texts, tricks; as hypothesis strategies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NEEDLE = "Salary-of-zoe@client.example"
"""Stands for content: it is in every answer here, and in no error text and no log."""

EVIL = "https://evil.example/v1.0/users"

TEXTS = st.sampled_from(
    [
        "",
        " ",
        NEEDLE,
        NEEDLE * 1000,
        "\x00\x07\x1b[31m",
        "\u202egnp.exe\u202c",
        "\ud83d half",
        "é/../'\"\r\nX-Evil: 1",
        "9" * 5000,
        "9999-12-31T23:59:59.9999999",
        "0001-01-01T00:00:00+23:59",
        "-0001-13-45",
        "../../etc/passwd",
        "/etc/passwd",
        "<![bad <b",
        "<b '" * 300,
        "<p>" * 300,
        "<script>" + NEEDLE,
        "1/a/b/c/d/" + "9" * 5000,
        "1/%00/%ff/c/d/1",
        "private",
        "seriesMaster",
        "occurrence",
        EVIL,
        "//evil.example/x",
        "https://[evil",
    ]
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**30), 2**63, 253402300799999, 1e308, float("nan"), float("inf")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.text(max_size=8))


def deep(levels: int) -> Any:
    """Lists in a list in a list."""
    nested: Any = [NEEDLE]
    for _ in range(levels):
        nested = [nested]
    return nested


def wire(names: list[str]) -> st.SearchStrategy[Any]:
    """Any JSON, with these names of members among it."""
    keys = st.sampled_from(names) | st.text(max_size=4)
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )


def spoilt(good: dict[str, Any], more: list[str] = []) -> st.SearchStrategy[dict[str, Any]]:  # noqa: B006
    """A good object in which some members are replaced by anything, or are not there; further names may come in."""
    names = [*good, *more]
    changed = st.dictionaries(st.sampled_from(names), wire(names), min_size=1, max_size=4)
    dropped = st.sets(st.sampled_from(list(good)), max_size=3)
    return st.builds(lambda new, gone: {k: v for k, v in (good | new).items() if k not in gone}, changed, dropped)


def as_json(value: Any) -> bytes:
    """JSON as a careless service writes it: NaN, Infinity and half characters included."""
    return json.dumps(value).encode()


def nested_json(levels: int) -> bytes:
    """The JSON of `deep`, which no encoder would write."""
    return b"[" * levels + b"]" * levels
