"""JSON Merge Patch (RFC 7396): applying one, finding the one between two documents, and comparing documents."""

from collections.abc import Mapping
from typing import Any

Json = Any


def merge_patch(target: Json, patch: Json) -> Json:
    """`target` with `patch` applied as RFC 7396 says: `null` removes, objects are merged, all else replaces.

    Neither argument is changed; the result may share parts with both.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def merge_document(current: Json, document: Json) -> Json:
    """`current` with a whole document merged over it, as an upsert does.

    As `merge_patch`, but a `null` is a value of the document: it stands where `current` has a value, so that the
    same document upserted again changes nothing. A `null` for what `current` lacks adds nothing.
    """
    if not isinstance(document, Mapping) or not isinstance(current, Mapping):
        return document
    merged = dict(current)
    for name, value in document.items():
        if name in current:
            merged[name] = merge_document(current[name], value)
        elif value is not None:
            merged[name] = value
    return merged


def patch_between(old: Json, new: Json) -> Json:
    """The smallest merge patch that turns `old` into `new`, where a `null` member and an absent one are the same."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return _without_nulls(new)
    patch = {name: None for name, value in old.items() if value is not None and new.get(name) is None}
    for name, value in new.items():
        if value is not None and not same(old.get(name), value):
            patch[name] = patch_between(old.get(name), value)
    return patch


def same(one: Json, other: Json) -> bool:
    """Whether two documents are the same JSON: `1` and `1.0` are, `1` and `true` are not."""
    if one != other:
        return False
    return _same_kinds(one, other)


def _same_kinds(one: Json, other: Json) -> bool:
    # Of a document that was changed nearly all is the very same.
    if one is other:
        return True
    # Python says 1 == True, also deep inside; everything else that is equal is the same JSON.
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    if isinstance(one, Mapping):
        return all(_same_kinds(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return all(map(_same_kinds, one, other))
    return True


def _without_nulls(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
