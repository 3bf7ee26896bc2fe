"""A stand-in for a chat endpoint: a rehearsal's summaries are read with no model and no key.

It answers by the JSON Schema of the request alone, and needs to know no campaign: a label by simple
rules, values of the right types by seeded chance. Equal questions get equal answers. It is no part
of Poku's API, and faults do not strike it.
"""

import json
import random
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from poku_batch.models import Ended, Outcome
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.simulator.chance import chance
from poku_batch.simulator.checks import read_body

#: One value in so many is not known, as in life.
_UNKNOWN = 5
#: How many days from the call a date is, at the most.
_DAYS = 28
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SENTENCE = re.compile(r"[^.!?\n]{1,200}")
_RULES = OutcomeRules({})


def add_chat(app: FastAPI, *, seed: int) -> None:
    """Add ``POST /v1/chat/completions`` to the simulator; any key is taken, and none too."""

    async def complete(request: Request) -> Response:
        """Answer a chat completion request as its JSON Schema asks."""
        schema, question = _asked(await read_body(request))
        answer = Respondent(question, seed=seed).answer(schema)
        return JSONResponse(_completion(json.dumps(answer, ensure_ascii=False)))

    app.add_api_route("/v1/chat/completions", complete, methods=["POST"], include_in_schema=False)


class Respondent:
    """Answers one question. ``question`` is the last message: an object with a summary, or text."""

    def __init__(self, question: str, *, seed: int) -> None:
        told = _object(question)
        summary = told.get("summary")
        self._summary = summary if isinstance(summary, str) else question
        self._day = _day(told.get("call_ended_at"))
        self._seed = seed

    def answer(self, schema: Mapping[str, Any], name: str = "answer") -> Any:
        """Give a value of a schema: of an object every property, of the rest what its name says."""
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            return {
                each: self.answer(inner if isinstance(inner, Mapping) else {}, each)
                for each, inner in properties.items()
            }
        if name == "outcome" and (labels := _choices(schema)):
            return self._label(labels)
        if name == "evidence":
            return self._first_sentence()
        return self._value(schema, name)

    def _label(self, labels: list[Any]) -> Any:
        """What the built-in rules read; else the first label that is in the text; else a guess.

        Nobody is guessed to have opted out, or to be somebody else: a guess is none of the
        built-in outcomes but ``completed``. Where none is left, none fits.
        """
        read = _RULES.read(Ended(summary=self._summary)).outcome
        if read != Outcome.COMPLETED and read in labels:
            return str(read)
        said = next((label for label in labels if self._says(str(label))), None)
        if said is not None or read != Outcome.COMPLETED or read in labels:
            return said or (str(read) if read in labels else None)
        own = [label for label in labels if label not in set(Outcome)]
        return self._odds("outcome").choice(own) if own else None

    def _says(self, label: str) -> bool:
        words = re.escape(label).replace("_", " ")
        return re.search(rf"(?<!\w){words}", self._summary, re.IGNORECASE) is not None

    def _first_sentence(self) -> str | None:
        found = _SENTENCE.search(self._summary)
        return found[0].strip() if found else None

    def _value(self, schema: Mapping[str, Any], name: str) -> Any:
        odds = self._odds(name)
        kinds = _kinds(schema)
        if "null" in kinds and odds.randrange(_UNKNOWN) == 0:
            return None
        if choices := _choices(schema):
            said = (choice for choice in choices if self._says(str(choice)))
            return next(said, odds.choice(choices))
        if schema.get("format") == "date":
            return (self._day + timedelta(days=odds.randint(1, _DAYS))).isoformat()
        if "integer" in kinds:
            return odds.randint(1, 9)
        if "number" in kinds:
            return round(odds.uniform(1, 100), 2)
        if "boolean" in kinds:
            return odds.random() < 0.5
        return self._first_sentence() if "string" in kinds else None

    def _odds(self, about: str) -> random.Random:
        return chance(self._seed, "chat", about, self._summary)


def _asked(raw: bytes) -> tuple[Mapping[str, Any], str]:
    """The answer's JSON Schema and the last message's text. Refuses what has none with 400."""
    body = _object(raw)
    form = body.get("response_format")
    wrapped = form.get("json_schema") if isinstance(form, Mapping) else None
    schema = wrapped.get("schema") if isinstance(wrapped, Mapping) else None
    if not isinstance(schema, Mapping):
        raise HTTPException(400, "the simulator answers by response_format of json_schema alone")
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    text = last.get("content") if isinstance(last, Mapping) else None
    if not isinstance(text, str):
        raise HTTPException(400, "messages must be a list, the last with a text as its content")
    return schema, text


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _kinds(schema: Mapping[str, Any]) -> list[Any]:
    kinds = schema.get("type")
    return kinds if isinstance(kinds, list) else [kinds]


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    choices = schema.get("enum")
    return [each for each in choices if each is not None] if isinstance(choices, list) else []


def _day(ended_at: object) -> date:
    """The day of the call, by the question; today if it does not say."""
    found = _DATE.match(ended_at) if isinstance(ended_at, str) else None
    try:
        return date.fromisoformat(found[0]) if found else datetime.now(UTC).date()
    except ValueError:
        return datetime.now(UTC).date()


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": int(datetime.now(UTC).timestamp()),
        "model": "simulated",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
