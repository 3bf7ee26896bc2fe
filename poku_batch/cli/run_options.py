"""The options of ``run``."""

from typing import Annotated

import typer

Simulate = Annotated[
    bool,
    typer.Option(
        "--simulate",
        help="Rehearse against a built-in simulator: no phone rings, no key is needed, and "
        "nobody counts as called.",
    ),
]

Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Call N contacts at the most, then stop.")
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before real phones ring.")]

Agreed = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Call nobody, and leave with exit code 2, where more than N contacts would be called, "
        "now or later: check --json gives the number as to_call.",
    ),
]

NoWait = Annotated[
    bool,
    typer.Option(
        "--no-wait",
        help="Do not wait for contacts that are due later: leave with exit code 5.",
    ),
]

Until = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Begin no call from then on: 17:00, or 2026-11-23T17:00, by this machine's clock.",
    ),
]

Canary = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Call N contacts first, show what came of it, and ask whether to go on.",
    ),
]

Speed = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=10_000,
        metavar="X",
        help="With --simulate: time passes X times faster. [30]",
    ),
]

Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="With --simulate: another seed, other outcomes. [0]"),
]

FaultShares = Annotated[
    str | None,
    typer.Option(
        metavar="LIST", help="With --simulate: faults by probability, as 429=0.1,drop=0.02."
    ),
]

Start = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="With --simulate: begin then, as 2026-11-23T09:00. Default: now, or where the "
        "last rehearsal left off.",
    ),
]

WithDashboard = Annotated[
    bool,
    typer.Option(
        "--dashboard",
        help="Serve live pages beside the run, on port 8765 or any that is free.",
    ),
]

DashboardPort = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, metavar="PORT", help="… on this port; 0 takes a free one."),
]

Distributed = Annotated[
    bool,
    typer.Option(
        "--distributed",
        help="Let workers (poku-batch worker) make the calls, on any machines that share the "
        "ledger in PostgreSQL, and watch; where such a run goes on already, watch that.",
    ),
]

Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="With --simulate: forget this folder's earlier rehearsals."),
]
