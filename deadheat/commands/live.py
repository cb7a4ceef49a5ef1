"""The command line of what runs on real servers: `deadheat live ...`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadheat.commands.ending import ExitCode, console, epilog, finish, say
from deadheat.commands.help import App
from deadheat.commands.options import whole
from deadheat.commands.servers import jobs_command, require_image, require_servers
from deadheat.commands.sweep import sweep
from deadheat.commands.users_code import prints_apart
from deadheat.live.extras import require_live_extra

if TYPE_CHECKING:  # imported where they are used: --help must not wait for servers' clients
    from deadheat.live.forcing.replay import LiveOptions
    from deadheat.live.place import Place, Where
    from deadheat.live.results import LiveResult

__all__ = ["live"]

live = App(
    help="Run the same protocols on a real Redis and a real Kubernetes.\n\n"
    "Without --redis and --kubeconfig, what `deadheat live up` made is used; if nothing is up, deadheat starts a Redis "
    "and, from the binaries in KUBEBUILDER_ASSETS, a control plane of its own. Everything is made in namespaces of the "
    "run, and removed at the end.",
    epilog=epilog("deadheat live replay orphan.json", "as in the model", "diverged from the model"),
)

RedisUrl = Annotated[str | None, typer.Option("--redis", metavar="URL", help="A Redis to use, not one of our own.")]
StatusUrl = Annotated[
    str | None,
    typer.Option("--status", metavar="URL", help="A PostgreSQL for statuses and tables; by default, Redis and SQLite."),
]
Kubeconfig = Annotated[Path | None, typer.Option("--kubeconfig", metavar="FILE", help="A cluster to use.")]
Context = Annotated[str | None, typer.Option("--context", metavar="NAME", help="Which context of the kubeconfig.")]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="What our namespaces' names begin with.")]
YesReally = Annotated[
    str | None, typer.Option("--yes-really", metavar="CONTEXT", help="This context may be used, whatever its name.")
]
Image = Annotated[str, typer.Option("--image", help="The image of the Jobs.")]
Command = Annotated[str, typer.Option("--command", help="The command of the Jobs, split as a shell would.")]
Topology = Annotated[
    str, typer.Option("--topology", help="threads, or processes: each a program of its own, and a crash is SIGKILL.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DEFAULT_IMAGE, DEFAULT_COMMAND, DEFAULT_NAMESPACE = "busybox:1.36", "sleep 600", "deadheat"


@live.command(epilog=epilog("deadheat live replay orphan.json", "it happens there too", "diverged", decides=False))
@prints_apart
def replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace that `deadheat show --save` wrote.")],
    redis: RedisUrl = None,
    status: StatusUrl = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    yes_really: YesReally = None,
    image: Image = DEFAULT_IMAGE,
    command: Command = DEFAULT_COMMAND,
    topology: Topology = "threads",
    as_json: AsJson = False,
) -> None:
    """Force the interleaving of a saved counterexample on real servers: CONFIRMED, or DIVERGED at a step."""
    require_live_extra("live replay")
    from deadheat.live.forcing.replay import force_plan, plan_replay
    from deadheat.scenarios.trace_file import read

    recorded = read(trace)
    if recorded.remark is not None:
        print(f"deadheat: {trace} is forced as it was recorded, but {recorded.remark}.", file=sys.stderr)
    counterexample = recorded.counterexample
    options = _live_options(image, command, topology)
    where = _where(redis, status, kubeconfig, context, namespace, yes_really)
    plan = plan_replay(counterexample, options)
    with _place(where, needs_cluster=plan.needs_cluster) as place:
        results = force_plan(place, plan, options)
    _finish(results, as_json)


@live.command(
    epilog=epilog("deadheat live check baseline --faults worker-crash=1 --json", "as in the model", "diverged")
)
@prints_apart
def check(
    protocols: Annotated[list[str], typer.Argument(metavar="PROTOCOL", help="What to check.")],
    evaluations: Annotated[
        int, typer.Option("--evaluations", "-n", help="How many evaluations run at once.", **whole("--evaluations"))
    ] = 1,
    faults: Annotated[
        list[str] | None, typer.Option("--faults", metavar="KIND=K", help="Allow up to K faults of a kind.")
    ] = None,
    schedules: Annotated[
        int, typer.Option("--random", help="How many random schedules to compare.", **whole("--random", 0))
    ] = 5,
    seed: Annotated[
        int, typer.Option("--seed", help="Which random schedules: one number always gives the same.", **whole("--seed"))
    ] = 1,
    redis: RedisUrl = None,
    status: StatusUrl = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    yes_really: YesReally = None,
    image: Image = DEFAULT_IMAGE,
    command: Command = DEFAULT_COMMAND,
    topology: Topology = "threads",
    as_json: AsJson = False,
) -> None:
    """Hold real servers to the model's verdicts: force each counterexample, and random schedules of what holds."""
    require_live_extra("live check")
    from deadheat.live.forcing.replay import force_plan, plan_check
    from deadheat.scenarios.scenario import Scenario, parse_faults

    scenarios = [Scenario(name, evaluations, parse_faults(faults or [])) for name in protocols]
    options = _live_options(image, command, topology)
    results: list[LiveResult] = []
    where = _where(redis, status, kubeconfig, context, namespace, yes_really)
    plans = [plan_check(scenario, schedules, seed, options) for scenario in scenarios]
    with _place(where, needs_cluster=any(plan.needs_cluster for plan in plans)) as place:
        for plan in plans:
            results += force_plan(place, plan, options)
    _finish(results, as_json)


@live.command(
    epilog=epilog(
        "deadheat live stress baseline --cancellations 200 --latency http.accept=0..200ms",
        "as the model says",
        "orphans that the model says cannot be",
        decides=False,
    )
)
@prints_apart
def stress(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="What to run.")],
    cancellations: Annotated[
        int, typer.Option("--cancellations", help="How many evaluations to cancel.", **whole("--cancellations", 1))
    ] = 100,
    concurrency: Annotated[
        int, typer.Option("--concurrency", help="How many at once.", **whole("--concurrency", 1))
    ] = 8,
    latency: Annotated[
        list[str] | None,
        typer.Option(
            "--latency", metavar="NAME=LO..HI", help="How long to delay a component, or one of its operations."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Which delays are drawn: one number always gives the same.", **whole("--seed"))
    ] = 1,
    trace: Annotated[Path, typer.Option("--trace", metavar="FILE", help="Where to record.")] = Path("stress.jsonl"),
    redis: RedisUrl = None,
    status: StatusUrl = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    yes_really: YesReally = None,
    image: Image = DEFAULT_IMAGE,
    command: Command = DEFAULT_COMMAND,
    as_json: AsJson = False,
) -> None:
    """Cancel many evaluations, each at its own pace, and count the orphans that real servers are left with."""
    require_live_extra("live stress")
    from deadheat.live.forcing.free import parse_delays
    from deadheat.live.forcing.stress import Load, stress as run
    from deadheat.live.logs.tape import FORMAT
    from deadheat.live.results import LiveOutcome
    from deadheat.reports.live import print_stress, stress_to_json
    from deadheat.scenarios.catalogue import find_protocol
    from deadheat.scenarios.scenario import Scenario
    from deadheat.scenarios.trace_file import require_writable

    find_protocol(protocol)
    require_writable(trace, FORMAT)
    load = Load(cancellations, concurrency, parse_delays(latency or [], Scenario(protocol).model()), seed)
    options = _live_options(image, command)
    with _place(_where(redis, status, kubeconfig, context, namespace, yes_really)) as place:
        result = run(place, protocol, load, trace, options)
    code = ExitCode.VIOLATED if result.outcome is LiveOutcome.DIVERGED else ExitCode.AS_HOPED
    if as_json:
        finish(code, lambda: typer.echo(stress_to_json(result, str(trace))))
    finish(code, lambda: print_stress(result, str(trace), console()))


live.command(
    epilog=epilog(
        "deadheat live sweep --context kind-deadheat --redis redis://127.0.0.1:6379/0 --delete",
        "nothing is left",
        None,
        decides=False,
    )
)(sweep)


@live.command(
    epilog=epilog(
        "deadheat live up && deadheat live check baseline && deadheat live down",
        "up",
        None,
        decides=False,
    )
)
def up() -> None:
    """Make a kind cluster and a Redis in Docker, which every later `live` command uses."""
    from deadheat.live.servers.kind import up as make
    from deadheat.reports.progress import ProgressLine

    with ProgressLine("live up") as progress:
        progress.say("making a kind cluster and a Redis")
        state = make()
    typer.echo(f"Up: context {state.context} in {state.kubeconfig}, and {state.redis_url}.")


@live.command(epilog=epilog("deadheat live down", "removed", None, decides=False))
def down() -> None:
    """Remove what `deadheat live up` made, and nothing else."""
    from deadheat.live.servers.kind import down as remove

    typer.echo("Removed." if remove() else "Nothing was up.")


@contextmanager
def _place(where: Where, *, needs_cluster: bool = True) -> Iterator[Place]:
    """Open the servers, and leave nothing behind, whichever way the command ends."""
    from deadheat.live import interruption
    from deadheat.live.place import open_place, remove_leavings
    from deadheat.reports.progress import ProgressLine
    from deadheat.sim.errors import LiveError

    interruption.listen()
    try:
        with ProgressLine("live") as progress, open_place(where, needs_cluster=needs_cluster) as place:
            progress.say("running on real servers")
            yield place
    except KeyboardInterrupt:
        left = remove_leavings()
        if left:
            raise LiveError(f"Interrupted. {left}") from None
        say("deadheat: interrupted; everything that this run made was removed.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _where(
    redis: str | None,
    status: str | None,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str,
    yes_really: str | None,
) -> Where:
    from deadheat.live.place import Where

    require_servers(redis, status, kubeconfig, context, namespace)
    return Where(redis, status, kubeconfig, context, namespace, yes_really)


def _live_options(image: str, command: str, topology: str = "threads") -> LiveOptions:
    from deadheat.live.adapters.kubernetes import JobTemplate
    from deadheat.live.forcing.replay import LiveOptions

    require_image(image)
    return LiveOptions(JobTemplate(image, jobs_command(command)), topology=topology)


def _finish(results: list[LiveResult], as_json: bool) -> None:
    from deadheat.live.results import LiveOutcome
    from deadheat.reports.live import live_to_json, print_live

    code = ExitCode.AS_HOPED if results else ExitCode.UNDECIDED
    if not results:
        say("deadheat: nothing was compared with the servers, so this says nothing of them; allow --random schedules.")
    if any(each.outcome is LiveOutcome.DIVERGED for each in results):
        code = ExitCode.VIOLATED
    if as_json:
        finish(code, lambda: typer.echo(live_to_json(results)))
    finish(code, lambda: print_live(results, console()))
