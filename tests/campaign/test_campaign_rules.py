"""The keys that say who may be called, when and how often: what they become, and their faults."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from poku_batch.campaign import RedialRule, Window, described_caps
from tests.campaign.campaign_text import LEAST, faults, load, the_fault

# Messages are whole lines, so that they are read as a person reads them.
# ruff: noqa: E501


def windows(*spans: tuple[float, float]) -> tuple[Window, ...]:
    """Spans by their hours."""
    return tuple(Window(start=round(a * 60), end=round(b * 60)) for a, b in spans)


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ('["09:00", "20:00"]', windows((9, 20))),
        ("[09:00, 20:00]", windows((9, 20))),
        ("[9:00, 20:30]", windows((9, 20.5))),
        ("09:00-20:00", windows((9, 20))),
        ("09:00 – 24:00", windows((9, 24))),
        ("[09:00-12:00]", windows((9, 12))),
        ("[13:00-18:00, 09:00-12:00]", windows((9, 12), (13, 18))),
        ("[09:00-12:00, 12:00-13:00]", windows((9, 12), (12, 13))),
        ('[["09:00", "12:00"], ["13:00", "18:00"]]', windows((9, 12), (13, 18))),
        ('[["09:00", "12:00"], "13:00-18:00"]', windows((9, 12), (13, 18))),
    ],
)
def test_spans_of_the_day_are_read(
    tmp_path: Path, between: str, expected: tuple[Window, ...]
) -> None:
    campaign = load(tmp_path, LEAST + f"calling_hours: {{between: {between}}}\n")
    assert campaign.calling_hours.between == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon", (0,)),
        ("Tuesday", (1,)),
        ("[sun, mon, MON]", (0, 6)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("fri – mon", (0, 4, 5, 6)),
        ("[mon-wed, sat]", (0, 1, 2, 5)),
        ("weekdays", (0, 1, 2, 3, 4)),
        ("weekend", (5, 6)),
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
        ("Every day", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_days_of_the_week_are_read(tmp_path: Path, days: str, expected: tuple[int, ...]) -> None:
    campaign = load(tmp_path, LEAST + f"calling_hours: {{days: {days}}}\n")
    assert campaign.calling_hours.days == expected


def test_unset_hours_are_those_of_the_law(tmp_path: Path) -> None:
    hours = load(tmp_path, LEAST + "calling_hours:\n").calling_hours
    assert [hours.windows_of(day) for day in range(7)] == [windows((8, 21))] * 7
    assert not hours.always
    assert hours.timezone == "contact"
    assert hours.default_timezone is None


def test_hours_are_switched_off_by_the_word_always_alone(tmp_path: Path) -> None:
    assert load(tmp_path, LEAST + "calling_hours: always\n").calling_hours.always
    assert load(tmp_path, LEAST + "calling_hours: {always: true}\n").calling_hours.always
    assert not load(tmp_path, LEAST + "calling_hours: {always: false}\n").calling_hours.always


def test_single_days_have_hours_of_their_own(tmp_path: Path) -> None:
    hours = load(
        tmp_path,
        LEAST
        + "calling_hours: {days: mon-fri, between: 09:00-20:00, by_day: {wed-thu: [], sat: 10:00-14:00}}\n",
    ).calling_hours
    usual, short = windows((9, 20)), windows((10, 14))
    found = [hours.windows_of(day) for day in range(7)]
    assert found == [usual, usual, (), (), usual, short, ()]


def test_holidays_and_days_off_are_read(tmp_path: Path) -> None:
    hours = load(
        tmp_path,
        LEAST
        + "calling_hours: {holidays: [us, de-by, DE-augsburg, Contact], not_on: 2026-12-24, timezone: Europe/Berlin, default_timezone: UTC}\n",
    ).calling_hours
    assert hours.holidays == ("US", "DE-BY", "DE-Augsburg", "contact")
    assert hours.not_on == (date(2026, 12, 24),)
    assert (hours.timezone, hours.default_timezone) == ("Europe/Berlin", "UTC")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "calling_hours: alway",
            ":4: calling_hours: 'alway' is not the word always, and no hours (did you mean always?)",
        ),
        (
            "calling_hours: 5",
            ':4: calling_hours: \'5\' is not the word always, and no hours (such as between: ["09:00", "20:00"])',
        ),
        (
            "calling_hours: [9]",
            ":4: calling_hours: holds keys of its own, not a single value (its keys: always, days, between, by_day, timezone, default_timezone, holidays, not_on)",
        ),
        (
            "calling_hours: {between: [9, 20]}",
            ':4: calling_hours.between: \'9\' is not a time of day (write it as "09:00", up to "24:00")',
        ),
        (
            "calling_hours: {between: 20:00-09:00}",
            ":4: calling_hours.between: 09:00 is not after 20:00 (a span that crosses midnight is two: one to 24:00, one from 00:00)",
        ),
        (
            'calling_hours: {between: ["09:00"]}',
            ':4: calling_hours.between: \'09:00\' is not a span of the day (such as ["09:00", "20:00"])',
        ),
        (
            'calling_hours: {between: ["09:00-12:00", "11:00-13:00"]}',
            ":4: calling_hours.between: 09:00–12:00 and 11:00–13:00 overlap",
        ),
        (
            'calling_hours: {between: ["09:00", "25:00"]}',
            ':4: calling_hours.between: \'25:00\' is not a time of day (write it as "09:00", up to "24:00")',
        ),
        ("calling_hours: {between: {a: 1}}", ":4: calling_hours.between: is a list, not a mapping"),
        (
            "calling_hours: {between: []}",
            ":4: calling_hours: no hour of the week is left to call in",
        ),
        (
            "calling_hours: {between: [[a]]}",
            ':4: calling_hours.between: "[\'a\']" is not a span of the day (such as ["09:00", "20:00"])',
        ),
        (
            "calling_hours: {days: mon-fry}",
            ":4: calling_hours.days: 'mon-fry' is not a day (did you mean fri?)",
        ),
        (
            "calling_hours: {days: [mon, x]}",
            ":4: calling_hours.days: 'x' is not a day (mon, tue … sun)",
        ),
        ("calling_hours: {days: []}", ":4: calling_hours.days: is an empty list"),
        ("calling_hours: {days: {a: b}}", ":4: calling_hours.days: is a list, not a mapping"),
        (
            "calling_hours: {by_day: {sat: 9-17}}",
            ':4: calling_hours.by_day.sat: \'9-17\' is not a span of the day (such as ["09:00", "20:00"])',
        ),
        (
            "calling_hours: {by_day: {xyz: []}}",
            ":4: calling_hours.by_day.xyz: 'xyz' is not a day (mon, tue … sun)",
        ),
        (
            "calling_hours: {by_day: {sat: [], saturday: []}}",
            ":4: calling_hours.by_day.saturday: sat stands twice",
        ),
        (
            "calling_hours: {by_day: {sun: ~}}",
            ":4: calling_hours.by_day.sun: is empty (write [] for a day without calls)",
        ),
        (
            "calling_hours: {by_day: 5}",
            ":4: calling_hours.by_day: holds keys of its own, not a single value",
        ),
        (
            "calling_hours: {by_day: {mon: 7}}",
            ':4: calling_hours.by_day.mon: \'7\' is not a span of the day (such as ["09:00", "20:00"])',
        ),
        (
            "calling_hours: {by_day: {mon: {a: b}}}",
            ':4: calling_hours.by_day.mon: is a list of spans, not a mapping (such as ["09:00", "20:00"])',
        ),
        (
            "calling_hours: {timezone: contacts}",
            ":4: calling_hours.timezone: 'contacts' is not a time zone (did you mean contact?)",
        ),
        (
            "calling_hours: {timezone: America/Newyork}",
            ":4: calling_hours.timezone: 'America/Newyork' is not a time zone (did you mean America/New_York?)",
        ),
        (
            "calling_hours: {timezone: berlin}",
            ":4: calling_hours.timezone: 'berlin' is not a time zone (did you mean Europe/Berlin?)",
        ),
        (
            "calling_hours: {default_timezone: EST}",
            ":4: calling_hours.default_timezone: 'EST' is not a time zone (such as America/New_York)",
        ),
        (
            "calling_hours: {default_timezone: contact}",
            ":4: calling_hours.default_timezone: 'contact' is not a time zone (such as America/New_York)",
        ),
        (
            "calling_hours: {holidays: XX}",
            ":4: calling_hours.holidays: 'XX' is not a country whose holidays are known (two letters, such as US, with a part if it has holidays of its own: DE-BY)",
        ),
        (
            "calling_hours: {holidays: USA}",
            ":4: calling_hours.holidays: 'USA' is not a country whose holidays are known (did you mean US?)",
        ),
        (
            "calling_hours: {holidays: UK}",
            ":4: calling_hours.holidays: 'UK' is not a country whose holidays are known (did you mean GB?)",
        ),
        (
            "calling_hours: {holidays: DE-XX}",
            ":4: calling_hours.holidays: DE has no part 'XX' (its parts: BB, BE, BW, BY, HB, HE, HH, MV, NI, NW, RP, SH, SL, SN, ST, TH, Augsburg)",
        ),
        ("calling_hours: {holidays: [US, us]}", ":4: calling_hours.holidays: 'US' stands twice"),
        (
            "calling_hours: {not_on: 24.12.2026}",
            ":4: calling_hours.not_on: '24.12.2026' is not a date (write it as 2026-12-24)",
        ),
        (
            "calling_hours: {not_on: [2026-02-30]}",
            ":4: calling_hours.not_on[1]: '2026-02-30' is not a date (write it as 2026-12-24)",
        ),
        (
            "calling_hours: {not_on: [[2026-02-30]]}",
            ":4: calling_hours.not_on[1]: is a single date, such as 2026-12-24",
        ),
        (
            "calling_hours: {always: true, days: mon}",
            ":4: calling_hours: always leaves no room for other keys (remove one or the other)",
        ),
        (
            "calling_hours: {always: yes}",
            ":4: calling_hours.always: 'yes' is not one of true, false",
        ),
        (
            "calling_hours: {beetween: x}",
            ":4: calling_hours.beetween: is not a known key (did you mean between?)",
        ),
        (
            "calling_hours: {holiday: x}",
            ":4: calling_hours.holiday: is not a known key (did you mean holidays?)",
        ),
    ],
)
def test_a_fault_of_calling_hours_is_told_with_what_to_write(
    tmp_path: Path, more: str, expected: str
) -> None:
    assert the_fault(tmp_path, more + "\n") == expected


def test_a_fault_has_the_line_of_its_own_key(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        LEAST
        + "calling_hours:\n  by_day:\n    mon: 09:00-12:00\n    sat: 9-17\n"
        + "redial:\n  by_outcome:\n    busy:\n      attempts: 2\n      atempts: 5\n"
        + "limits:\n  per_number:\n    1d: 3\n    7d: 0\n",
    )
    assert [(fault.line, fault.column) for fault in found] == [
        (7, "calling_hours.by_day.sat"),
        (12, "redial.by_outcome.busy.atempts"),
        (16, "limits.per_number.7d"),
    ]


def test_a_cap_of_caller_ids_needs_a_list_of_them(tmp_path: Path) -> None:
    text = "limits: {per_caller_id: 100}\ncall: {from: +14155550100}\n"
    fault = the_fault(tmp_path, text)
    assert "limits.per_caller_id: counts the calls from each caller ID of a list" in fault
    assert "give call.from several numbers" in fault


def test_limits_pricing_and_the_circuit_breaker_are_read(tmp_path: Path) -> None:
    campaign = load(
        tmp_path,
        LEAST
        + """
limits:
  concurrency: 20
  reserve: 5
  calls_per_minute: 0.5
  ramp_up: 10m
  max_calls: 500
  budget: 50.00
  per_number: {7d: 7, 1d: 3}
  per_caller_id: 100
call: {from: ["+14155550100", "+14155550101"]}
pricing: {per_minute: 0.2, currency: EUR, longest_call: 5m}
circuit_breaker: {last: 10, share: 30%, cool_down: 1m, trips: 2}
do_not_call: never.csv
""",
    )
    limits = campaign.limits
    assert (limits.slots, limits.calls_per_minute, limits.max_calls) == (15, 0.5, 500)
    assert (limits.budget, limits.per_caller_id) == (Decimal("50.00"), 100)
    assert dict(limits.per_number) == {timedelta(days=7): 7, timedelta(days=1): 3}
    assert described_caps(limits.per_number) == "3 in 1d, 7 in 7d"
    assert campaign.pricing.per_minute == Decimal("0.2")
    assert campaign.pricing.longest_call == timedelta(minutes=5)
    assert campaign.circuit_breaker.share == 0.3
    assert campaign.circuit_breaker.cool_down == timedelta(minutes=1)
    assert campaign.do_not_call == (tmp_path / "never.csv",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", False),
        ("on", True),
        ("false", False),
        ("{last: 5}", True),
        ("{enabled: false}", False),
    ],
)
def test_the_circuit_breaker_is_switched_off_by_one_word(
    tmp_path: Path, text: str, expected: bool
) -> None:
    campaign = load(tmp_path, LEAST + f"circuit_breaker: {text}\n")
    assert campaign.circuit_breaker.enabled is expected


def test_redials_are_read_with_exceptions_for_single_outcomes(tmp_path: Path) -> None:
    redial = load(
        tmp_path,
        LEAST
        + "outcomes: {later: [call me later]}\n"
        + "redial: {outcomes: no_answer, attempts: 4, after: [30m, 1d], jitter: 0.5, "
        + "by_outcome: {busy: {attempts: 5, after: 5m}, later: {}}}\n",
    ).redial
    assert (redial.outcomes, redial.attempts, redial.jitter) == (("no_answer",), 4, 0.5)
    assert redial.after == (timedelta(minutes=30), timedelta(days=1))
    assert dict(redial.by_outcome) == {
        "busy": RedialRule(attempts=5, after=(timedelta(minutes=5),)),
        "later": RedialRule(),
    }


def test_the_words_of_a_model_may_be_redialled(tmp_path: Path) -> None:
    text = "outcomes_by: {model: m, labels: [undecided]}\nredial: {outcomes: [undecided]}\n"
    assert load(tmp_path, LEAST + text).redial.outcomes == ("undecided",)


def test_one_caller_id_may_be_an_expression_and_several_are_a_pool(tmp_path: Path) -> None:
    one = load(tmp_path, LEAST + 'call: {from: "{{ line }}"}\n').call
    assert (one.caller_id, one.caller_ids) == ("{{ line }}", ())
    assert dict(one.templates) == {"from": "{{ line }}"}
    pool = load(tmp_path, LEAST + "call: {from: [+14155550100, +14155550101]}\n").call
    assert (pool.caller_id, pool.caller_ids) == (None, ("+14155550100", "+14155550101"))
    assert dict(pool.templates) == {}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("limits: {budget: -5}", ":4: limits.budget: -5 is less than 0"),
        ("limits: {budget: ten}", ":4: limits.budget: 'ten' is not a number"),
        ("limits: {budget: $50}", ":4: limits.budget: '$50' is not a number"),
        ("limits: {budget: inf}", ":4: limits.budget: 'inf' is not a number"),
        ("limits: {budget: [1]}", ":4: limits.budget: is a single number"),
        (
            "limits: {budget: 99999999999}",
            ":4: limits.budget: 99999999999 is more than 1,000,000,000",
        ),
        (
            "limits: {reserve: 10}",
            ":4: limits.reserve: 10 of 10 leaves none to call with (make it smaller than concurrency)",
        ),
        ("limits: {reserve: -1}", ":4: limits.reserve: -1 is less than 0"),
        ("limits: {calls_per_minute: 0}", ":4: limits.calls_per_minute: 0 is not more than 0"),
        ("limits: {calls_per_minute: fast}", ":4: limits.calls_per_minute: 'fast' is not a number"),
        ("limits: {calls_per_minute: nan}", ":4: limits.calls_per_minute: 'nan' is not a number"),
        ("limits: {calls_per_minute: {a: b}}", ":4: limits.calls_per_minute: is a single number"),
        ("limits: {ramp_up: 2d}", ":4: limits.ramp_up: 2d is not between 0s and 1d"),
        ("limits: {max_calls: 0}", ":4: limits.max_calls: 0 is less than 1"),
        (
            "limits: {per_number: 3}",
            ":4: limits.per_number: holds keys of its own, not a single value",
        ),
        ("limits: {per_number: {1d: 0}}", ":4: limits.per_number.1d: 0 is less than 1"),
        (
            "limits: {per_number: {day: 3}}",
            ":4: limits.per_number.day: 'day' is not a length of time such as 90s, 30m, 4h, 2d or 1h30m",
        ),
        (
            "limits: {per_number: {1s: 3}}",
            ":4: limits.per_number.1s: 1s is not between 1m and 366d",
        ),
        ("limits: {per_number: {1d: 3, 24h: 5}}", ":4: limits.per_number.24h: 1d stands twice"),
        ("limits: {per_caller_id: x}", ":4: limits.per_caller_id: 'x' is not a whole number"),
        ("pricing: {per_minute: -1}", ":4: pricing.per_minute: -1 is less than 0"),
        (
            "pricing: {currency: Dollars and cents}",
            ":4: pricing.currency: is longer than 8 characters",
        ),
        ("pricing: {currency: ''}", ":4: pricing.currency: is empty"),
        ("pricing: {longest_call: 5s}", ":4: pricing.longest_call: 5s is not between 1m and 1d"),
        (
            "redial: no_answer",
            ":4: redial: holds keys of its own, not a single value (its keys: outcomes, attempts, after, jitter, by_outcome)",
        ),
        (
            "redial: {outcomes: [do_not_call]}",
            ":4: redial.outcomes[1]: do_not_call is for good: nobody is called again for it",
        ),
        (
            "redial: {outcomes: [no_anser]}",
            ":4: redial.outcomes[1]: 'no_anser' is neither one of your outcomes nor a built-in one (did you mean no_answer?)",
        ),
        ("redial: {outcomes: [busy, busy]}", ":4: redial.outcomes: 'busy' stands twice"),
        ("redial: {outcomes: []}", ":4: redial.outcomes: is an empty list"),
        ("redial: {attempts: 0}", ":4: redial.attempts: 0 is less than 1"),
        ("redial: {after: 30}", ":4: redial.after: '30' has no unit: write 30s, 30m or 30h"),
        ("redial: {after: [30m, 0s]}", ":4: redial.after[2]: 0s is not between 1s and 90d"),
        ("redial: {after: []}", ":4: redial.after: is an empty list"),
        (
            "redial: {jitter: 120%}",
            ":4: redial.jitter: '120%' is not between 0 and 1 (such as 0.5 or 50%)",
        ),
        ("redial: {jitter: some}", ":4: redial.jitter: 'some' is not a share (such as 0.5 or 50%)"),
        ("redial: {jitter: [1]}", ":4: redial.jitter: is a single number"),
        (
            "redial: {by_outcome: {wrong_number: {attempts: 2}}}",
            ":4: redial.by_outcome.wrong_number: wrong_number is for good: nobody is called again for it",
        ),
        (
            "redial: {by_outcome: {busy: 5}}",
            ":4: redial.by_outcome.busy: holds keys of its own, not a single value (its keys: attempts, after)",
        ),
        (
            "redial: {by_outcome: {busy: {atempts: 5}}}",
            ":4: redial.by_outcome.busy.atempts: is not a known key (did you mean attempts?)",
        ),
        (
            "redial: {by_outcome: {nobody: {attempts: 5}}}",
            ":4: redial.by_outcome.nobody: 'nobody' is neither one of your outcomes nor a built-in one (known are completed, no_answer, voicemail, busy, declined, wrong_number, do_not_call, invalid_number, timed_out)",
        ),
        (
            "redial: {by_outcome: [a]}",
            ":4: redial.by_outcome: holds keys of its own, not a single value",
        ),
        (
            "circuit_breaker: of",
            ":4: circuit_breaker: 'of' is not one of on, off, true, false (did you mean off?)",
        ),
        (
            "circuit_breaker: {share: 1}",
            ":4: circuit_breaker.share: no more than all of them can fail, so it would never pause (make it smaller, or write circuit_breaker: off)",
        ),
        ("circuit_breaker: {last: 1}", ":4: circuit_breaker.last: 1 is less than 2"),
        (
            "circuit_breaker: {cool_down: 0s}",
            ":4: circuit_breaker.cool_down: 0s is not between 1s and 1d",
        ),
        ("circuit_breaker: {trips: 0}", ":4: circuit_breaker.trips: 0 is less than 1"),
        (
            "circuit_breaker: {enabled: maybe}",
            ":4: circuit_breaker.enabled: 'maybe' is not one of true, false",
        ),
        ("do_not_call: []", ":4: do_not_call: is an empty list"),
        (
            "do_not_call: https://x.example/list.csv",
            ":4: do_not_call: 'https://x.example/list.csv' is an address, not a file (download it first)",
        ),
        ("do_not_call: {a: b}", ":4: do_not_call: is a list, not a mapping"),
        (
            'call: {from: ["+14155550100", "{{ x }}"]}',
            ":4: call.from: several caller IDs cannot hold an expression (use one, or numbers only)",
        ),
        (
            'call: {from: ["+14155550100", "4155550101"]}',
            ":4: call.from[2]: '4155550101' is not a number in international form (write it as +14155550100: plus, country code, number)",
        ),
        (
            'call: {from: ["+14155550100", "+14155550100"]}',
            ":4: call.from: '+14155550100' stands twice",
        ),
        ("call: {from: []}", ":4: call.from: is an empty list"),
        ("call: {from: {a: b}}", ":4: call.from: is a list, not a mapping"),
        ("priority: 5", ":4: priority: is not a known key (belongs under contacts)"),
        (
            "url: x",
            ":4: url: is not a known key (belongs under hooks.on_result or hooks.on_finish)",
        ),
        ("consent: x", ":4: consent: is not a known key (belongs under contacts)"),
        ("column: x", ":4: column: is not a known key (belongs under contacts.consent)"),
        ("days: mon", ":4: days: is not a known key (belongs under calling_hours)"),
        ("keep_prompts: [a]", ":4: keep_prompts: is true or false"),
    ],
)
def test_a_fault_of_any_other_rule_is_told_with_what_to_write(
    tmp_path: Path, more: str, expected: str
) -> None:
    assert the_fault(tmp_path, more + "\n") == expected


def test_a_list_named_twice_is_told(tmp_path: Path) -> None:
    assert the_fault(tmp_path, "do_not_call: [a.csv, ./a.csv]\n") == (
        f":4: do_not_call: '{tmp_path / 'a.csv'}' stands twice"
        if len(str(tmp_path)) < 50
        else f":4: do_not_call: {str(tmp_path / 'a.csv')[:59] + '…'!r} stands twice"
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [("5", "5"), ("0", "0"), ("100", "100"), ("'{{ rank }}'", "{{ rank }}")],
)
def test_a_priority_is_a_number_or_an_expression(
    tmp_path: Path, written: str, expected: str
) -> None:
    text = f"name: a\nprompt: p.md\ncontacts: {{file: x.csv, priority: {written}}}\n"
    assert load(tmp_path, text).contacts.priority == expected


def test_consent_is_a_column_with_the_usual_words_or_words_of_its_own(tmp_path: Path) -> None:
    least = "name: a\nprompt: p.md\ncontacts: {file: x.csv, consent: "
    short = load(tmp_path, least + "agreed}\n").contacts.consent
    assert short is not None
    assert (short.column, short.values) == ("agreed", ("yes", "y", "true", "1", "x"))
    long = load(tmp_path, least + "{column: agreed, values: ja}}\n").contacts.consent
    assert long is not None
    assert long.values == ("ja",)


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        (
            "{file: a.csv, priority: 101}",
            ":3: contacts.priority: '101' is not a whole number from 0 to 100 (for the value of a column write \"{{ column }}\")",
        ),
        (
            "{file: a.csv, priority: high}",
            ":3: contacts.priority: 'high' is not a whole number from 0 to 100 (for the value of a column write \"{{ column }}\")",
        ),
        (
            "{file: a.csv, priority: -1}",
            ":3: contacts.priority: '-1' is not a whole number from 0 to 100 (for the value of a column write \"{{ column }}\")",
        ),
        (
            "{file: a.csv, priority: 1.5}",
            ":3: contacts.priority: '1.5' is not a whole number from 0 to 100 (for the value of a column write \"{{ column }}\")",
        ),
        (
            "{file: a.csv, priority: [1]}",
            ":3: contacts.priority: is a single text, not a list or a mapping",
        ),
        (
            "{file: a.csv, consent: {values: [a]}}",
            ":3: contacts.consent.column: is missing (add a line such as column: consent)",
        ),
        (
            "{file: a.csv, consent: {column: a, values: []}}",
            ":3: contacts.consent.values: is an empty list",
        ),
        (
            "{file: a.csv, consent: {column: a, value: b}}",
            ":3: contacts.consent.value: is not a known key (did you mean values?)",
        ),
        (
            "{file: a.csv, consent: [a]}",
            ":3: contacts.consent.column: is a single text, not a list or a mapping",
        ),
        (
            "{file: a.csv, not_befor: a}",
            ":3: contacts.not_befor: is not a known key (did you mean not_before?)",
        ),
        (
            "{file: a.csv, column: a}",
            ":3: contacts.column: is not a known key (belongs under contacts.consent)",
        ),
    ],
)
def test_a_fault_of_contacts_is_told_with_what_to_write(
    tmp_path: Path, contacts: str, expected: str
) -> None:
    (fault,) = faults(tmp_path, f"name: a\nprompt: p.md\ncontacts: {contacts}\n")
    assert str(fault).removeprefix(str(tmp_path / "c.yaml")) == expected
