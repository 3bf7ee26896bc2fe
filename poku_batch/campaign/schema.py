"""The campaign file's JSON Schema, for editors."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from poku_batch.campaign.durations import format_duration
from poku_batch.campaign.model import Campaign


class _Generator(GenerateJsonSchema):
    """Without a title for every key, with names held to their patterns, and values as written."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's
        return False

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made

    def encode_default(self, dft: Any) -> Any:
        match dft:
            case timedelta():
                return format_duration(dft)
            case Decimal():
                return float(dft)
            case tuple():
                return [self.encode_default(one) for one in dft]
            case _:
                return super().encode_default(dft)


def campaign_schema() -> dict[str, Any]:
    """Give the schema as draft 2020-12; every key has a description."""
    schema = Campaign.model_json_schema(schema_generator=_Generator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A campaign of poku-batch",
    }
