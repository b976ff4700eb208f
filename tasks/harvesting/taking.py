"""What is to be done with the records of a page: written, deleted, or refused; decided without a server."""

from collections.abc import Iterable

from models.harvests import Refused, Taken
from models.mappings import RecordMapping
from tasks.harvesting.answers import GivenRecord

_NO_KEY = "can't be told from others: the mapping finds no {}"


def taken(mapping: RecordMapping, records: Iterable[GivenRecord]) -> Taken:
    """The records of a page as `mapping` sees them, in their order: what is said last of a key counts."""
    page = Taken()
    for record in records:
        if refused := _take(mapping, record, page):
            page.refused.append(refused)
    return page


def _take(mapping: RecordMapping, record: GivenRecord, page: Taken) -> Refused | None:
    """Put a record on the page, or say why it can't be."""
    item, identifier = record.item, record.identifier
    key = mapping.key_of_header(identifier) if identifier else None
    if item is None:
        return Refused(identifier, key, record.problem, record.text)
    if record.deleted:
        page.delete(key, item.identifier)
        return None
    document = mapping.document(item)
    key = mapping.collection.key_of(document)
    if key is None:
        field = mapping.collection.key.field if mapping.collection.key else "key"
        return Refused(identifier, None, _NO_KEY.format(field), record.text)
    page.put(key, item.identifier, document)
    return None
