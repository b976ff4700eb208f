"""What a resolver is told of its field."""

from typing import Any

from graphql import GraphQLResolveInfo

Info = GraphQLResolveInfo[Any]
