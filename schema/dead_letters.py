"""Dead letters in the schema: their types, and the fields that list, retry and drop them."""

from typing import Any

from graphql import GraphQLArgument, GraphQLField, GraphQLID, GraphQLInt, GraphQLObjectType, GraphQLString

from models.deadletters import DeadLetter
from resolvers import dead_letters
from resolvers.paging import Page
from schema.endpoint.costs import COUNTED_BY
from schema.info import Info
from schema.outputs import listed, page_arguments, required
from schema.registry import Registry
from schema.scalars import DATE_TIME


class DeadLetterFields:
    """Makes the fields of the roots that have to do with dead letters."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def queries(self) -> dict[str, GraphQLField]:
        async def page(
            _: Any, info: Info, collection: str | None = None, first: int | None = None, after: str | None = None
        ) -> Page[DeadLetter]:
            return await dead_letters.page_of_letters(info.context, collection, first, after)

        names = GraphQLArgument(self._registry.scalar("CollectionName"), description="Of one collection alone.")
        arguments = {"collection": names, **page_arguments(backward=False)}
        connection = self._registry.connection("DeadLetter", self._letter, "Dead letters, newest first.")
        title = "What could not be imported, indexed or told, newest first; for `admin` alone."
        return {"deadLetters": GraphQLField(required(connection), arguments, page, description=title)}

    def mutations(self) -> dict[str, GraphQLField]:
        ids = {"ids": GraphQLArgument(required(listed(GraphQLID)), description="The letters, 1,000 at most.")}
        payload = required(self._payload)
        return {
            "retryDeadLetters": GraphQLField(
                payload,
                ids,
                lambda _, info, ids: dead_letters.retry(info.context, ids),
                description="Do the work of dead letters once more; those that fail again have an attempt more.",
                extensions={COUNTED_BY: "ids"},
            ),
            "dropDeadLetters": GraphQLField(
                payload,
                ids,
                lambda _, info, ids: dead_letters.drop(info.context, ids),
                description="Forget dead letters.",
                extensions={COUNTED_BY: "ids"},
            ),
        }

    @property
    def _letter(self) -> Any:
        def fields() -> dict[str, GraphQLField]:
            text, maybe = required(GraphQLString), GraphQLString
            return {
                "id": GraphQLField(
                    required(GraphQLID),
                    resolve=lambda letter, _: dead_letters.letter_id(letter),
                    description="Names the letter.",
                ),
                "collection": GraphQLField(text, description="The record's collection."),
                "key": GraphQLField(maybe, description="The record's key, if it is known."),
                "operation": GraphQLField(text, description="IMPORT, INDEX, or HOOK of an extension: what failed."),
                "reason": GraphQLField(text, description="Why it failed."),
                "payload": GraphQLField(text, description="The text that was not taken, or its beginning."),
                "attempts": GraphQLField(required(GraphQLInt), description="How often it was tried."),
                "lastAttemptAt": GraphQLField(
                    required(DATE_TIME),
                    resolve=lambda letter, _: letter.last_attempt_at.isoformat(),
                    description="When it was tried last.",
                ),
            }

        title = "Work on one record that failed for good."
        return self._registry.once("DeadLetter", lambda: GraphQLObjectType("DeadLetter", fields, description=title))

    @property
    def _payload(self) -> Any:
        def fields() -> dict[str, GraphQLField]:
            return {
                "deadLetters": GraphQLField(
                    required(listed(self._letter)), description="Those of the letters that are still there."
                ),
                "errors": GraphQLField(
                    required(listed(self._registry.user_error)), description="Which ids are those of no letter."
                ),
            }

        title, name = "What became of dead letters.", "DeadLetterPayload"
        return self._registry.once(name, lambda: GraphQLObjectType(name, fields, description=title))
