"""The chat endpoints' protocol: what is asked in which style, and what stands in an answer.

Source: OpenAI, API reference, "Create chat completion"; others follow it in part, hence the styles.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from poku_batch.policy.http import (
    Exchange,
    NeverSent,
    Reply,
    SentAndLost,
    messages_of,
    quote,
)

#: Statuses by which an endpoint says that it does not know what it was asked.
_NOT_UNDERSTOOD = frozenset({400, 422})
_NAMES_A_FORMAT = re.compile(
    r"response.?format|json.?schema|json.?object|structured.?output", re.IGNORECASE
)
_NAMES_TEMPERATURE = re.compile("temperature", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What an endpoint is known to take: how the answer's form is asked for, and a temperature."""

    form: Literal["json_schema", "json_object", "none"] = "json_schema"
    temperature: bool = True

    def plainer(self, exchange: Exchange) -> "Style | None":
        """Give the style to ask in again; None unless the answer says that this one is too much."""
        if not isinstance(exchange, Reply) or exchange.status not in _NOT_UNDERSTOOD:
            return None
        if _NAMES_A_FORMAT.search(exchange.text) and self.form != "none":
            form: Literal["json_object", "none"] = (
                "json_object" if self.form == "json_schema" else "none"
            )
            return replace(self, form=form)
        if _NAMES_TEMPERATURE.search(exchange.text) and self.temperature:
            return replace(self, temperature=False)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The text of a model's message."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoContent:
    """An answer without such a text. ``trouble``: the endpoint is at fault, not this summary."""

    why: str
    trouble: bool = True


def request_body(
    style: Style,
    *,
    model: str,
    messages: Sequence[Mapping[str, str]],
    schema: Mapping[str, Any],
) -> bytes:
    """Encode a request; ``schema`` is the answer's JSON Schema."""
    body: dict[str, Any] = {"model": model, "messages": messages}
    if style.temperature:
        body["temperature"] = 0
    match style.form:
        case "json_schema":
            form = {"name": "reading", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        case "json_object":
            body["response_format"] = {"type": "json_object"}
        case "none":
            pass
    return json.dumps(body).encode()


def content_of(reply: Reply) -> Content | NoContent:
    """Find the model's text in an answer, whatever it is."""
    if reply.status != 200:
        return NoContent(why=why_of(reply))
    choices = (reply.body or {}).get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        # Some say what is wrong with status 200.
        return NoContent(why=_words(reply) or "its answer is not a chat completion")
    text = _joined(message.get("content"))
    if choice.get("finish_reason") == "length":
        return NoContent(why="its answer was cut off", trouble=False)
    if not text.strip() and message.get("refusal"):
        return NoContent(why="the model would not answer", trouble=False)
    return Content(text=text)


def why_of(exchange: Exchange) -> str:
    """Say why there is no answer, in the endpoint's own words where it says so as APIs do."""
    match exchange:
        case NeverSent(why=why) | SentAndLost(why=why):
            return why
        case Reply(status=status):
            words = _words(exchange)
            if not words and 300 <= status < 400:
                words = "it redirects elsewhere, which is not followed; look at base_url"
            return f"HTTP {status}: {words}" if words else f"HTTP {status}"


def _words(reply: Reply) -> str:
    return quote(": ".join(messages_of(reply)))


def _joined(content: object) -> str:
    """A message's content: a text, or a list of parts of which some are texts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))
