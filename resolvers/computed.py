"""The values of computed fields: those of all records of one tick by one call of the extension's function."""

import inspect
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from errors import CatalographError
from models.collections.extras import Computed
from resolvers.loading import Loader
from resolvers.nodes import Node

if TYPE_CHECKING:
    from resolvers.context import Context


class ComputedWrong(CatalographError):
    """A computed field of an extension did not give a value for each record: correct its function."""


class Asked:
    """A record of which a value is asked for; each is told from all others."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node


class ComputedValues(Loader[Asked, Any]):
    """The values of one computed field in one request."""

    def __init__(self, ctx: "Context", computed: Computed) -> None:
        super().__init__()
        self._ctx = ctx
        self._computed = computed

    async def look_up(self, keys: list[Asked]) -> Mapping[Asked, Any]:
        if not all(map(self._ctx.may_see, self._computed.guarded)):
            return dict.fromkeys(keys)
        values = await self._values([_with_these_alone(one.node, self._computed.names) for one in keys])
        if not isinstance(values, list | tuple) or len(values) != len(keys):
            gave = f"{len(values)} values" if isinstance(values, list | tuple) else type(values).__name__
            raise ComputedWrong(
                f"{self._computed.code} gave {gave} for {len(keys)} records.", "Give a list of as many."
            )
        return dict(zip(keys, values, strict=True))

    async def _values(self, records: list[Node]) -> Sequence[Any]:
        function = self._computed.code.function
        made = function(records, self._ctx) if self._computed.asks else function(records)
        values: Sequence[Any] = await made if inspect.isawaitable(made) else made
        return values


def _with_these_alone(node: Node, names: Sequence[str]) -> Node:
    """A record without all other properties, so that the same is computed wherever it was read; a copy of it, which the
    function may change while other requests have the same.
    """
    return node._replace(data={name: deepcopy(node.data[name]) for name in names if name in node.data})
