"""What tools that others describe say they take: their JSON Schemas, made safe and self-contained.

A schema from elsewhere is data. References are written out, within the document alone and within a bound;
what is left is held to be a JSON Schema, so that checking arguments by it neither fails, nor asks the
network, nor takes for ever.
"""

import json
from collections.abc import Mapping
from typing import Any

from knowledge.hidden import seen

_DEPTH = 16
"""Levels of references: a schema that contains itself ends there, in anything."""
_PARTS = 20_000
"""Of one tool's schema, references written out."""
_SIZE = 30_000
"""Characters of a schema that a model is shown."""
_DESCRIPTION = 1_500
_DATA = frozenset({"default", "const", "enum", "example", "examples"})
"""Keywords whose values are values, not schemas."""
_NAMED = frozenset({"properties", "dependentSchemas"})
"""Keywords whose values are schemas by name."""
_DROPPED = frozenset({"$schema", "$id", "$anchor", "$defs", "definitions", "$comment"})


class SchemaError(ValueError):
    """What stands for a schema is none that can be used; its text says why."""


def usable(schema: Any, root: Any = None) -> dict[str, Any]:
    """A schema of an object without references; raises `SchemaError`. `root`: the document it stands in."""
    try:
        plain = Inliner(schema if root is None else root).schema(schema)
        size = len(json.dumps(plain))
    except (RecursionError, TypeError, ValueError) as error:
        raise SchemaError(str(error) if isinstance(error, SchemaError) else "it contains itself") from None
    if not isinstance(plain, dict):
        raise SchemaError("it is no object")
    if size > _SIZE:
        raise SchemaError(f"written out it has {size:,} characters; {_SIZE:,} are the most")
    whole = {"type": "object", "properties": {}} | plain
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError as NoSchemaError

    try:
        Draft202012Validator.check_schema(whole)
    except NoSchemaError as error:
        raise SchemaError(f"it is no JSON Schema: {error.message[:200]}") from None
    if whole["type"] != "object" or not isinstance(whole["properties"], dict):
        raise SchemaError("it describes something else than named arguments")
    return whole


def description(*texts: str | None) -> str:
    """What somebody says of a tool: on one line, not for ever, with nothing hidden in it."""
    return " ".join(" ".join(seen(text) for text in texts if text).split())[:_DESCRIPTION]


class Inliner:
    """Writes out the references within one document."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _PARTS

    def schema(self, value: Any, depth: int = _DEPTH) -> Any:
        """The value without references."""
        self._left -= 1
        if self._left < 0:
            raise SchemaError(f"it has more than {_PARTS:,} parts")
        if isinstance(value, list):
            return [self.schema(one, depth) for one in value]
        if not isinstance(value, dict):
            return value
        if isinstance(reference := value.get("$ref"), str):
            if depth == 0:
                return {}
            beside = {key: one for key, one in value.items() if key != "$ref"}
            target = self.schema(self._named(reference), depth - 1)
            return {**target, **self.schema(beside, depth)} if isinstance(target, dict) else target
        if "$dynamicRef" in value or "$recursiveRef" in value:
            raise SchemaError("it refers to what is only known while it is checked")
        return {
            key: self._part(key, one, depth) for key, one in _modern(value).items() if key not in _DROPPED
        }

    def _part(self, key: Any, value: Any, depth: int) -> Any:
        if key in _DATA:
            return value
        if key in _NAMED and isinstance(value, dict):
            return {str(name): self.schema(one, depth) for name, one in value.items()}
        return self.schema(value, depth)

    def _named(self, reference: str) -> Any:
        if reference != "#" and not reference.startswith("#/"):
            raise SchemaError(f"it refers to another document ({reference[:100]})")
        target = self._root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, Mapping) or name not in target:
                raise SchemaError(f"it refers to {reference[:100]}, which is not there")
            target = target[name]
        return target


def _modern(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as OpenAPI 3.0 writes it, in JSON Schema's own words; and without patterns of names."""
    changed = dict(schema)
    if changed.pop("nullable", False) is True and isinstance(kind := changed.get("type"), str):
        changed["type"] = [kind, "null"]
        if isinstance(choices := changed.get("enum"), list) and None not in choices:
            changed["enum"] = [*choices, None]
    for exclusive, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(changed.get(exclusive), bool) and changed.pop(exclusive) and limit in changed:
            changed[exclusive] = changed.pop(limit)
    if isinstance(changed.get("patternProperties"), dict):
        # Looking at names by a pattern from elsewhere could take for ever.
        del changed["patternProperties"]
        changed.pop("additionalProperties", None)
    return changed
