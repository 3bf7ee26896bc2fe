"""What every section of a campaign has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen; unknown keys are faults; no value is shown in an error, since it may be a secret."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )
