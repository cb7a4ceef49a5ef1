"""Nodes: processes that live and die together, declared.

A machine, a pod, or one operating-system process with several threads of control: when it goes down, all on it stops at
one instant, its volatile memory is gone, and what was handed to it to be done later is not done. What is durable (a
database, a queue elsewhere) stays.

    worker = Node("worker", runs=("receive", "flush"), crashes=(crash("worker-crash"),), volatile=(Memory("cache"),))

which a design is given among its `nodes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.components.node import NodeLife, Tasks
from deadheat.models.connections import broken_with, with_connections
from deadheat.models.protocol_rules import require_tuple, require_word
from deadheat.models.roles import Instance, Role, RoleCrash, Steps
from deadheat.sim.components import Component
from deadheat.sim.errors import ModelError, unknown_name
from deadheat.sim.model import Crash, Model, Process
from deadheat.sim.model_rules import require_types
from deadheat.sim.operations import Accompanied, Operation, RoleFunction
from deadheat.sim.run.mortal import Lifeline, mortal

__all__ = ["Node", "nodes_of", "require_nodes", "with_nodes"]

CRASHES = (Crash, RoleCrash)


@dataclass(frozen=True)
class Node:
    """What lives and dies together.

    `runs` names the processes on it: each, or all of one role. `crashes` are the ways in which it goes down, with what
    others notice of it at the same instant; one that restarts comes up again in the end, and its processes begin anew.
    (A process that had ended, or was lost by a crash of its own, stays so.) A process that has crashes of its own has
    them while it lives. The components that are `volatile` are wiped at that instant: each has an
    operation `wipe`.

    With `tasks`, a role may hand work to the node that goes on although the role has ended: `does` is the role that
    does it, called with `given` and what was handed, `at_once` so many at a time. It dies with the node too.

    In a design there is one node in all, or one `each_key`, which runs the processes of that `key` and has its memory.
    """

    name: str
    runs: tuple[str, ...]
    crashes: tuple[Crash | RoleCrash[Any], ...]
    volatile: tuple[Component, ...] = ()
    tasks: Tasks | None = None
    does: RoleFunction | None = None
    given: tuple[Any, ...] = ()
    at_once: int = 1
    each_key: bool = False
    key: str | None = None

    def __post_init__(self) -> None:
        whose = f"the node {self.name!r}"
        require_word("node", self.name)
        require_types(whose, self)
        require_tuple(
            whose, "runs", self.runs, lambda each: isinstance(each, str), "names of roles, such as ('worker',)"
        )
        require_tuple(
            whose,
            "crashes",
            self.crashes,
            lambda each: isinstance(each, CRASHES),
            "crashes, such as crash(FAULT) makes",
        )
        require_tuple(whose, "volatile", self.volatile, lambda each: isinstance(each, Component), "components")
        shared = [each.name for each in self.volatile if not each.keyed]
        if self.each_key and (shared or self.tasks is not None):
            what = f"the memory {shared[0]!r}" if shared else "tasks"
            raise ModelError(
                f"The node {self.name!r} is one each key, and {what} would be one for all; let that be keyed, or the "
                "node one for all."
            )
        if self.at_once < 1:
            raise ModelError(f"`at_once` of {whose} is {self.at_once}, so its tasks would never be done; give it 1.")
        if (self.tasks is None) is not (self.does is None):
            raise ModelError(f"The node {self.name!r} has one of `tasks` and `does`; give it both, or neither.")

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions by which its tasks are done."""
        return tuple(each for each in (self.does, *self.given) if callable(each))

    @property
    def workers(self) -> tuple[Process, ...]:
        """The processes that do what was handed to it."""
        if self.tasks is None:
            return ()
        arguments = (self.tasks, self.does, *self.given)
        return tuple(
            Process(f"{self.name}/task/{number}", do_task, arguments, repeats=True, part=f"{self.name}/task")
            for number in range(1, self.at_once + 1)
        )


def require_nodes(
    nodes: tuple[Node, ...], roles: tuple[Role[Any], ...], components: Mapping[str, Component], whose: str
) -> None:
    """Raise ModelError for a node that runs what no role of a design is, or as one each key what is there for all.

    So it does for what two nodes run, and for what is wiped without being there.
    """
    homes: dict[str, str] = {}
    for node in nodes:
        if node.key is not None:
            raise ModelError(f"The node {node.name!r} of {whose} is of one key; write each_key=True for one of each.")
        for component in node.volatile:
            _require_wiped(component, component.name in components)
        for name in node.runs:
            if homes.setdefault(name, node.name) != node.name:
                raise ModelError(
                    f"The role {name!r} of {whose} is on the nodes {homes[name]!r} and {node.name!r}; run it on one."
                )
            ran = [each for each in roles if name == each.name]
            if not ran:
                known = unknown_name("role", name, [each.name for each in roles])
                raise ModelError(f"The node {node.name!r} of {whose} runs what is not there: {known}")
            if node.each_key and not all(each.each_key for each in ran):
                raise ModelError(
                    f"The node {node.name!r} of {whose} is one each key, and runs {name!r}, which is one for all; let "
                    "that be one_each, or the node one for all."
                )


def nodes_of(
    nodes: tuple[Node, ...], components: Components, processes: tuple[Process, ...], role_of: Mapping[str, str]
) -> Iterator[Node]:
    """Yield the nodes of a design: each in all, or one for each key, with the processes of that key that there are.

    `role_of` gives the name of the role of each process.
    """
    for node in nodes:
        for key in components.keys if node.each_key else (None,):
            its_own = [each for each in processes if key is None or each.key == key]
            runs = tuple(each.name for each in its_own if role_of.get(each.name) in node.runs)
            name = node.name if key is None else f"{node.name}/{key}"
            me = Instance(name, key)
            given = tuple(components if isinstance(each, Components) else each for each in node.given)
            crashes = tuple(each if isinstance(each, Crash) else each.of(components, me) for each in node.crashes)
            yield replace(node, name=name, runs=runs, crashes=crashes, given=given, key=key, each_key=False)


def with_nodes(model: Model, *nodes: Node) -> Model:
    """Return a model whose processes are on these nodes; those that no node runs never go down with another.

    Raises ModelError for a node that runs what is not there, for a process on two nodes, and for a volatile component
    that cannot be wiped.
    """
    components, processes = dict(model.components), list(model.processes)
    homes: dict[str, str] = {}
    for node in nodes:
        homes = {each.name: node.name for each in node.workers}
        workers = tuple(with_connections(node.workers, model.components, homes))
        on_it = (*_run_by(node, model), *workers)
        names = [each.name for each in on_it]
        for name in names:
            if name in homes:
                raise ModelError(
                    f"The process {name!r} is on the nodes {homes[name]!r} and {node.name!r}; run it on one."
                )
            homes[name] = node.name
        if any(not isinstance(each, Crash) for each in node.crashes):
            raise ModelError(f"The node {node.name!r} is of no design, so give it crashes such as Crash(FAULT).")
        if node.name in components:
            raise ModelError(f"The node {node.name!r} is called like a component; give it a name of its own.")
        life = NodeLife(node.name, names, [each.fault for each in node.crashes])
        components[node.name] = life
        processes = [_on(life, each) if each.name in names else each for each in (*processes, *workers)]
        processes += _environment(node, life, model, on_it)
    return replace(model, components=components, processes=tuple(processes))


def _run_by(node: Node, model: Model) -> list[Process]:
    names = {each.name for each in model.processes}
    known = names | {_role(each) for each in model.processes}
    for name in node.runs:
        if name not in known:
            raise ModelError(f"The node {node.name!r} runs what is not there: {unknown_name('process', name, known)}")
    roles = set(node.runs) - names  # what is the name of a process means that one, and none of which it is the role
    return [each for each in model.processes if each.name in node.runs or _role(each) in roles]


def _role(process: Process) -> str:
    return process.part or process.name.partition("/")[0]


def _on(life: NodeLife, process: Process) -> Process:
    alive = life.alive(process.name)
    crashes = tuple(replace(each, only_while=(*each.only_while, alive)) for each in process.crashes)
    return replace(process, role=mortal(process.role, Lifeline(alive, life.gone(process.name))), crashes=crashes)


def _environment(node: Node, life: NodeLife, model: Model, on_it: tuple[Process, ...]) -> Iterator[Process]:
    volatile = (*node.volatile, node.tasks) if node.tasks else node.volatile
    wiped = tuple(wipe for each in volatile for wipe in _wiped(each, model, node.key))
    for crash in node.crashes:
        assert isinstance(crash, Crash)
        for_good = not crash.restarts
        broken = [each for one in on_it for each in broken_with(one, model.components, node.name, for_good=for_good)]
        noticed = (*wiped, *crash.consequences.operations, *dict.fromkeys(broken))
        down = Accompanied(life.crash(crash.kind, crash.restarts), noticed, is_certain=True)
        name = f"{node.name}/{crash.kind}"
        yield Process(name, go_down, (down,), repeats=crash.restarts, owed=False, is_environment=True)
    if any(each.restarts for each in node.crashes):
        yield Process(f"{node.name}/start", come_up, (life,), repeats=True, is_environment=True)


def _wiped(component: Component, model: Model, key: str | None) -> Iterator[Operation]:
    names = [
        each
        for each in model.instances(component.name)
        if key is None or each in (component.name, f"{component.name}/{key}")
    ]
    wipe = _require_wiped(component, bool(names))
    for name in names:
        yield wipe() if name == component.name else wipe(name.removeprefix(f"{component.name}/"))


def _require_wiped(component: Component, is_there: bool) -> Callable[..., Operation]:
    """Return the operation by which a component is wiped; raises ModelError where there is none, or no component."""
    wipe: Callable[..., Operation] | None = getattr(component, "wipe", None)
    if wipe is None or not is_there:
        why = "is not there; add it to the components"
        if is_there:
            why = "has no operation `wipe`; make it a Memory, for one"
        raise ModelError(f"The component {component.name!r} is said to be volatile, but {why}.")
    return wipe


# Roles


def do_task(tasks: Tasks, does: RoleFunction, *given: Any) -> Steps:
    """Do one thing that was handed to the node."""
    task = yield tasks.take()
    yield from does(*given, *task)


def go_down(down: Accompanied) -> Steps:
    """Crash the node, with all that is noticed at that instant."""
    yield down


def come_up(life: NodeLife) -> Steps:
    """Start the node again."""
    yield life.start()
