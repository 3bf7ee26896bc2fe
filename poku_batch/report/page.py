"""A report as one HTML file that needs nothing else: neither a network nor a server.

Its policy lets only this page's own style and script in, by their SHA-256. All that comes from
outside is text: escaped by the templates, or put into the table as text by the script.
"""

import base64
import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from pathlib import Path

from markupsafe import Markup

from poku_batch.engine.permits import describe, hours_of
from poku_batch.models import ContactState
from poku_batch.pages import charts
from poku_batch.pages.templates import page_templates, style
from poku_batch.pages.words import plural
from poku_batch.policy.hours import Hours
from poku_batch.report.contents import Contents
from poku_batch.report.libraries import NOTICE, data_tables
from poku_batch.report.people import People

_HERE = Path(__file__).parent

#: Who may be talked to by a report, and what may be in it. Audio comes from its address, or from a
#: file beside the report, which stands for "self" in a browser's eyes, or for "file:".
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data:; "
    "media-src 'self' https: data: file:; base-uri 'none'; form-action 'none'"
)


def page(contents: Contents, *, zone: tzinfo | None = None) -> str:
    """The report in HTML; times are on the clock of ``zone``, None for this machine's."""
    template = page_templates(_HERE, zone=zone).get_template("report.html.j2")
    css = style() + (_HERE / "report.css").read_text(encoding="utf-8")
    script = data_tables() + (_HERE / "report.js").read_text(encoding="utf-8")
    return template.render(
        it=contents,
        policy=_POLICY.format(script=_digest(script), style=_digest(css)),
        # Ours, and the library's: neither can end its element.
        css=Markup(css),  # noqa: S704
        script=Markup(script),  # noqa: S704
        notice=NOTICE,
        people=as_json(_table(contents.people)),
        states=[state for state in ContactState if contents.counts.of(state)],
        charts=_charts(contents, zone),
        hours=describe(contents.campaign.calling_hours),
        commands=_commands(contents),
    )


def as_json(value: object) -> Markup:
    """JSON that can stand in a script element: without any character that markup begins with."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _table(people: People) -> Mapping[str, object]:
    return {"columns": people.columns, "rows": people.rows}


def _charts(contents: Contents, zone: tzinfo | None) -> Mapping[str, charts.Chart]:
    statistics, local = contents.statistics, contents.local
    left_out = (
        f" {plural(local.unplaced, 'call')} to numbers in no known time zone "
        f"{'is' if local.unplaced == 1 else 'are'} left out."
        if local.unplaced
        else ""
    )
    where = _clock(contents)
    note = f"By {where}.{left_out}"
    ground = (
        "Nobody may be called where there is no field."
        if not contents.campaign.calling_hours.always
        else "Calling hours are switched off."
    )
    return {
        "over_time": charts.over_time(statistics, zone=zone),
        "heat_map": charts.heat_map(
            local.hours, open_hours=_open(contents), note=f"Calls by {where}. {ground}{left_out}"
        ),
        "by_hour": charts.by_hour_of_day(local.hours, note=note),
        "by_weekday": charts.by_weekday(local.hours, note=note),
        "attempts": charts.until_reached(statistics.by_attempt),
        "lengths": charts.lengths(statistics.by_length),
    }


def _clock(contents: Contents) -> str:
    zone = contents.campaign.calling_hours.timezone
    return "the contacts' clocks" if zone == "contact" else f"the clock of {zone}"


def _open(contents: Contents) -> frozenset[tuple[int, int]] | None:
    """The weekdays and hours in which the campaign may call, be it for a part of an hour."""
    hours = hours_of(contents.campaign.calling_hours)
    return None if hours is None else frozenset(_fields(hours))


def _fields(hours: Hours) -> Iterable[tuple[int, int]]:
    for day, spans in enumerate(hours.week):
        for first, last in spans:
            yield from ((day, hour) for hour in range(first // 60, (last + 59) // 60))


def _commands(contents: Contents) -> Mapping[str, str]:
    """What to type in the campaign's folder to decide unknown calls, and to have all rows.

    Whoever is sent a report has no need to know where that folder is.
    """
    campaign = shlex.quote(contents.campaign.path.name)
    option = " --simulate" if contents.simulated else ""
    return {
        "resolve": f"poku-batch resolve {campaign}{option} --key KEY --as done --summary "
        '"What was said."',
        "retry": f"poku-batch retry {campaign}{option} --unknown",
        "export": f"poku-batch export {campaign}{option} -o results.xlsx",
        "report": f"poku-batch report {campaign}{option}",
    }
