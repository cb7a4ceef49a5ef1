"""Mistakes in a general model: in its components, roles and properties, and in how it is made."""

from __future__ import annotations

from tests.users_mistakes.files import ADVICE, IMMUTABLE, MODEL, SHARED, Mistake, model

__all__ = ["EVERY"]

EVERY = (
    # What is yielded is no operation
    Mistake(
        "the steps of a method that is no operation are yielded",
        model(role="yield counter.add(0, 1)").replace("    @operation\n", ""),
        (
            "The process 'counting' yielded a tuple after 0 outcomes in counting (ours.py:11); write "
            "`@operation` above the method of the component that made it."
        ),
        of="model",
    ),
    # An operation that is misspelt, or called with wrong arguments
    Mistake(
        "an operation of the class",
        model(role="yield Counter.add(1)"),
        (
            "The process 'counting' failed after 0 outcomes in counting (ours.py:12): Counter.add was called "
            "on the class; call it on a component, such as Counter('name')."
        ),
        of="model",
    ),
    Mistake(
        "a method that is no operation",
        model().replace("    @operation\n", ""),
        (
            "The process 'counting' failed after 0 outcomes in counting (ours.py:11): Counter.add is a method"
            " and no operation; write `@operation` above it."
        ),
        of="model",
    ),
    # What can change in a value, an outcome or an argument
    Mistake(
        "a list in a value",
        model("return (Step(None, [value]),)"),
        (
            "The value of the component 'counter' after counter.add(1) in add (ours.py:7) must be immutable: "
            "a list " + IMMUTABLE
        ),
        of="model",
    ),
    Mistake(
        "a set in an outcome",
        model("return (Step({value}, value),)"),
        "The outcome of counter.add(1) in add (ours.py:7) must be immutable: a set " + IMMUTABLE,
        of="model",
    ),
    Mistake(
        "a dict in an outcome",
        model("return (Step((1, {}), value),)"),
        "The outcome of counter.add(1) in add (ours.py:7) must be immutable: a dict " + IMMUTABLE,
        of="model",
    ),
    Mistake(
        "a list at first",
        model(initial="[]"),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The initial value of the component"
            " 'counter' (ours.py:4) must be immutable: a list " + IMMUTABLE
        ),
        of="model",
    ),
    Mistake(
        "a list in the argument of a role",
        model(made=MODEL.replace("(counter,)),)", "(counter, [])),)")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): An argument of the process "
            "'counting' is a list, which can change; give it a tuple, a frozenset or a frozen dataclass."
        ),
        of="model",
    ),
    Mistake(
        "a dataclass that is not frozen",
        model(
            "return (Step(Answer(1), value),)",
            more="from dataclasses import dataclass\n\n@dataclass\nclass Answer:\n    number: int",
        ),
        (
            "The outcome of counter.add(1) in add (ours.py:7) must be immutable: the dataclass Answer is not "
            "frozen; write @dataclass(frozen=True)."
        ),
        of="model",
    ),
    # An outcome of the wrong shape
    Mistake(
        "a step alone",
        model("return Step(None, value + amount)"),
        "counter.add(1) in add (ours.py:7) returned a Step; write (Step(...),).",
        of="model",
    ),
    Mistake(
        "a pair in the place of a step",
        model("return ((None, value + amount),)"),
        ("counter.add(1) in add (ours.py:7) has a tuple among its steps; let each be a Step(outcome, value)."),
        of="model",
    ),
    Mistake(
        "no steps at all",
        model("value + amount"),
        "counter.add(1) in add (ours.py:7) returned None; return a tuple of Steps, or BLOCKED.",
        of="model",
    ),
    Mistake(
        "a value alone",
        model("return value + amount"),
        "counter.add(1) in add (ours.py:7) returned an int; return a tuple of Steps, or BLOCKED.",
        of="model",
    ),
    # What a role must not read
    Mistake(
        "a clock in an operation",
        model("import time\nreturn (Step(time.time(), value),)"),
        "The function 'Counter.add' reads a clock (time.time) in add (ours.py:9)." + ADVICE,
        of="model",
    ),
    Mistake(
        "an attribute of a component",
        model("self.asked = value\nreturn (Step(None, value),)"),
        (
            "What runs of the model share has changed: argument 1 of the process 'counting' (its 'asked'), in"
            " add (ours.py:9)." + SHARED
        ),
        of="model",
    ),
    # A role that is none
    Mistake(
        "a role that repeats nothing",
        model(role="return\nyield", made=MODEL.replace("(counter,)),)", "(counter,), repeats=True),)")),
        (
            "The process 'counting' repeats, but its role counting (ours.py:11) asked for nothing; let it "
            "yield an operation, or do not repeat it."
        ),
        of="model",
    ),
    # Properties
    Mistake(
        "a property that reads what it does not declare",
        model(violation='view["other"] > 3', made=MODEL.replace("{", '{"other": Counter("other"), ')),
        (
            "The property 'low' reads the component 'other' in <lambda> (ours.py:16) and does not say so; "
            "name it in what the property reads."
        ),
        of="model",
    ),
    Mistake(
        "a property of a component that there is not",
        model().replace('("counter",), lambda', '("conter",), lambda'),
        (
            "ours.py:model failed to make its model in model (ours.py:17): There is no component 'conter' for"
            " the property 'low' to read; did you mean counter?"
        ),
        of="model",
    ),
    Mistake(
        "a property that names a component without a comma",
        model().replace('("counter",), lambda', '("counter"), lambda'),
        (
            "ours.py:model failed to make its model in model (ours.py:17): What the property 'low' reads is a"
            ' str; write a tuple of names of components, such as ("store",).'
        ),
        of="model",
    ),
    Mistake(
        "a property that says a number",
        model(violation='view["counter"] + 3'),
        ("The property 'low' returned an int in <lambda> (ours.py:16); return what is wrong in a phrase, or None."),
        of="model",
    ),
    Mistake(
        "a property of a step that takes one view",
        model(kind="STEP"),
        (
            "The property 'low' in <lambda> (ours.py:16) takes (view), and one of kind step is given the "
            "views before and after; let it take as many."
        ),
        of="model",
    ),
    Mistake(
        "a property that never comes back",
        model(violation="sum(1 for _ in iter(int, 1))"),
        (
            "The property 'low' failed: it went on for 1 s in <genexpr> (ours.py:16); the usual cause is a "
            "loop without an end, or without a `yield` in it (DEADHEAT_STEP_SECONDS allows it more time)."
        ),
        of="model",
    ),
    # Models and protocols made of the wrong things
    Mistake(
        "a fault that nobody declares",
        model(
            'return (Step(None, value), Step(None, value, "slipp"))',
            made=MODEL.replace("(low,))", '(low,), {"slip": 1})'),
        ),
        (
            "counter.add(1) in add (ours.py:7) meets the fault 'slipp', which Counter does not declare; did "
            "you mean slip?"
        ),
        of="model",
    ),
    Mistake(
        "a fault that nobody has heard of",
        model('return (Step(None, value), Step(None, value, "slip"))'),
        (
            "counter.add(1) in add (ours.py:7) meets the fault 'slip', which Counter does not declare; write "
            "faults = (Fault('slip', ...),) in it."
        ),
        of="model",
    ),
    Mistake(
        "a budget that is no number",
        model(made=MODEL.replace("(low,))", '(low,), {"slip": "1"})')),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The budget of the fault 'slip' is "
            "'1'; give it a whole number, or UNLIMITED."
        ),
        of="model",
    ),
    Mistake(
        "two components of one name",
        model(made=MODEL.replace("{", '{"other": Counter("counter"), ')),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The component 'counter' of a model"
            " is kept under the name 'other', where its operations do not find it; write {'counter': "
            "Counter('counter')}, and give two components two names."
        ),
        of="model",
    ),
    Mistake(
        "a component by its class",
        model(made=MODEL.replace("counter}", "Counter}")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): Among the components of a model is"
            " the class Counter; let each be a Component."
        ),
        of="model",
    ),
    Mistake(
        "components in a list",
        model(made=MODEL.replace('{"counter": counter}', "[counter]")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The components of a model are a "
            "list; give it a dict, by their names."
        ),
        of="model",
    ),
    Mistake(
        "a process without a comma",
        model(made=MODEL.replace("(counter,)),)", "(counter,)))")),
        (
            "ours.py:model failed to make its model in model (ours.py:17): The processes of a model are no "
            "tuple but a Process; write a tuple, and (one,) where there is one alone."
        ),
        of="model",
    ),
    Mistake(
        "a component without its name",
        model(made=MODEL, initial="0\n\n    def __init__(self, name):\n        self.start = 1"),
        (
            "ours.py:model failed to make its model in model (ours.py:20): The component 'counter' has no "
            "name; call super().__init__(name) in Counter.__init__."
        ),
        of="model",
    ),
    Mistake(
        "two processes of one name",
        model(made=MODEL.replace("(counter,)),)", '(counter,)), Process("counting", counting, (counter,)))')),
        (
            "ours.py:model failed to make its model in model (ours.py:17): Two processes are named "
            "'counting'; give each a name of its own."
        ),
        of="model",
    ),
    Mistake(
        "a model that is not returned",
        model(made="None"),
        "ours.py:model in model (ours.py:14) returned None; let it return a deadheat.Model.",
        of="model",
    ),
    Mistake(
        "a model that is never made",
        model(made="sum(1 for _ in iter(int, 1))"),
        (
            "ours.py:model failed to make its model: it went on for 1 s in <genexpr> (ours.py:17); the usual"
            " cause is a loop without an end, or without a `yield` in it (DEADHEAT_STEP_SECONDS allows it "
            "more time)."
        ),
        of="model",
    ),
    Mistake(
        "an operation without a value",
        model().replace("(self, value, amount)", "(self)"),
        (
            "ours.py:7 cannot be imported: The operation Counter.add takes (self); let it take self and the "
            "component's value first."
        ),
        of="model",
    ),
    Mistake(
        "an operation of a name that is taken",
        model().replace("def add", "def apply"),
        (
            "ours.py:4 cannot be imported: The operation Counter.apply has a name that every component uses "
            "for itself; give it another."
        ),
        of="model",
    ),
    Mistake(
        "an operation with a star",
        model().replace("value, amount)", "value, *amount)"),
        (
            "ours.py:7 cannot be imported: The operation Counter.add has parameters that are not plain; write"
            " each by its name, without `*`, `**` or `/`."
        ),
        of="model",
    ),
)
