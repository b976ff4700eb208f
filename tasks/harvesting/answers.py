"""Answers of an OAI-PMH repository, read so that a damaged record is told from a whole one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from errors import CatalographError
from models.elements import Harvested, local_name

NAMESPACE = "{http://www.openarchives.org/OAI/2.0/}"
_FATAL = 3

Element = Any


class ProtocolError(CatalographError):
    """The repository refuses the request with an error of the protocol (OAI-PMH 2.0, section 3.6)."""

    def __init__(self, code: str, text: str) -> None:
        self.error = code
        super().__init__(f"The repository answered the error {code}{f': {text}' if text else ''}.")


class BrokenAnswer(CatalographError):
    """The repository sent what is no whole answer of OAI-PMH: try again later, or ask its operators."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A place at which an answer is no XML."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Tree:
    """An answer as a tree, and where that is guessed."""

    root: Element
    damages: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class GivenRecord:
    """One record of a page: `item`, or why there is none. `element` is all that the repository sent of it."""

    element: Element
    item: Harvested | None
    deleted: bool = False
    problem: str = ""
    identifier: str | None = None

    @property
    def text(self) -> str:
        """Its XML."""
        return str(etree.tostring(self.element, encoding="unicode", with_tail=False))


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `token` asks for the next one, `total` is the length of the whole list if that is told."""

    records: tuple[GivenRecord, ...]
    token: str | None
    total: int | None


def read_tree(content: bytes) -> Tree:
    """An answer as a tree. Raises `BrokenAnswer` for what is none or breaks off, `ProtocolError` for a refusal."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise BrokenAnswer(f"The repository sent no XML: {error.msg}.") from None
    damages = tuple(Damage(one.line, one.message) for one in parser.error_log if one.level >= _FATAL)
    if root is None or local_name(root) != "OAI-PMH":
        why = damages[0].message if damages else f"its root is {root.tag}"
        raise BrokenAnswer(f"The repository sent no answer of OAI-PMH: {why.strip()}.")
    if damages and not content.rstrip().endswith(b"OAI-PMH>"):
        raise BrokenAnswer(f"The repository's answer breaks off at line {damages[-1].line}.")
    for refusal in root.iter(f"{NAMESPACE}error"):
        raise ProtocolError(refusal.get("code", "unknown"), (refusal.text or "").strip())
    return Tree(root, damages)


def read_page(tree: Tree) -> Page:
    """The page that a list request has given. Raises `BrokenAnswer` where what is damaged is in no record."""
    elements = list(tree.root.iter(f"{NAMESPACE}record"))
    damaged = dict(_damaged(elements, tree.damages))
    records = tuple(_record(element, damaged.get(place)) for place, element in enumerate(elements))
    token = next(tree.root.iter(f"{NAMESPACE}resumptionToken"), None)
    size = "" if token is None else token.get("completeListSize", "")
    text = "" if token is None else (token.text or "").strip()
    return Page(records, text or None, int(size) if size.isascii() and size.isdigit() else None)


def _damaged(elements: list[Element], damages: tuple[Damage, ...]) -> Iterator[tuple[int, str]]:
    """The places of the records on whose lines something is no XML, and what."""
    lines = [element.sourceline for element in elements]
    for damage in damages:
        begins = max((line for line in lines if line <= damage.line), default=None)
        if begins is None:
            raise BrokenAnswer(f"The repository's answer is no XML at line {damage.line}: {damage.message.strip()}.")
        yield from ((place, damage.message) for place, line in enumerate(lines) if line == begins)


def _record(element: Element, damage: str | None) -> GivenRecord:
    header = element.find(f"{NAMESPACE}header")
    identifier = _text(header, "identifier")
    deleted = header is not None and header.get("status") == "deleted"
    metadata = element.find(f"{NAMESPACE}metadata")
    problem = ""
    if damage:
        problem = f"is no XML: {damage.strip()}"
    elif identifier is None:
        problem = "has no identifier"
    elif metadata is None and not deleted:
        problem = "has no metadata"
    if problem or identifier is None:
        return GivenRecord(element, None, deleted, problem, identifier)
    sets = tuple(filter(None, ((one.text or "").strip() for one in header.iterfind(f"{NAMESPACE}setSpec"))))
    item = Harvested(identifier, _text(header, "datestamp"), sets, metadata)
    return GivenRecord(element, item, deleted, identifier=identifier)


def _text(parent: Element, name: str) -> str | None:
    found = None if parent is None else parent.findtext(f"{NAMESPACE}{name}")
    return found.strip() or None if found else None
