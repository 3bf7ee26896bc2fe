"""Pages out of templates: whole, or the part that changes for a page that is open already."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from poku_batch.dashboard import links
from poku_batch.dashboard.assets import asset_url
from poku_batch.dashboard.desk import Desk
from poku_batch.dashboard.guard import template_globals
from poku_batch.dashboard.overview import WAITS
from poku_batch.pages.templates import page_templates

_TEMPLATES = Path(__file__).parent / "templates"

#: How many messages are kept for pages that were not asked for yet.
_MOST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said on the page that follows a deed; ``tone`` is the end of the notice's class."""

    text: str
    tone: str = "info"


class Pages:
    """What makes the pages of one server."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk whose folder the pages name."""
        self._desk = desk
        self._said: OrderedDict[str, Said] = OrderedDict()
        self._templates = page_templates(_TEMPLATES)
        self._templates.globals.update(template_globals())
        self._templates.globals.update(asset=asset_url, links=links, waits=WAITS, encoded=urlencode)

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        live: bool = False,
        **context: Any,
    ) -> Response:
        """A page of a template; its main part alone where an open page asks for that.

        A ``live`` one asks for itself anew when something has changed.
        """
        is_part = request.headers.get("hx-target") == "page"
        context = {
            "simulated": links.is_simulated(request),
            "said": self._said.get(request.query_params.get("said", "")),
            **context,
        }
        text = self._templates.get_template(template).render(
            request=request,
            live=live,
            layout="part.html.j2" if is_part else "page.html.j2",
            folder=self._desk.title,
            clock_now=datetime.now(UTC),
            **context,
        )
        return HTMLResponse(text, status)

    def on(self, url: str, text: str, *, tone: str = "info") -> Response:
        """Lead on to a page that says something."""
        id_ = secrets.token_urlsafe(12)
        self._said[id_] = Said(text=text, tone=tone)
        while len(self._said) > _MOST:
            self._said.popitem(last=False)
        return RedirectResponse(f"{url}{'&' if '?' in url else '?'}said={id_}", 303)


def texts(form: Mapping[str, Any], name: str) -> str:
    """A field of a form as text; "" where it is not there, or is a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
