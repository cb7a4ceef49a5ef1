"""Mistakes in a protocol: in its roles, in what it asks of components, and in how it is made."""

from __future__ import annotations

from tests.users_mistakes.files import ADVICE, CREATE, HELPING, IMMUTABLE, SHARED, Mistake, protocol

__all__ = ["EVERY"]

EVERY = (
    # What is yielded is no operation
    Mistake(
        "a text is yielded",
        protocol('yield "create"'),
        (
            "The process 'dispatcher/e1/1' yielded a str after 1 outcome in dispatch (ours.py:7); yield an "
            "operation of a component, or any_of(...) several."
        ),
    ),
    Mistake(
        "nothing is yielded",
        protocol(f"yield\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' yielded None after 1 outcome in dispatch (ours.py:7); yield an "
            "operation of a component, or any_of(...) several."
        ),
    ),
    Mistake(
        "a list is yielded",
        protocol("yield [system.store.get(request.evaluation)]"),
        (
            "The process 'dispatcher/e1/1' yielded a list after 1 outcome in dispatch (ours.py:7); yield an "
            "operation of a component, or any_of(...) several."
        ),
    ),
    Mistake(
        "a method is yielded",
        protocol("yield system.store.get"),
        (
            "The process 'dispatcher/e1/1' yielded a function after 1 outcome in dispatch (ours.py:7); call "
            "it, with (...) behind it, and yield what it returns."
        ),
    ),
    Mistake(
        "a role is yielded",
        protocol(f"yield helping(system, request)\n{CREATE}", HELPING),
        (
            "The process 'dispatcher/e1/1' yielded a generator after 1 outcome in dispatch (ours.py:7); write"
            " `yield from` where the steps of another role are meant."
        ),
    ),
    # A forgotten yield, or yield from
    Mistake(
        "a request is dropped",
        protocol(f"system.store.get(request.evaluation)\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' made the request status/e1.get in dispatch (ours.py:7) and never "
            "yielded it; write `yield` before it, or do not make it."
        ),
    ),
    Mistake(
        "a request is compared",
        protocol(f"if system.store.get(request.evaluation) in TERMINAL:\n    return REFUSED\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' made the request status/e1.get in dispatch (ours.py:7) and never "
            "yielded it; write `yield` before it, or do not make it."
        ),
    ),
    Mistake(
        "a role is called and dropped",
        protocol(f"helping(system, request)\n{CREATE}", HELPING),
        (
            "The call of helping in dispatch (ours.py:7) drops what it returns, so nothing of it happens; "
            "write `yield from` before it."
        ),
    ),
    # An operation that is misspelt, or called with wrong arguments
    Mistake(
        "an argument is missing",
        protocol("yield system.store.set(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.set "
            "was called with the wrong arguments: it takes (evaluation, status), and 'status' is missing."
        ),
    ),
    Mistake(
        "an argument is too much",
        protocol("yield system.store.get(request.evaluation, 1)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.get "
            "was called with the wrong arguments: it takes (evaluation), and 2 are given."
        ),
    ),
    Mistake(
        "an argument has a wrong name",
        protocol("yield system.store.set(request.evaluation, statsu=Status.FAILED)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.set "
            "was called with the wrong arguments: it takes (evaluation, status), and there is no 'statsu'; "
            "write status."
        ),
    ),
    Mistake(
        "an argument is given twice",
        protocol("yield system.store.get(request.evaluation, evaluation=1)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.get "
            "was called with the wrong arguments: it takes (evaluation), and 'evaluation' is given twice."
        ),
    ),
    Mistake(
        "an argument has a wrong type",
        protocol('yield system.store.set(request.evaluation, "failed")'),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore.set "
            "cannot be asked for: its argument 'status' must be a Status, not the str 'failed'; write "
            "Status.FAILED."
        ),
    ),
    Mistake(
        "a misspelt operation",
        protocol("yield system.store.gett(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): StatusStore has no"
            " operation 'gett'; did you mean get?"
        ),
    ),
    Mistake(
        "an operation that there is not",
        protocol("yield system.tokens.fetch(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): Tokens has no "
            "operation 'fetch'; it has generate."
        ),
    ),
    Mistake(
        "a misspelt component",
        protocol("yield system.stroe.get(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): System has no "
            "'stroe'; did you mean store or stream?"
        ),
    ),
    Mistake(
        "a misspelt field",
        protocol("yield system.store.get(request.evalution)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): DispatchRequest "
            "has no 'evalution'; did you mean evaluation?"
        ),
    ),
    Mistake(
        "a misspelt member of an enumeration",
        protocol("return (yield system.store.get(request.evaluation)) is Status.CANCELED")
        + "\nfrom deadheat.library import Status\n",
        (
            "The process 'dispatcher/e1/1' failed after 2 outcomes in dispatch (ours.py:7): Status has no "
            "'CANCELED'; did you mean CANCELLED?"
        ),
    ),
    Mistake(
        "a misspelt local",
        protocol("yield system.store.get(requst.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): there is no "
            "'requst'; did you mean request?"
        ),
    ),
    # Labels
    Mistake(
        "a label on an atomic block",
        protocol("yield T8(atomically(system.store.get(request.evaluation)))"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The label T8 was "
            "put on an Atomic; put it on one of the operations in it."
        ),
    ),
    Mistake(
        "a label on a role",
        protocol("yield T8(helping(system, request))", HELPING),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The label T8 was "
            "put on a generator; put it on an operation."
        ),
    ),
    Mistake(
        "two labels",
        protocol("yield T8(T7(system.kubernetes.create_job(request.evaluation)))"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The label T8 was "
            "put on kubernetes/e1.create_job(e1, None), which has the label T7; give it one."
        ),
    ),
    Mistake(
        "a list in an atomic block",
        protocol("yield atomically([system.store.get(request.evaluation)])"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): atomically(...) "
            "was given a list; give it operations of components, such as store.get()."
        ),
    ),
    # An operation of a component that the protocol does not have
    Mistake(
        "another component",
        protocol('yield Redis("rediss").get("lock")'),
        (
            "The process 'dispatcher/e1/1' asks for rediss/lock.get(lock) in dispatch (ours.py:7): There is "
            "no component 'rediss/lock'; did you mean redis/e1?"
        ),
    ),
    Mistake(
        "another component in an atomic block",
        protocol('yield atomically(system.store.get(request.evaluation), Redis("rediss").get("lock"))'),
        (
            "The process 'dispatcher/e1/1' asks for rediss/lock.get(lock) in dispatch (ours.py:7): There is "
            "no component 'rediss/lock'; did you mean redis/e1?"
        ),
    ),
    Mistake(
        "a component of other protocols",
        protocol("yield system.guards.tombstone(request.evaluation)"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): system.guards is "
            "for a protocol that says kubernetes=GuardedKubernetes; say so in it."
        ),
    ),
    # What can change in a value, an outcome or an argument
    Mistake(
        "a list in the argument of an operation",
        protocol('yield system.redis.get(["lock"])'),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome in dispatch (ours.py:7): The arguments of "
            "Redis.get must be immutable: a list " + IMMUTABLE
        ),
    ),
    # What a role must not read
    Mistake(
        "a clock",
        protocol(f"import time\nif time.time() > 3:\n    return REFUSED\n{CREATE}"),
        "The function 'dispatch' reads a clock (time.time) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "the time of day",
        protocol(f"if datetime.now().hour > 3:\n    return REFUSED\n{CREATE}", head="from datetime import datetime"),
        "The function 'dispatch' reads a clock (datetime.now) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a random number",
        protocol(f"if random.random() > 0.5:\n    return REFUSED\n{CREATE}", head="import random"),
        "The function 'dispatch' reads a random number (random.random) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "the environment",
        protocol(f'if os.environ.get("X"):\n    return REFUSED\n{CREATE}', head="import os"),
        "The function 'dispatch' reads the environment (os.environ) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a file",
        protocol(f'if open("limit").read():\n    return REFUSED\n{CREATE}'),
        "The function 'dispatch' reads or writes a file (open) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a file by its path",
        protocol(f'if Path("limit").read_text():\n    return REFUSED\n{CREATE}', head="from pathlib import Path"),
        "The function 'dispatch' reads or writes a file (Path.read_text) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "the end of the program in a role",
        protocol(f"os._exit(0)\n{CREATE}", head="import os"),
        "The function 'dispatch' ends the program (os._exit) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "another program",
        protocol(f'subprocess.run(["true"])\n{CREATE}', head="import subprocess"),
        "The function 'dispatch' starts another program (subprocess.run) in dispatch (ours.py:7)." + ADVICE,
    ),
    Mistake(
        "a global that changes",
        protocol(f"global SEEN\nSEEN += 1\n{CREATE}", "SEEN = 0"),
        "What runs of the model share has changed: the global 'SEEN' of ours.py, in dispatch (ours.py:8)." + SHARED,
    ),
    Mistake(
        "a global list that grows",
        protocol(f"SEEN.append(1)\n{CREATE}", "SEEN = []"),
        "What runs of the model share has changed: the global 'SEEN' of ours.py, in dispatch (ours.py:7)." + SHARED,
    ),
    Mistake(
        "a loop over a set",
        protocol(f"for each in {{1, 2}}:\n    yield system.store.get(request.evaluation)\n{CREATE}"),
        (
            "The process 'dispatcher/e1/1' asks for status/e1.get in dispatch (ours.py:8), in a loop over a "
            "set, whose order is not the same in every run; loop over sorted(...) of it."
        ),
    ),
    # A role that is none
    Mistake(
        "a role that never yields",
        protocol("return REFUSED"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) returned a "
            "str when it began; let it be a generator function, which yields operations."
        ),
    ),
    Mistake(
        "an async role",
        protocol("return REFUSED", signature="async def dispatch(system, request):"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) returned a "
            "coroutine when it began; write `def` and `yield`, no `async` and `await`."
        ),
    ),
    Mistake(
        "a role of too few parameters",
        protocol(CREATE, signature="def dispatch(system):"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) takes "
            "(system), and is given (System, DispatchRequest); let it take as many."
        ),
    ),
    Mistake(
        "a role of too many parameters",
        protocol(CREATE, signature="def dispatch(system, request, more):"),
        (
            "The process 'dispatcher/e1/1' failed after 1 outcome: The role dispatch (ours.py:6) takes "
            "(system, request, more), and is given (System, DispatchRequest); let it take as many."
        ),
    ),
    Mistake(
        "a role that never comes back",
        protocol("yield system.store.get(request.evaluation)\nwhile True:\n    pass"),
        (
            "The process 'dispatcher/e1/1' failed after 2 outcomes: it went on for 1 s in dispatch "
            "(ours.py:8); the usual cause is a loop without an end, or without a `yield` in it "
            "(DEADHEAT_STEP_SECONDS allows it more time)."
        ),
    ),
    Mistake(
        "a role that delegates to itself",
        protocol("yield system.store.get(request.evaluation)\nyield from dispatch(system, request)"),
        (
            "The process 'dispatcher/e1/1' is nested without an end after 136 outcomes in dispatch "
            "(ours.py:7); the usual cause is a role that delegates to itself."
        ),
    ),
    Mistake(
        "a role that was called",
        protocol(CREATE).replace("dispatch=dispatch)", "dispatch=dispatch(1, 2))"),
        (
            "ours.py:9 cannot be imported: The dispatch of the protocol 'ours' is no function but a "
            "generator; give it one."
        ),
    ),
    # Models and protocols made of the wrong things
    Mistake(
        "what is lacked is a text",
        protocol(CREATE).replace("=dispatch)", '=dispatch, lacks=("T5",))'),
        (
            "ours.py:9 cannot be imported: Among the lacks of the protocol 'ours' is 'T5'; write a tuple of "
            "steps of deadheat.models.steps, such as (T5,)."
        ),
    ),
    Mistake(
        "what is lacked is no step",
        protocol(CREATE).replace("=dispatch)", '=dispatch, lacks=(Label("T9", ""),))'),
        (
            "ours.py:9 cannot be imported: Among the lacks of the protocol 'ours' is a Label; write a tuple "
            "of steps of deadheat.models.steps, such as (T5,)."
        ),
    ),
    Mistake(
        "what is lacked stands without a comma",
        protocol(CREATE).replace("=dispatch)", "=dispatch, lacks=(T5))"),
        (
            "ours.py:9 cannot be imported: The lacks of the protocol 'ours' are no tuple but a Label; write a"
            " tuple of steps of deadheat.models.steps, such as (T5,)."
        ),
    ),
    Mistake(
        "a misspelt field of a protocol",
        protocol(CREATE).replace("dispatch=dispatch", "dispath=dispatch"),
        "ours.py:9 cannot be imported: Protocol() takes no 'dispath'; did you mean dispatch?",
    ),
)
