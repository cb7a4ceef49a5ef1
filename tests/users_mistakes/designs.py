"""Mistakes in a design: in its components, roles and properties, and in how it is made."""

from __future__ import annotations

from tests.users_mistakes.files import Mistake, design

__all__ = ["EVERY"]

EVERY = (
    Mistake(
        "an operation without a key",
        design().replace("value: int, order: str", "value: int").replace("book(order)", "book()"),
        (
            "The process 'shop/order1' failed after 0 outcomes in place (ours.py:15): Ledger is keyed, and "
            "its operation takes no key; let it take that first, behind the value."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a component of a design without its name",
        design().replace(
            "    @operation\n", "    def __init__(self, name):\n        self.start = 1\n\n    @operation\n"
        ),
        ("ours.py:24 cannot be imported: a Ledger has no name; call super().__init__(name) in Ledger.__init__."),
        of="DESIGN",
    ),
    # Designs
    Mistake(
        "a misspelt component of a design",
        design("yield shop.leger.book(order)"),
        (
            "The process 'shop/order1' failed after 0 outcomes in place (ours.py:15): Shop has no 'leger'; "
            "did you mean ledger?"
        ),
        of="DESIGN",
    ),
    Mistake(
        "a key that there is not",
        design('yield shop.ledger.book("order9")'),
        (
            "The process 'shop/order1' asks for ledger/order9.book(order9) in place (ours.py:15): There is no"
            " component 'ledger/order9'; did you mean ledger/order1?"
        ),
        of="DESIGN",
    ),
    Mistake(
        "a role of too many parameters in a design",
        design(roles='(one("shop", place),)'),
        (
            "The role of the process 'shop' cannot begin: The role place (ours.py:14) takes (shop, order), "
            "and is given (Shop); let it take as many."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a role of a design that was called",
        design(roles='(one("shop", place(1, 2)),)'),
        (
            "ours.py:21 cannot be imported: The role 'shop' has no function but a generator; give it a "
            "generator function."
        ),
        of="DESIGN",
    ),
    Mistake(
        "roles without a comma",
        design(roles='(one_each("shop", place))'),
        (
            "ours.py:21 cannot be imported: The roles of the design 'ours' are no tuple but a Role; write a "
            "tuple of roles, such as one('relay', relay)."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a crash of another kind",
        design(roles='(one_each("shop", place, crashes=(Crash("worker-crash"),)),)'),
        (
            "ours.py:21 cannot be imported: Among the crashes of the role 'shop' is a Crash; write a tuple of"
            " what crash(...) returns."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a crash by a fault that nobody declares",
        design(roles='(one_each("shop", place, crashes=(crash("relay-crash"),)),)'),
        (
            "ours.py:21 cannot be imported: There is no fault 'relay-crash'; did you mean worker-crash or "
            "cancel-crash or cleanup-crash? A fault of your own is declared as Fault('relay-crash', meaning, "
            "source)."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a component of a design by its class",
        design(ledger="ledger: Ledger = Ledger"),
        ("ours.py:21 cannot be imported: The component 'ledger' of Shop is a class; write Ledger('ledger')."),
        of="DESIGN",
    ),
    Mistake(
        "a component of another name than its field",
        design(ledger='ledger: Ledger = Ledger("leger")'),
        ("ours.py:21 cannot be imported: The component 'ledger' of Shop is named 'leger'; name it as its field."),
        of="DESIGN",
    ),
    Mistake(
        "components that are no dataclass",
        design(shop="class Shop(Components):\n"),
        ("ours.py:21 cannot be imported: Shop.ledger is no field yet; write @dataclass(frozen=True) above Shop."),
        of="DESIGN",
    ),
    Mistake(
        "a property of a component that a design has not",
        design(claim="def low(leger: int) -> bool:\n    return leger > 3"),
        (
            "ours.py:21 cannot be imported: The property 'low' (ours.py:17) cannot be asked: there is no "
            "component 'leger'; did you mean ledger or order?"
        ),
        of="DESIGN",
    ),
    Mistake(
        "a property of a design that says a number",
        design(claim="def low(ledger: int) -> int:\n    return ledger + 3"),
        ("The property 'low' returned an int in low (ours.py:17); return what is wrong in a phrase, or None."),
        of="DESIGN",
    ),
    Mistake(
        "an expectation of a property that there is not",
        design(more=', expects={"lowe": "holds"}'),
        ("ours.py:21 cannot be imported: There is no property of the design 'ours' named 'lowe'; did you mean low?"),
        of="DESIGN",
    ),
    Mistake(
        "two labels at one instant",
        design("yield atomically(A1(shop.ledger.book(order)), A2(shop.ledger.book(order)))").replace(
            "DESIGN =", 'A1, A2 = Label("A1", "one"), Label("A2", "other")\nDESIGN ='
        ),
        (
            "The process 'shop/order1' failed after 0 outcomes in place (ours.py:15): atomically(...) was given the "
            "labels A1 and A2; what happens at one instant is one step, so put one label on it."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a request that is delegated to",
        design("yield from shop.ledger.book(order)"),
        (
            "The process 'shop/order1' failed after 0 outcomes in place (ours.py:15): one request was taken for "
            "several; write `yield` before it, without `from`."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a role that raises StopIteration",
        design("yield shop.ledger.book(order)\nraise StopIteration"),
        (
            "The process 'shop/order1' failed after 1 outcome in place (ours.py:16): it raised StopIteration; write "
            "`return` in its place."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a role on a node of too few parameters",
        design(more=', nodes=(Node("pod", ("shop",), (crash("worker-crash"),)),)').replace(
            "def place(shop, order):", "def place(shop):\n    order = 'order1'"
        ),
        (
            "The role of the process 'shop/order1' cannot begin: The role place (ours.py:14) takes (shop), and is "
            "given (Shop, str); let it take as many."
        ),
        of="DESIGN",
    ),
    Mistake(
        "a property of a design that asserts",
        design(claim='def low(ledger: int) -> bool:\n    assert ledger < 1, "booked"\n    return False'),
        (
            "The property 'low', which is to return what is wrong and to assert nothing, failed in low (ours.py:19): "
            "AssertionError('booked').\n"
            '  ours.py:19, in low: assert ledger < 1, "booked"\n'
            "It comes to that so:\n"
            "   1  shop/order1  ledger/order1.book(order1) -> None"
        ),
        of="DESIGN",
    ),
)
