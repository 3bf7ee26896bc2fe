"""``simulator``: the stand-in for the API, by hand."""

from typing import Annotated, Literal, cast

import typer


def simulator(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")
    ] = 8765,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Let --host be one that other machines can reach."),
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, max=10_000, metavar="X", help="Calls pass X times faster.")
    ] = 30.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, other outcomes.")] = 0,
    generation: Annotated[
        str,
        typer.Option(
            metavar="first|second",
            help="What a request without waitForCallEnd gets: the end of the call (first), or an "
            "interaction ID at once (second).",
        ),
    ] = "first",
    faults: Annotated[
        str,
        typer.Option(metavar="LIST", help="Faults by probability, as 429=0.1,500=0.02,drop=0.01."),
    ] = "",
) -> None:
    """Serve a simulated Poku API until Ctrl-C. No phone rings.

    Point a program at it with POKU_BASE_URL; any key is taken.
    """
    from poku_batch.cli.terminal import out
    from poku_batch.simulator import Faults, SimulatorConfig, run_forever

    if generation not in {"first", "second"}:
        raise typer.BadParameter("first or second", param_hint="--generation")
    config = SimulatorConfig(
        seed=seed,
        speed=speed,
        generation=cast("Literal['first', 'second']", generation),
        faults=Faults.parse(faults),
    )
    run_forever(
        config,
        host=host,
        port=port,
        allow_remote=allow_remote,
        on_ready=lambda url: out.print(f"simulator at {url}", markup=False),
    )
