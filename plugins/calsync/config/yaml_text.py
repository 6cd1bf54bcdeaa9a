"""YAML text to plain values: fast, keys always text and never twice, mistakes told with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class YamlProblem(Exception):
    """The file is not YAML that a tenant can be read from; the sentence says where and what to do."""


class _Loader(yaml.CSafeLoader):
    """Every key is text and stands once: YAML alone reads `0100` as 64 and lets a later key replace an earlier one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise YamlProblem(f"line {line}: a key is not plain text: write 'key: value'")
            if key.value in seen:
                raise YamlProblem(
                    f"line {line}: '{key.value}' stands here again, first in line {seen[key.value]}: remove one"
                )
            seen[key.value] = line
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping that the file at `path` holds.

    :raises YamlProblem: when it cannot be read, is not YAML, repeats a key or is not a mapping.
    """
    try:
        said = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise YamlProblem(f"cannot be read ({error.strerror}): check that it is there and its permissions") from None
    except yaml.MarkedYAMLError as error:
        raise YamlProblem(_where(error)) from None
    except (yaml.YAMLError, ValueError):
        raise YamlProblem("is not text in UTF-8: save it as UTF-8") from None
    if not isinstance(said, dict):
        raise YamlProblem("holds no settings: write 'key: value' lines")
    return said


def _where(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    what = error.problem or error.context or "not understood"
    return f"{place}is not YAML ({what}): correct this line or the one above it"
