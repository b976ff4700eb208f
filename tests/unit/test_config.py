"""A setting that is missing, wrong or unknown is named at start-up, all of them at once."""

import pytest

from config import load_settings
from errors import SettingsError

GIVEN = {
    "CATALOGRAPH_COLLECTIONS": "collections",
    "CATALOGRAPH_DATABASE_URL": "postgresql://127.0.0.1/catalograph",
    "CATALOGRAPH_ELASTICSEARCH_URL": "http://a:9200,https://b:9200",
    "CATALOGRAPH_REDIS_URL": "redis://127.0.0.1/0",
    "CATALOGRAPH_BROKER_URL": "amqp://127.0.0.1//",
    "CATALOGRAPH_SECRET": "s" * 16,
}


def test_right_settings_are_taken() -> None:
    assert load_settings(environment=GIVEN).elasticsearch_url == GIVEN["CATALOGRAPH_ELASTICSEARCH_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://127.0.0.1/catalograph"),
        ("DATABASE_URL", "catalograph"),
        ("DATABASE_URL", "postgresql://localhost:port/catalograph"),
        ("ELASTICSEARCH_URL", "127.0.0.1:9200"),
        ("ELASTICSEARCH_URL", "http://a:9200,b:9200"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("BROKER_URL", "kafka://127.0.0.1"),
    ],
)
def test_an_address_of_another_kind_of_server_is_refused_with_what_is_right(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^CATALOGRAPH_{name} is wrong: .*, as `.*://"):
        load_settings(environment=GIVEN | {f"CATALOGRAPH_{name}": value})


def test_an_interval_that_elasticsearch_can_not_read_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^CATALOGRAPH_REFRESH_INTERVAL is wrong"):
        load_settings(environment=GIVEN | {"CATALOGRAPH_REFRESH_INTERVAL": "banana"})


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {**GIVEN, "CATALOGRAPH_SECRET": "short", "CATALOGRAPH_MAX_FRIST": "5"}
    del wrong["CATALOGRAPH_BROKER_URL"]
    with pytest.raises(SettingsError) as caught:
        load_settings(environment=wrong)
    assert [line.split(" ")[0] for line in caught.value.message.splitlines()] == [
        "CATALOGRAPH_MAX_FRIST",
        "CATALOGRAPH_BROKER_URL",
        "CATALOGRAPH_SECRET",
    ]
