"""deadheat: a deterministic race-condition simulator and model checker.

`check` checks a protocol; the rest are the words in which one writes protocols and models. What is ready to use in them
is in `deadheat.library`.
"""

from __future__ import annotations

from deadheat.lazy import exports
from deadheat.version import VERSION as VERSION

TYPE_CHECKING = False  # `typing` would take longer to import than all of this
if TYPE_CHECKING:  # the same names as below, for type checkers
    from deadheat.api import Checked as Checked, NotHeldError as NotHeldError, check as check
    from deadheat.models.any_system import Components as Components
    from deadheat.models.claims import (
        Change as Change,
        Claim as Claim,
        always as always,
        each_step as each_step,
        eventually as eventually,
        settled as settled,
    )
    from deadheat.models.design import Design as Design
    from deadheat.models.nodes import Node as Node
    from deadheat.models.roles import (
        Faults as Faults,
        Instance as Instance,
        Role as Role,
        RoleCrash as RoleCrash,
        Steps as Steps,
        crash as crash,
        one as one,
        one_each as one_each,
        several as several,
        several_each as several_each,
    )
    from deadheat.models.system import Addition as Addition, Protocol as Protocol
    from deadheat.scenarios.check import (
        CheckResult as CheckResult,
        Counterexample as Counterexample,
        Outcome as Outcome,
        Verdict as Verdict,
    )
    from deadheat.scenarios.schedules import DrawnRun as DrawnRun, schedules as schedules
    from deadheat.sim.blocks import atomic_block as atomic_block
    from deadheat.sim.components import (
        BLOCKED as BLOCKED,
        Component as Component,
        Outcomes as Outcomes,
        Step as Step,
        operation as operation,
    )
    from deadheat.sim.errors import (
        DeadheatError as DeadheatError,
        InternalError as InternalError,
        ModelError as ModelError,
        OperationError as OperationError,
        PurityError as PurityError,
        UnboundedError as UnboundedError,
        UndecidedError as UndecidedError,
        UsageError as UsageError,
    )
    from deadheat.sim.faults import Fault as Fault
    from deadheat.sim.model import (
        UNLIMITED as UNLIMITED,
        Crash as Crash,
        Kind as Kind,
        Model as Model,
        Part as Part,
        Process as Process,
        Property as Property,
        View as View,
    )
    from deadheat.sim.operations import (
        AnyOf as AnyOf,
        Atomic as Atomic,
        Chosen as Chosen,
        Label as Label,
        Operation as Operation,
        Request as Request,
        any_of as any_of,
        atomically as atomically,
    )
    from deadheat.sim.traits import (
        by_itself as by_itself,
        expires as expires,
        gives_up as gives_up,
        hands_work as hands_work,
        looks as looks,
        passes_work_on as passes_work_on,
        weaker as weaker,
    )

_NAMES = {
    "deadheat.api": ("Checked", "NotHeldError", "check"),
    "deadheat.models.any_system": ("Components",),
    "deadheat.models.claims": ("Change", "Claim", "always", "each_step", "eventually", "settled"),
    "deadheat.models.design": ("Design",),
    "deadheat.models.nodes": ("Node",),
    "deadheat.models.roles": (
        "Faults",
        "Instance",
        "Role",
        "RoleCrash",
        "Steps",
        "crash",
        "one",
        "one_each",
        "several",
        "several_each",
    ),
    "deadheat.models.system": ("Addition", "Protocol"),
    "deadheat.scenarios.check": ("CheckResult", "Counterexample", "Outcome", "Verdict"),
    "deadheat.scenarios.schedules": ("DrawnRun", "schedules"),
    "deadheat.sim.blocks": ("atomic_block",),
    "deadheat.sim.components": ("BLOCKED", "Component", "Outcomes", "Step", "operation"),
    "deadheat.sim.errors": (
        "DeadheatError",
        "InternalError",
        "ModelError",
        "OperationError",
        "PurityError",
        "UnboundedError",
        "UndecidedError",
        "UsageError",
    ),
    "deadheat.sim.faults": ("Fault",),
    "deadheat.sim.model": ("Crash", "Kind", "Model", "Part", "Process", "Property", "UNLIMITED", "View"),
    "deadheat.sim.operations": ("AnyOf", "Atomic", "Chosen", "Label", "Operation", "Request", "any_of", "atomically"),
    "deadheat.sim.traits": ("by_itself", "expires", "gives_up", "hands_work", "looks", "passes_work_on", "weaker"),
}

__all__ = sorted(["VERSION", *(name for every in _NAMES.values() for name in every)])

if not TYPE_CHECKING:  # or no name would be unknown to a type checker
    __getattr__ = exports(__name__, _NAMES)


def __dir__() -> list[str]:
    return __all__
