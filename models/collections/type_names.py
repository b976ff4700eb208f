"""The names of the GraphQL types that a collection makes, so that no two types have one name."""

from models.collections.kinds import SCALARS

RESERVED_NAMES = frozenset(
    """
    Query Mutation Subscription Node Record Collection CollectionName Source Token User Viewer Via Task Schedule Health
    Revision RevisionEdge RevisionConnection Suggestion Highlight PageInfo UserError TermFacet TermBucket HistogramFacet
    RangeBucket DateHistogramFacet DateBucket FacetOrder Boolean Int Float String ID Long Date DateTime URI Email UUID
    JSON GeoPoint GeoPointInput GeoNear GeoBox GeoOrder GeoFilter Direction Visibility
    Search SearchConnection SearchEdge CollectionCount RecordChange ChangeOperation DeadLetter DeadLetterConnection
    DeadLetterEdge DeadLetterPayload
    TaskState TaskKind TaskName TaskProgress TaskError TaskErrorConnection TaskErrorEdge TaskConnection TaskEdge
    TaskPayload
    SourceKind SourceInput SourcePatch SourcePayload
    SourceConnection SourceEdge TokenInput TokenPayload SignInPayload
    NumberStats LongStats DateStats DateTimeStats StringStats ValueStats CalendarInterval
    """.split()
) | {f"{kind.name}{filter_}" for kind in SCALARS for filter_ in ("Filter", "ListFilter")}
"""Names of types and of operations (`createSource`) that are there without any collection."""

OF_AN_OBJECT = ("", "Filter", "ElementFilter", "Order", "Facets", "Stats", "Input", "Patch")
OF_GROUPS = ("GroupField", "GroupInterval", "GroupConnection", "GroupEdge", "GroupBucket")
OF_A_RECORD = (*OF_AN_OBJECT, "Connection", "Edge", "Payload", *OF_GROUPS)
OF_AN_ENUM = ("", "Filter", "ListFilter")


class TypeNames:
    """Gives out the names of one collection's types, each with all that is made from it."""

    def __init__(self, root: str) -> None:
        self.own = {f"{root}{ending}" for ending in OF_A_RECORD}

    def new(self, wanted: str, endings: tuple[str, ...] = OF_AN_OBJECT) -> str:
        """`wanted`, or with `_` behind it what no other type is called."""
        while any(name in self.own or name in RESERVED_NAMES for name in (f"{wanted}{ending}" for ending in endings)):
            wanted += "_"
        self.own.update(f"{wanted}{ending}" for ending in endings)
        return wanted
