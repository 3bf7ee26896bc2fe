"""Where the pages are: addresses made of campaigns and keys, and found again in requests.

A campaign's name is plain; waves and keys are anybody's words, and stand in the query alone.
"""

from urllib.parse import quote, urlencode

from starlette.requests import Request

from poku_batch.models import CampaignId

#: The real campaigns and their rehearsals, each below a folder of its own.
CALLS = "calls"
REHEARSALS = "rehearsals"


def home(*, simulated: bool) -> str:
    """The page of all campaigns."""
    return f"/{REHEARSALS if simulated else CALLS}"


def events(*, simulated: bool) -> str:
    """The stream that says when something has changed."""
    return f"/events{home(simulated=simulated)}"


def campaign(id_: CampaignId, part: str = "", *, simulated: bool, **query: str | int | None) -> str:
    """A campaign's page, or a part of it such as ``contact``; ``query`` without what is None."""
    path = f"{home(simulated=simulated)}/{quote(id_.name, safe='')}{f'/{part}' if part else ''}"
    pairs = {"wave": id_.wave or None, **query}
    given = [(name, str(value)) for name, value in pairs.items() if value is not None]
    return f"{path}?{urlencode(given)}" if given else path


def campaign_of(request: Request) -> CampaignId:
    """The campaign that a request is about."""
    return CampaignId(name=request.path_params["name"], wave=request.query_params.get("wave", ""))


def is_simulated(request: Request) -> bool:
    """Whether a request is about rehearsals."""
    return request.path_params.get("side") == REHEARSALS
