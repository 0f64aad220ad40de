"""The keys that an act names: read, each once, and remembered for what a refusal about them costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g

from api.current import services
from api.refusals import Fault, KeysRepeated
from api.schemas.keys import OneOrMany, OneOrManyOrAny, ShownKey, read_all
from api.schemas.orders import NewOrder
from provenance.core.keyformats import CardKey
from provenance.errors import InputRefused
from provenance.services import naming
from provenance.services.lawbook import KeyRef


def named(body: OneOrMany) -> list[KeyRef]:
    """The keys of *body*; raises :class:`KeysUnreadable`, :class:`KeysRepeated`."""
    pointer = "/key" if body.is_single else "/keys"
    return each_once(body.references, [pointer] if body.is_single else _pointers(pointer, body.references))


def candidates(body: OneOrManyOrAny | NewOrder) -> list[KeyRef]:
    """The keys of ``any_of``; raises as :func:`named`."""
    g.keys_pointer = "/any_of"
    references = body.any_of or []
    return each_once(references, _pointers("/any_of", references))


def listed(references: Sequence[Any]) -> list[KeyRef]:
    """The keys of a list of its own, ``keys``; raises as :func:`named`."""
    return each_once(references, _pointers("/keys", references))


def shown(references: Sequence[ShownKey], pointers: Sequence[str] | None = None) -> list[CardKey]:
    """The same for keys that are shown whole, at *pointers* if not in ``keys``: no place stands for one."""
    refs = listed(references) if pointers is None else each_once(references, pointers)
    return [ref for ref in refs if isinstance(ref, CardKey)]


def each_once(references: Sequence[Any], pointers: Sequence[str]) -> list[KeyRef]:
    """The keys that stand at *pointers*; raises as :func:`named`."""
    refs = read_all(references, pointers)
    g.named = refs
    repeated = naming.repeats(services().context, refs) if len(refs) > 1 else []
    if repeated:
        if not any(one.by_look for one in repeated):
            # The request alone shows it: nothing was learnt of the registry.
            g.named = []
        raise KeysRepeated([_fault(one, pointers) for one in repeated])
    return refs


def _pointers(pointer: str, references: Sequence[Any]) -> list[str]:
    return [f"{pointer}/{position}" for position in range(len(references))]


def _fault(one: naming.Repeat, pointers: Sequence[str]) -> Fault:
    first = pointers[one.first]
    return Fault(
        pointers[one.position],
        InputRefused("this key is named already; take it out here", code="duplicate_key", first=first),
    )
