"""Answers of repositories are read as far as they are whole, and no further."""

import pytest

from tasks.harvesting.answers import BrokenAnswer, Page, ProtocolError, read_page, read_tree
from tests.acceptance.repository import HEAD, Item, error

END = "</ListRecords>\n</OAI-PMH>\n"
BEGIN = f"{HEAD}<ListRecords>\n"
GOOD = Item("a", "2020-01-01", (("title", "A"),), ("s",))


def page(text: str) -> Page:
    return read_page(read_tree(text.encode()))


def test_a_page_has_its_records_its_token_and_the_length_of_the_list() -> None:
    deleted = Item("b", "2020-01-02", deleted=True)
    token = '<resumptionToken completeListSize="17"> next </resumptionToken>'
    read = page(f"{BEGIN}{GOOD.xml()}{deleted.xml()}{token}{END}")
    assert (read.token, read.total) == ("next", 17)
    assert [(one.identifier, one.deleted, one.problem) for one in read.records] == [("a", False, ""), ("b", True, "")]
    assert read.records[0].item
    assert (read.records[0].item.datestamp, read.records[0].item.sets) == ("2020-01-01", ("s",))


@pytest.mark.parametrize("token", ["", "<resumptionToken/>", "<resumptionToken> </resumptionToken>"])
def test_a_page_without_a_token_is_the_last(token: str) -> None:
    assert page(f"{BEGIN}{GOOD.xml()}{token}{END}").token is None


@pytest.mark.parametrize(
    "raw", ["<dc:title>a \x0b b</dc:title>", "<dc:title>a & b</dc:title>", "<dc:title>a</dc:titel>", "a < b", "&x;"]
)
def test_a_damaged_record_is_told_and_the_others_are_whole(raw: str) -> None:
    damaged, last = Item("b", "2020-01-02", raw=raw), Item("c", "2020-01-03", (("title", "C"),))
    read = page(f"{BEGIN}{GOOD.xml()}{damaged.xml()}{last.xml()}<resumptionToken>t</resumptionToken>{END}")
    assert [(one.identifier, one.item is not None) for one in read.records] == [("a", True), ("b", False), ("c", True)]
    assert read.records[1].problem.startswith("is no XML: ")
    assert "2020-01-02" in read.records[1].text
    assert read.token == "t"


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ("<record><metadata/></record>", "has no identifier"),
        ("<record><header status='deleted'></header></record>", "has no identifier"),
        ("<record><header><identifier>x</identifier></header></record>", "has no metadata"),
    ],
)
def test_what_a_record_lacks_is_told(record: str, problem: str) -> None:
    (read,) = page(f"{BEGIN}{record}{END}").records
    assert (read.item, read.problem) == (None, problem)


@pytest.mark.parametrize("length", [2, 100, 500, 700])
def test_an_answer_that_breaks_off_is_refused(length: int) -> None:
    whole = f"{BEGIN}{GOOD.xml()}{GOOD.xml()}{END}"
    with pytest.raises(BrokenAnswer):
        page(whole[:-length])


@pytest.mark.parametrize("text", ["", "broken xml", "<html/>", f"{BEGIN}a < b{END}"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(BrokenAnswer):
        page(text)


def test_a_refusal_is_told_with_its_code_and_its_text() -> None:
    with pytest.raises(ProtocolError) as raised:
        page(error("badArgument", " from is no date "))
    assert raised.value.error == "badArgument"
    assert str(raised.value) == "The repository answered the error badArgument: from is no date."


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    start, _, rest = BEGIN.partition("?>")
    text = f"{start}?>{bomb}{rest}{Item('a', '2020', raw='<dc:title>&b;&f;</dc:title>').xml()}{END}"
    (record,) = page(text).records
    assert record.item
    assert record.item.texts("title", ("title",)) == ["&b;&f;"]
