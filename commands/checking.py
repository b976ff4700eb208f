"""`catalograph schema check`: whether collection files and trusted documents are right."""

from collections.abc import Sequence
from pathlib import Path

from commands.choosing import chosen
from config import settings_without_servers
from models.collections.loading import Catalog
from schema.build import build_schema
from schema.endpoint.documents import DocumentLimits, Documents
from schema.endpoint.trusted import trusted_documents


def run_check(catalog: Catalog, names: Sequence[str], documents: Path | None) -> list[str]:
    """A line for each file that is right. Raises `DocumentErrors`, which names everything wrong with trusted documents.

    Collections of `names` must be there. The limits that documents must keep to are those of the environment.
    """
    schema = build_schema(catalog)
    for name in names:
        chosen(catalog, name)
    told = [f"{one.file}: {one.name} is right" for one in catalog]
    if documents:
        settings = settings_without_servers()
        checked = Documents(schema, DocumentLimits.of(settings), introspection=settings.introspection)
        told.append(f"{documents}: {len(trusted_documents(documents, checked))} documents are right")
    return told
