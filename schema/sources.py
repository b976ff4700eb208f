"""Sources in the schema: their types, and the fields that list, make, change, forget and harvest them."""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLString,
)

from models.sources import Source, SourceKind
from models.tasks import Task
from resolvers import sources
from resolvers.paging import Page
from resolvers.tasks import Asked
from schema.info import Info
from schema.outputs import listed, page_arguments, required
from schema.registry import Registry
from schema.scalars import DATE_TIME, JSON

_KINDS = {
    SourceKind.OAI_PMH: "A repository that is asked over OAI-PMH 2.0.",
    SourceKind.NDJSON: "A file of records, one JSON object a line, plain or gzip.",
}
_NAME = "What people call it."
_COLLECTION = "The collection that its records go to."
_KIND = "How it gives its records."
_URL = "Its address: the base URL of a repository, or that of a file."
_PREFIX = "The format in which a repository gives metadata; oai_dc if absent."
_SET = "The set of a repository that is harvested alone."
_SCHEDULE = "When it is harvested: a cron line, in UTC or in the zone behind it, as in 0 3 * * * Europe/London."
_MAPPING = (
    'Which property is taken from where: {"title": "title", "subjects": "subject", "authors[].name": "creator"}. '
    "@identifier, @datestamp and @set are of the header, other names those of elements, without prefix. If absent, the "
    "key is the identifier, and the other properties are the elements of their names."
)
_WINDOW = {
    "from": GraphQLArgument(DATE_TIME, description="What was changed then or later; absent: since the last harvest."),
    "until": GraphQLArgument(DATE_TIME, description="What was changed then or earlier."),
}


class SourceFields:
    """Makes the fields of the roots that have to do with sources; `task` and `task_payload` are types."""

    def __init__(self, registry: Registry, task: Any, task_payload: Any) -> None:
        self._registry = registry
        self._task = task
        self._task_payload = task_payload

    def queries(self) -> dict[str, GraphQLField]:
        async def page(_: Any, info: Info, first: int | None = None, after: str | None = None) -> Page[Source]:
            return await sources.page_of_sources(info.context, first, after)

        connection = self._registry.connection("Source", self._source, "Sources, newest first.")
        title = "Where records are harvested from, newest first; for `admin` alone."
        arguments = page_arguments(backward=False)
        return {"sources": GraphQLField(required(connection), arguments, page, description=title)}

    def mutations(self) -> dict[str, GraphQLField]:
        async def harvest(_: Any, info: Info, source: str, **window: str | None) -> Asked:
            return await sources.harvest(info.context, source, window.get("from"), window.get("until"))

        id_ = GraphQLArgument(required(GraphQLID), description="The source's id.")
        payload = required(self._payload)
        return {
            "createSource": GraphQLField(
                payload,
                {"input": GraphQLArgument(required(self._input), description="The new source.")},
                lambda _, info, input: sources.create(info.context, input),  # noqa: A006
                description="Make a source.",
            ),
            "updateSource": GraphQLField(
                payload,
                {"id": id_, "patch": GraphQLArgument(required(self._patch), description="What to change.")},
                lambda _, info, id, patch: sources.update(info.context, id, patch),  # noqa: A006
                description="Change a source. The next harvest is a whole one, unless only name or schedule change.",
            ),
            "deleteSource": GraphQLField(
                payload,
                {"id": id_},
                lambda _, info, id: sources.delete(info.context, id),  # noqa: A006
                description="Forget a source; the records that came from it stay.",
            ),
            "harvest": GraphQLField(
                required(self._task_payload),
                {"source": id_, **_WINDOW},
                harvest,
                description="Take what a source has, or what was changed there.",
            ),
        }

    @property
    def _payload(self) -> Any:
        fields = {
            "source": GraphQLField(self._source, description="The source as it stands; null if it was not changed."),
            "errors": GraphQLField(
                required(listed(self._registry.user_error)), description="Why nothing was changed; empty if it was."
            ),
        }
        title = "What became of a change of a source."
        return self._registry.once(
            "SourcePayload", lambda: GraphQLObjectType("SourcePayload", fields, description=title)
        )

    @property
    def _kind(self) -> Any:
        values = {kind.value: GraphQLEnumValue(kind.value, description=text) for kind, text in _KINDS.items()}
        return self._registry.once("SourceKind", lambda: GraphQLEnumType("SourceKind", values, description=_KIND))

    @property
    def _source(self) -> Any:
        fields = {
            "id": _field(required(GraphQLID), sources.source_id, "Names the source."),
            "name": _field(required(GraphQLString), lambda source: source.values.name, _NAME),
            "collection": _field(required(GraphQLString), lambda source: source.values.collection, _COLLECTION),
            "kind": _field(required(self._kind), lambda source: source.values.kind, _KIND),
            "url": _field(required(GraphQLString), lambda source: source.values.url, _URL),
            "metadataPrefix": _field(GraphQLString, sources.metadata_prefix, _PREFIX),
            "set": _field(GraphQLString, lambda source: source.values.set, _SET),
            "schedule": _field(GraphQLString, lambda source: source.values.schedule, _SCHEDULE),
            "mapping": _field(JSON, lambda source: source.values.mapping, _MAPPING),
            "createdAt": _field(required(DATE_TIME), lambda source: source.created_at.isoformat(), "When it was made."),
            "updatedAt": _field(
                required(DATE_TIME), lambda source: source.updated_at.isoformat(), "When it was changed last."
            ),
            "harvestedAt": _field(
                DATE_TIME,
                lambda source: source.harvested_at and source.harvested_at.isoformat(),
                "When the last harvest began that ended SUCCEEDED or PARTIAL: the next one begins there.",
            ),
            "lastHarvest": GraphQLField(
                self._task, resolve=_last_harvest, description="The newest task that harvests it, whatever its state."
            ),
        }
        title = "Where records of a collection are harvested from."
        return self._registry.once("Source", lambda: GraphQLObjectType("Source", fields, description=title))

    @property
    def _input(self) -> Any:
        fields = self._input_fields(required)
        return self._registry.once("SourceInput", lambda: GraphQLInputObjectType("SourceInput", fields, "A source."))

    @property
    def _patch(self) -> Any:
        fields = self._input_fields(lambda type_: type_)
        title = "A merge patch of a source: absent stays, null removes."
        return self._registry.once("SourcePatch", lambda: GraphQLInputObjectType("SourcePatch", fields, title))

    def _input_fields(self, needed: Callable[[Any], Any]) -> dict[str, GraphQLInputField]:
        return {
            "name": GraphQLInputField(needed(GraphQLString), description=_NAME),
            "collection": GraphQLInputField(needed(self._registry.scalar("CollectionName")), description=_COLLECTION),
            "kind": GraphQLInputField(needed(self._kind), description=_KIND),
            "url": GraphQLInputField(needed(GraphQLString), description=_URL),
            "metadataPrefix": GraphQLInputField(GraphQLString, description=_PREFIX),
            "set": GraphQLInputField(GraphQLString, description=_SET),
            "schedule": GraphQLInputField(GraphQLString, description=_SCHEDULE),
            "mapping": GraphQLInputField(JSON, description=_MAPPING),
        }


async def _last_harvest(source: Source, info: Info) -> Task | None:
    found: Task | None = await info.context.last_harvests.load(source.id)
    return found


def _field(type_: Any, get: Callable[[Source], Any], title: str) -> GraphQLField:
    return GraphQLField(type_, resolve=lambda source, _: get(source), description=title)
