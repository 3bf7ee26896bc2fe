"""The campaign file's JSON Schema, for editors."""

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from poku_batch.campaign.durations import format_duration
from poku_batch.campaign.model import Campaign


class _Generator(GenerateJsonSchema):
    """Without a title for every key, and with durations as a campaign writes them."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's
        return False

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def campaign_schema() -> dict[str, Any]:
    """Give the schema as draft 2020-12; every key has a description."""
    schema = Campaign.model_json_schema(schema_generator=_Generator)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A campaign of poku-batch",
    }
