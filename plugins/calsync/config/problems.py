"""pydantic's errors as lines a person can act on: `file: field: what and what to do`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from calsync.config.model import TenantFile

_SENTENCES = {
    "string_type": "is not text: write text, and put digits in quotes",
    "string_too_short": "is too short: write at least {min_length} characters",
    "string_too_long": "is too long: write at most {max_length} characters",
    "int_type": "is not a whole number: write one such as 10",
    "int_parsing": "is not a whole number: write one such as 10",
    "int_from_float": "is not a whole number: write one such as 10",
    "float_type": "is not a number: write one such as 0.2",
    "float_parsing": "is not a number: write one such as 0.2",
    "bool_type": "is neither true nor false: write one of them",
    "bool_parsing": "is neither true nor false: write one of them",
    "greater_than_equal": "is too small: write at least {ge:g}",
    "less_than_equal": "is too large: write at most {le:g}",
    "tuple_type": "is not a list: write [a, b], or one '- a' a line",
    "mapping_type": "is not a block: write 'key: value' lines below it",
    "model_type": "is not a block: write 'key: value' lines below it",
    "literal_error": "has no such choice: write {expected}",
}


def problems(file: str, error: ValidationError) -> list[str]:
    """One line a problem, in the order of the fields."""
    return [problem(file, _field(detail["loc"]), _sentence(detail)) for detail in error.errors(include_url=False)]


def by_field(error: ValidationError) -> dict[str, str]:
    """The first sentence about each field, named as in `window.past_days`."""
    found: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(_field(detail["loc"]), _sentence(detail))
    return found


def problem(file: str, field: str, sentence: str) -> str:
    """One line; `field` is "" when the file as a whole is meant."""
    return ": ".join(part for part in (file, field, sentence) if part)


def _field(loc: Sequence[str | int]) -> str:
    parts = [part for part in loc if part != "[key]"]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")


def _sentence(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return f"is missing: add it. {_description(detail['loc'])}"
    if kind == "extra_forbidden":
        return _unknown(detail["loc"])
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**context)
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}: correct it"


def _unknown(loc: Sequence[str | int]) -> str:
    known = _model(loc[:-1]).model_fields
    near = get_close_matches(str(loc[-1]), known, n=1)
    return f"is not a setting: did you mean '{near[0]}'?" if near else "is not a setting: remove it"


def _description(loc: Sequence[str | int]) -> str:
    return _model(loc[:-1]).model_fields[str(loc[-1])].description or ""


def _model(loc: Sequence[str | int]) -> type[BaseModel]:
    """The block that `loc` leads to."""
    model: type[BaseModel] = TenantFile
    for part in loc:
        model = block(model.model_fields[str(part)].annotation) or model
    return model


def block(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, None when it holds a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := block(part))), None)
