"""Mutants of roles that ask for statements of one transaction: the steps that a session takes are those of the role."""

from __future__ import annotations

from deadheat.scenarios.mutants import guards_of

COUNTER = "tests/models/sql_models.py:counter"


def test_the_statements_of_a_session_have_mutants_where_the_role_asks_for_them() -> None:
    guards = guards_of(COUNTER, (("safe", "yes"),))
    found = {str(each.change) for each in guards.mutations}
    sites = {each.place.site for each in guards.mutations}
    assert {each.function for each in sites} == {"increment"}
    assert len({each.line for each in sites}) == 3  # SELECT FOR UPDATE, UPDATE, COMMIT
    assert any("reads without FOR UPDATE" in each for each in found)
    assert guards.never_reached == ()
