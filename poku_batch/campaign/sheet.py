"""Who is called: the sheet of a campaign, and its columns that say something of each row."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from poku_batch.campaign.amounts import Priority
from poku_batch.campaign.fields import (
    Region,
    Text,
    one_of,
    one_or_many,
    short_form,
    without_repeats,
)
from poku_batch.campaign.section import Section
from poku_batch.campaign.sources import ContactsSource
from poku_batch.models import DuplicateRule


def _worksheet(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Consent(Section):
    """Who agreed to be called."""

    column: Text = Field(description="The column that says whether the person agreed.")
    values: Annotated[tuple[Text, ...], one_or_many(Text)] = Field(
        default=("yes", "y", "true", "1", "x"),
        description="What it holds for those who did; whoever has anything else is skipped.",
    )


class Contacts(Section):
    """Who is called."""

    file: ContactsSource = Field(
        description="The sheet: a csv, tsv, xlsx or parquet file, relative to this file's folder; "
        "a pattern for several, as inbox/*.csv; an https link to a CSV file, such as a published "
        "Google Sheet; or - for standard input."
    )
    sheet: Annotated[str, BeforeValidator(_worksheet, json_schema_input_type=str | int)] | None = (
        Field(
            default=None,
            description="The worksheet of a workbook: its name, or its number from 1. Default: "
            "the first that is visible.",
        )
    )
    header_row: int = Field(
        default=1,
        ge=1,
        le=1_000,
        description="The row with the column names, as a spreadsheet program numbers it.",
    )
    decimal: Annotated[Literal[".", ","], BeforeValidator(one_of(".", ","))] | None = Field(
        default=None,
        description="What separates decimals in the sheet's numbers, for templates. Default: a "
        "comma where the file is separated by semicolons, else a point.",
    )
    key: Annotated[tuple[Text, ...], one_or_many(Text), AfterValidator(without_repeats)] | None = (
        Field(
            default=None,
            description="The column, or columns, that make a row the same contact on a rerun. "
            "Default: the phone number.",
        )
    )
    phone: Text | None = Field(
        default=None,
        description="The column that holds the number. Default: the first column with a usual "
        "name, such as phone, mobile or to.",
    )
    region: Region | None = Field(
        default=None,
        description="The country of numbers written without +: two letters, such as US. "
        "Without it such rows are invalid.",
    )
    timezone: Text | None = Field(
        default=None,
        description="The column that holds the contact's IANA time zone. Default: a column named "
        "timezone, if there is one; empty cells, and without it all rows: the number's zones.",
    )
    not_before: Text | None = Field(
        default=None,
        description="The column that says from when a row may be called: a date, a date with a "
        "time, or a time of day, at the contact. Default: a column named not_before, if there is "
        "one.",
    )
    not_after: Text | None = Field(
        default=None,
        description="The column that says until when, likewise; a date is included. Default: a "
        "column named not_after, if there is one.",
    )
    priority: Priority | None = Field(
        default=None,
        description="Who is called first: a whole number from 0 to 100, the highest first; may be "
        "a Jinja expression over the row. Default: 0 for all.",
    )
    consent: (
        Annotated[
            Consent, BeforeValidator(short_form("column"), json_schema_input_type=str | Consent)
        ]
        | None
    ) = Field(
        default=None,
        description="The column that says who agreed to be called; whoever did not is skipped.",
    )
    duplicates: Annotated[DuplicateRule, BeforeValidator(one_of(*DuplicateRule))] = Field(
        default=DuplicateRule.FIRST,
        description="What to do with rows that carry the same number: call the first of them, "
        "call all, or take it as an error.",
    )
