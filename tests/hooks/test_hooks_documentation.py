"""What the page about hooks shows is what happens."""

import json
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from poku_batch.campaign.telling import Hooks
from poku_batch.engine.telling import finish_body
from poku_batch.hooks import CommandSender, WebhookSender
from poku_batch.models import HookEvent, HookMessage, RunEnding
from tests.hooks.hooks_ledger import CLINIC, finish, opened
from tests.hooks.hooks_message import AT, message
from tests.poku.poku_server import http, replying, serving

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text(encoding="utf-8")
PLAIN = "any text of sixteen bytes and more"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


async def posted(told: HookMessage, secret: str) -> tuple[dict[str, str], bytes]:
    """Headers, with lower case names, and body, as they come."""
    async with serving(replying(http(200))) as server:
        async with WebhookSender(server.url, secret, timeout_s=5) as sender:
            assert await sender.send(told) is None
        head, _, body = server.connections[0].received.partition(b"\r\n\r\n")
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, value in pairs}, body


async def test_the_messages_that_are_shown_are_those_that_are_sent(tmp_path: Path) -> None:
    async with opened(tmp_path / "ledger.db", contacts=1) as run:
        await finish(run)
        ended_at = AT + timedelta(minutes=2)
        counts = await run.counts(now=ended_at)
        end = finish_body(
            CLINIC, RunEnding.FINISHED, counts, why=None, started_at=AT, ended_at=ended_at
        )
        await run.tell(end, at=ended_at)
        for event, shown in zip(HookEvent, blocks("json"), strict=True):
            ((told),) = await run.messages(9, event=event, now=AT + timedelta(days=1))
            _, body = await posted(told, PLAIN)
            sent = json.loads(body)
            assert re.fullmatch(r"msg_[0-9a-f]{16}", sent["id"])
            expected = json.loads(shown)
            assert sent | {"id": expected["id"]} == expected
            assert list(sent["data"]) == list(expected["data"])


@pytest.mark.parametrize("secret", [PLAIN, "whsec_dGhpcnR5LXR3byBieXRlcyBvZiBzZWNyZXQ="])
async def test_the_example_verifies_what_is_sent_and_nothing_else(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, body = await posted(message(name="Ünal"), secret)
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)  # noqa: S102 – our own page
    verified = names["verified"]
    assert verified(secret, headers, body)["data"] == {"name": "Ünal"}
    for wrong in (body + b" ", body.replace(b"name", b"mane")):
        with pytest.raises(ValueError, match="wrong"):
            verified(secret, headers, wrong)
    for name in ("webhook-id", "webhook-timestamp"):
        with pytest.raises(ValueError, match="wrong"):
            verified(secret, headers | {name: headers[name] + "1"}, body)
    with pytest.raises(ValueError, match="wrong"):
        verified("whsec_" + "A" * 44, headers, body)
    later = time.time() + 400
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(ValueError, match="old"):
        verified(secret, headers, body)


async def test_the_example_of_a_command_works(tmp_path: Path) -> None:
    command = CommandSender([sys.executable, "-c", blocks("python")[1]], cwd=tmp_path, timeout_s=10)
    assert await command.send(message(outcome="rescheduled", key="A-1")) is None
    assert await command.send(message(outcome="confirmed", key="A-2")) is None
    assert (tmp_path / "call-back.txt").read_text() == "A-1\n"


def test_the_campaign_that_is_shown_is_one() -> None:
    hooks = Hooks.model_validate(yaml.safe_load(blocks("yaml")[0])["hooks"])
    assert hooks.on_result is not None
    assert str(hooks.on_result.secret_env).startswith("POKU_BATCH_")
    assert hooks.on_finish is not None
    assert hooks.on_finish.command == ("./notify.sh", "clinic")
    assert hooks.on_result.timeout == timedelta(seconds=15)


def test_the_command_that_is_shown_makes_a_secret() -> None:
    command = blocks("console")[0].removeprefix("$ ")
    made = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    WebhookSender("http://127.0.0.1:9", made, timeout_s=5)
