"""English as it is said: days, the clock, numbers in words.

American where the tag is ``en-US``, British everywhere else; in India with lakh and crore.
"""

from datetime import date, time

#: Large units and their names, the largest first.
Scales = tuple[tuple[int, str], ...]

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES: Scales = (
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (1_000, "thousand"),
)
_INDIAN_SCALES: Scales = ((10**7, "crore"), (10**5, "lakh"), (1_000, "thousand"))
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = (
    "January February March April May June July August September October November December"
).split()


def date_words(day: date, *, year: bool, weekday: bool, american: bool) -> str:
    """Say a day: ``Tuesday, March 3rd`` or ``Tuesday the 3rd of March``."""
    month = _MONTHS[day.month - 1]
    name = _WEEKDAYS[day.weekday()]
    number = ordinal(day.day)
    if american:
        text = f"{month} {number}"
        return (f"{name}, {text}" if weekday else text) + (f", {day.year}" if year else "")
    text = f"the {number} of {month}"
    return (f"{name} {text}" if weekday else text) + (f" {day.year}" if year else "")


def ordinal(number: int) -> str:
    """Write ``1st``, ``2nd``, ``11th``."""
    last = 0 if number % 100 in {11, 12, 13} else number % 10
    return f"{number}{('th', 'st', 'nd', 'rd')[last] if last < 4 else 'th'}"


def time_words(clock: time, *, american: bool) -> str:
    """Say a time of day, to the minute: ``half past two in the afternoon``."""
    if clock.minute == 0 and clock.hour in {0, 12}:
        return "noon" if clock.hour else "midnight"
    said = _american_clock(clock) if american else _british_clock(clock)
    return f"{said} {_part_of_day(clock.hour)}"


def _part_of_day(hour: int) -> str:
    if 1 <= hour < 12:
        return "in the morning"
    if 12 <= hour < 17:
        return "in the afternoon"
    return "in the evening" if 17 <= hour < 21 else "at night"


def _american_clock(clock: time) -> str:
    hour = _hour(clock.hour)
    if clock.minute == 0:
        return f"{hour} o'clock"
    minute = cardinal(clock.minute, american=True)
    return f"{hour} oh {minute}" if clock.minute < 10 else f"{hour} {minute}"


def _british_clock(clock: time) -> str:
    minute = clock.minute
    if minute == 0 or minute % 5:
        return _american_clock(clock)
    if minute <= 30:
        return f"{_minutes(minute)} past {_hour(clock.hour)}"
    return f"{_minutes(60 - minute)} to {_hour(clock.hour + 1)}"


def _minutes(minute: int) -> str:
    named = {15: "a quarter", 30: "half"}
    return named.get(minute) or cardinal(minute, american=False)


def _hour(hour: int) -> str:
    return _ONES[hour % 12 or 12]


def number_words(whole: int, decimals: str, *, tag: str) -> str:
    """Say a number below 10¹⁵; ``decimals`` are the digits after the point, said one by one."""
    scales = _INDIAN_SCALES if tag == "en-IN" else _SCALES
    text = cardinal(whole, american=tag == "en-US", scales=scales)
    if not decimals:
        return text
    return f"{text} point {' '.join(_ONES[int(digit)] for digit in decimals)}"


def cardinal(number: int, *, american: bool, scales: Scales = _SCALES) -> str:
    """Say a whole number from 0 to below 10¹⁵; the British say ``and`` before the tens."""
    parts = []
    for scale, name in scales:
        if number >= scale:
            parts.append(f"{cardinal(number // scale, american=american, scales=scales)} {name}")
            number %= scale
    if number or not parts:
        joined = "and " if parts and number < 100 and not american else ""
        parts.append(joined + _hundreds(number, american=american))
    return " ".join(parts)


def _hundreds(number: int, *, american: bool) -> str:
    if number < 100:
        return _below_hundred(number)
    text = f"{_ONES[number // 100]} hundred"
    if number % 100:
        text += f"{' ' if american else ' and '}{_below_hundred(number % 100)}"
    return text


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    ten, one = divmod(number, 10)
    return f"{_TENS[ten]}-{_ONES[one]}" if one else _TENS[ten]
