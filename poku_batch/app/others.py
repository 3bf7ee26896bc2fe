"""Others who are asked or told: who reads summaries, who hears of results."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from poku_batch.app import environment
from poku_batch.campaign import Campaign, Hook
from poku_batch.models import HookEvent
from poku_batch.ports import Clock, HookSender, SummaryReader


@asynccontextmanager
async def open_reader(
    campaign: Campaign, clock: Clock, *, rehearsed_at: str | None
) -> AsyncIterator[SummaryReader | None]:
    """Open what reads summaries, if the campaign has ``outcomes_by``.

    In a rehearsal it is the simulator at ``rehearsed_at``, and nothing leaves the machine. Raises
    ``UsageError`` where its key is not in the environment.
    """
    by = campaign.outcomes_by
    if by is None:
        yield None
        return
    from poku_batch.chat import ChatReader
    from poku_batch.policy.readings import asked_of

    key = None
    if rehearsed_at is None and by.key_env is not None:
        key = environment.secret(by.key_env, needed_by="outcomes_by.key_env")
    async with ChatReader(
        by.model,
        base_url=by.base_url if rehearsed_at is None else f"{rehearsed_at}/v1",
        asked=asked_of(by, campaign.outcomes),
        key=key,
        timeout_s=by.timeout.total_seconds(),
        clock=clock,
    ) as reader:
        yield reader


@asynccontextmanager
async def open_senders(
    campaign: Campaign, *, simulate: bool
) -> AsyncIterator[dict[HookEvent, HookSender]]:
    """Open who is told of what, by the campaign's ``hooks``; a rehearsal tells nobody.

    Raises ``UsageError`` where a secret is not in the environment.
    """
    from poku_batch.hooks import SilentSender

    hooks = {
        HookEvent.RESULT: campaign.hooks.on_result,
        HookEvent.FINISH: campaign.hooks.on_finish,
    }
    async with AsyncExitStack() as stack:
        senders: dict[HookEvent, HookSender] = {}
        for event, hook in hooks.items():
            if hook is not None:
                senders[event] = (
                    SilentSender()
                    if simulate
                    else await _open_sender(campaign, hook, f"hooks.on_{event}", stack)
                )
        yield senders


async def _open_sender(
    campaign: Campaign, hook: Hook, key: str, stack: AsyncExitStack
) -> HookSender:
    from poku_batch.hooks import CommandSender, WebhookSender

    timeout_s = hook.timeout.total_seconds()
    if hook.url is None:
        secrets = [name for name in _secret_names(campaign) if name]
        return CommandSender(hook.command, cwd=campaign.folder, timeout_s=timeout_s, hidden=secrets)
    secret = environment.secret(hook.secret_env or "", needed_by=f"{key}.secret_env")
    return await stack.enter_async_context(
        WebhookSender(hook.url, secret=secret, timeout_s=timeout_s)
    )


def _secret_names(campaign: Campaign) -> list[str | None]:
    """Environment variables that no other program is to see."""
    hooks = (campaign.hooks.on_result, campaign.hooks.on_finish)
    by = campaign.outcomes_by
    return [
        "POKU_API_KEY",
        *(hook.secret_env for hook in hooks if hook is not None),
        by.key_env if by is not None else None,
    ]
