"""Records made up by chance, the same in every run."""

from collections.abc import Iterator
from random import Random
from typing import Any

Json = Any
WORDS = ["Éire", "eire", "Zebra", "ångström", "Weiß", "straße", "ﬁne", "a b", "", "x", "X", "10", "true"]
WORD_COUNT = 100_000
GROUP_COUNT = 700


def holders() -> list[dict[str, Json]]:
    return [
        {"code": "north", "city": "Århus", "floor": 1},
        {"code": "south", "city": "arles", "floor": 2},
        {"code": "west", "city": None},
        {"code": "east", "city": "Århus", "floor": 2},
    ]


def entries(count: int = 300) -> list[dict[str, Json]]:
    chance = Random(7)
    return [_entry(chance, number) for number in range(count)]


def _entry(chance: Random, number: int) -> dict[str, Json]:
    def perhaps(value: Json) -> Json:
        return value if chance.random() < 0.8 else None

    def some(make: Any, most: int = 3) -> list[Json]:
        return [make() for _ in range(chance.randint(0, most))]

    def word() -> str:
        return chance.choice(WORDS)

    def day() -> str:
        return f"{chance.choice([1899, 1969, 2023, 2024])}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"

    def moment() -> str:
        offset = chance.choice(["Z", "+02:00", "-11:00"])
        day_and_hour = chance.choice(
            ["2024-03-31T00", "2024-03-31T01", "2024-10-27T01", "2024-12-31T23", "1969-07-20T20"]
        )
        return f"{day_and_hour}:{chance.randint(0, 59):02}:00.{chance.randint(0, 999_999):06}{offset}"

    def part() -> dict[str, Json]:
        return {
            "kind": perhaps(word()),
            "size": perhaps(chance.randint(-7, 12)),
            "made": perhaps(day()),
            "words": perhaps(word()),
            "marks": some(lambda: chance.randint(0, 3)),
            "layers": some(lambda: {"name": perhaps(word())}, 2),
        }

    return {
        "code": f"e{number:04}",
        "label": perhaps(word()),
        "note": perhaps(word()),
        "topic": perhaps(word()),
        "state": perhaps(chance.choice(["new", "in-use", "2nd hand"])),
        "sound": perhaps(chance.random() < 0.5),
        "amount": perhaps(chance.randint(-20, 20)),
        "level": perhaps(chance.randint(0, 14)),
        "big": perhaps(chance.choice([2**53 + 1, 2**53, -(2**62) - 1, 5])),
        "ratio": perhaps(chance.randint(-8, 8) / 4),
        "made": perhaps(day()),
        "seen": perhaps(day()),
        "at": perhaps(moment()),
        "scores": some(lambda: chance.randint(0, 30)),
        "tags": some(lambda: perhaps(word())),
        "days": some(day),
        "box": perhaps({"colour": perhaps(word()), "weight": perhaps(chance.randint(0, 9) / 2)}),
        "parts": some(part),
        "holder": perhaps(chance.choice(["north", "south", "west", "east", "gone"])),
        "helpers": some(lambda: chance.choice(["north", "south", "west", "gone"])),
        "price": perhaps(chance.randint(0, 50)),
    }


def words() -> Iterator[dict[str, Json]]:
    chance = Random(11)
    for number in range(WORD_COUNT):
        text = f"{chance.choice(['Größe', 'grosse', 'Café', 'CAFE', 'naïve', 'plain'])} {number:x}"
        group = f"g{chance.randrange(GROUP_COUNT):04}"
        yield {"number": number, "text": text, "title": text, "size": number % 60_000, "group": group}
