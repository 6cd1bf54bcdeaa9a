"""Values to JSON and back, for the state database and the staged artifacts; and their fingerprints."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from calsync.core.model import CrmRow, Event, OutlookRow

T = TypeVar("T")


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Building an adapter takes longer than thousands of uses of it, so each is kept."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_json(value: Any) -> str:
    """One of our frozen values as JSON text."""
    return _adapter(type(value)).dump_json(value).decode()


def from_json(kind: type[T], text: str | bytes) -> T:
    """The value of class `kind` that `to_json` wrote. Raises pydantic.ValidationError on anything else."""
    return cast(T, _adapter(kind).validate_json(text))


def fingerprint(value: Event | CrmRow | OutlookRow, *without: str) -> str:
    """A digest of a value's content, equal for equal content whatever the order of its sets.

    An Event without rooms has the digest it had before Events knew of rooms: those that are stored stay valid.

    :param without: names of fields that do not count, versions say.
    """
    plain = _adapter(type(value)).dump_python(value, mode="json", exclude=set(without) or None)
    if "time" in plain:
        plain["time"].pop("zone", None)  # kept for writing, never compared
    for event in (plain, plain.get("event") or {}):
        if not event.get("rooms"):
            event.pop("rooms", None)
    text = json.dumps(_sorted(plain), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _sorted(plain: Any) -> Any:
    """Sets arrive as lists in no order; every list of strings is a set or fixed anyway, so sorting them is safe."""
    if isinstance(plain, dict):
        return {key: _sorted(value) for key, value in plain.items()}
    if isinstance(plain, list) and all(isinstance(item, str) for item in plain):
        return sorted(plain)
    return plain
