"""A pydantic model as the JSON Schema that providers take."""

from functools import cache
from typing import Any

from pydantic import BaseModel

_DROPPED = frozenset({"title", "default", "description"})


@cache  # six sections of an answer ask for the same one; nobody changes it
def plain_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Render a pydantic model as a strict JSON Schema.

    Shape: references inlined, no titles and defaults, every property required, none besides.
    """
    schema = model.model_json_schema()
    plain: dict[str, Any] = _inlined(schema, schema.get("$defs", {}))
    return plain


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    plain = {k: _inlined(v, definitions) for k, v in node.items() if k not in _DROPPED | {"$defs"}}
    if "properties" in node:  # a property may be named like a keyword that is dropped
        plain["properties"] = {
            name: _inlined(value, definitions) for name, value in node["properties"].items()
        }
        plain["required"] = list(node["properties"])
        plain["additionalProperties"] = False
    return plain
