"""The dashboard's safety: a guard that stands before any ASGI application, and knows no page of it.

How it is put together::

    listener = …                                  # bound first, so that the port is known
    guard = Guard(Site(host="127.0.0.1", port=port, token=token))
    templates.env.globals.update(template_globals())
    app = guard.wrap(Starlette(routes=…))         # around everything, faults included
    uvicorn.Config(app, **server_settings())

``/login`` and ``/logout`` (a POST) are the guard's own, and exist only where there is a token.

In templates: ``csrf_field(request)`` in each form with ``method="post"``, as the very first thing
in one with ``enctype="multipart/form-data"``; ``hx-headers="{{ csrf_headers(request) }}"`` on
``body`` for htmx; ``is_logged_in(request)`` for the button that logs out. Inline scripts and styles
do not run; htmx is told so by
``<meta name="htmx-config" content='{"includeIndicatorStyles": false, "allowEval": false}'>``.

Files: ``confined_file`` answers with one below given folders, ``sent`` with one that is open, such
as an export; ``upload_name`` says what an uploaded one is called.

Invariants:

- An address that other machines reach is not served without a token.
- A request for another name, or made by another website, does not reach the application; links to
  pages do, with GET alone.
- What changes something carries the token of its own page and browser, which is looked at before
  the body is.
- Nobody but who showed the token reaches anything that is not in ``Site.public``.
- Bodies, requests, streams, sessions and remembered tries are bounded, and so is every wait for a
  client.
- Every answer has the headers of ``policies``, also of a fault.

On loopback no token is asked for unless one is given: who runs programs as the same user can read
the ledger and the environment anyway, and another website is kept out by the name and by the forms'
tokens. Other users of the machine can connect to loopback too: on Linux they are told from the own
one (``peers``) and turned away; elsewhere, and to let them in, give a token.
"""

from poku_batch.dashboard.guard.addresses import needs_token, reached_at, token_for
from poku_batch.dashboard.guard.file_names import disposition, safe_name, sound_type, upload_name
from poku_batch.dashboard.guard.files import confined_file, open_confined, sent
from poku_batch.dashboard.guard.guard import Bounds, Guard, Site
from poku_batch.dashboard.guard.login import LoginForm, LoginPage
from poku_batch.dashboard.guard.server import server_settings
from poku_batch.dashboard.guard.tokens import checked_token, new_token
from poku_batch.dashboard.guard.visits import (
    csrf_field,
    csrf_headers,
    csrf_token,
    is_logged_in,
    template_globals,
)

__all__ = [
    "Bounds",
    "Guard",
    "LoginForm",
    "LoginPage",
    "Site",
    "checked_token",
    "confined_file",
    "csrf_field",
    "csrf_headers",
    "csrf_token",
    "disposition",
    "is_logged_in",
    "needs_token",
    "new_token",
    "open_confined",
    "reached_at",
    "safe_name",
    "sent",
    "server_settings",
    "sound_type",
    "template_globals",
    "token_for",
    "upload_name",
]
