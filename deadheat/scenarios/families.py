"""Families: places where a role asks several components of one class alike, which are mutated together.

A guard stands in the code once, whichever process runs it and whichever component it is about. So where what can be
changed is the same for each of them, it is changed for all, by one mutant. Where it is not, since outcomes tell of one
component and not of another, each has mutants of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

from deadheat.models.mutations import Change, Mutation, PutOff, RequestSite

__all__ = ["merged"]


def merged(
    changes: Mapping[RequestSite, Sequence[Change]],
    put_off: Mapping[RequestSite, Sequence[Mutation]],
    families: Mapping[RequestSite, Hashable],
) -> tuple[Mutation, ...]:
    """Return all mutations: first the `changes` of each place, and then the steps that are put off."""
    by_family: dict[Hashable, list[RequestSite]] = {}
    for place in changes:
        by_family.setdefault(families[place], []).append(place)
    together = {
        each: _together(members, families[each])
        for members in by_family.values()
        if len(members) > 1 and all(changes[each] == changes[members[0]] for each in members)
        for each in members
    }
    found = [Mutation(together.get(place, place), each) for place in changes for each in changes[place]]
    for members in by_family.values():
        found.extend(_put_off(members, put_off, together))
    return tuple(dict.fromkeys(found))


def _together(members: Sequence[RequestSite], family: Hashable) -> RequestSite:
    assert isinstance(family, tuple)
    return members[0]._replace(component=family[2], instances=tuple(each.component for each in members))


def _put_off(
    members: Sequence[RequestSite],
    put_off: Mapping[RequestSite, Sequence[Mutation]],
    together: Mapping[RequestSite, RequestSite],
) -> Iterator[Mutation]:
    """Yield the steps of one family that are put off: of all members at once, if they are the same."""
    of_each = []
    for member in members:
        until: dict[tuple[RequestSite, object], PutOff] = {}
        for mutation in put_off.get(member, ()):
            assert isinstance(mutation.change, PutOff)
            change = replace(mutation.change, until=together.get(mutation.change.until, mutation.change.until))
            until[change.until, change.meanwhile] = change
        of_each.append(until)
    if members[0] in together and all(each.keys() == of_each[0].keys() for each in of_each):
        for key, change in of_each[0].items():
            looks = tuple(dict.fromkeys(look for each in of_each for look in each[key].looks))
            yield Mutation(together[members[0]], replace(change, looks=looks))
        return
    for member in members:
        yield from put_off.get(member, ())
