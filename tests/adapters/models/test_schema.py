import json

from shared.adapters.models.schema import plain_schema
from shared.domain.bias import SectionDraft


def test_the_schema_is_flat_and_strict():
    schema = plain_schema(SectionDraft)
    assert "$ref" not in json.dumps(schema)
    assert "$defs" not in schema
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["headline", "findings", "risks", "claims", "lean", "documents"]
    assert schema["properties"]["claims"]["items"]["required"] == ["feature", "relation", "other"]
