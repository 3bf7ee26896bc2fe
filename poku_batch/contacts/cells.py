"""Typed cells as the text that a person would expect to see.

One rule for workbooks, Parquet files and DataFrames, so that the same sheet saved in another
format gives the same contacts. Text is never touched.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import assert_never


def cell_text(value: object) -> str:
    """Return a cell's text: ``TRUE``, ``14155550100``, ``2026-11-24 14:30:00``; None is empty.

    Whole numbers are written in full and without ``.0``; a naive midnight is a date.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return _float_text(value)
        case Decimal():
            return _decimal_text(value)
        case date() | time() | timedelta():
            return _when_text(value)
        case _:
            return str(value)


def _float_text(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN is what a missing number reads as
        return ""
    if not value.is_integer():
        return repr(value)
    # Below 2**53 every whole float is exact; above, its shortest digits are what a person typed.
    return str(int(value)) if abs(value) < 2**53 else f"{Decimal(repr(value)):f}"


def _decimal_text(value: Decimal) -> str:
    if value.is_nan():
        return ""
    if value.is_finite() and value == value.to_integral_value():
        return f"{value.to_integral_value():f}"
    return f"{value:f}"


def _when_text(value: date | time | timedelta) -> str:
    match value:
        case datetime():
            return _moment_text(value)
        case date():
            return value.isoformat()
        case time():
            whole_minutes = not value.second and not value.microsecond
            return value.isoformat(timespec="minutes" if whole_minutes else "auto")
        case timedelta():
            return _length_text(value)
        case _:
            assert_never(value)


def _moment_text(value: datetime) -> str:
    if value.tzinfo is None and value.time() == time():
        return value.date().isoformat()
    return value.isoformat(sep=" ")


def _length_text(value: timedelta) -> str:
    sign = "-" if value < timedelta() else ""
    minutes, seconds = divmod(abs(value), timedelta(minutes=1))
    text = f"{sign}{minutes // 60}:{minutes % 60:02}"
    if seconds:
        text += f":{seconds.seconds:02}"
    return text + (f".{seconds.microseconds:06}" if seconds.microseconds else "")
