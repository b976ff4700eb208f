"""What `up` writes down for its parts and for later commands."""

import os
import stat
from pathlib import Path

import pytest

from config import load_settings
from deploy.local.data_folder import DataFolder
from deploy.local.settings_file import given_settings, write_settings
from deploy.local.up import UpOptions
from errors import EmbeddedServerError, SettingsError


def test_settings_of_the_environment_reach_the_parts() -> None:
    settings = given_settings({"CATALOGRAPH_MAX_FIRST": "50", "HOME": "/"}, {"collections": "/c"})
    assert settings.items() >= {"max_first": "50", "collections": "/c"}.items()


def test_an_address_of_the_environment_never_replaces_an_embedded_server() -> None:
    foreign = {"CATALOGRAPH_DATABASE_URL": "postgresql://elsewhere/db", "CATALOGRAPH_BROKER_URL": "amqp://elsewhere"}
    assert not {"database_url", "broker_url"} & given_settings(foreign, {"collections": "/c"}).keys()


def test_an_unknown_setting_is_named_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match=r"CATALOGRAPH_MAX_FRIST .*did you mean CATALOGRAPH_MAX_FIRST"):
        given_settings({"CATALOGRAPH_MAX_FRIST": "50"}, {"collections": "/c"})


def test_other_commands_read_what_up_wrote(tmp_path: Path) -> None:
    addresses = {
        "database_url": "postgresql://catalograph:p@127.0.0.1:1/catalograph",
        "elasticsearch_url": "http://127.0.0.1:2",
        "redis_url": "redis://127.0.0.1:3/0",
        "broker_url": "redis://127.0.0.1:3/1",
        "secret": "s" * 40,
    }
    with DataFolder(tmp_path) as data:
        write_settings(data, given_settings({}, {"collections": "/c"}) | addresses)
    settings = load_settings(tmp_path, environment={})
    assert {name: getattr(settings, name) for name in addresses} == addresses
    assert stat.S_IMODE((tmp_path / "settings.env").stat().st_mode) == 0o600


def test_a_secret_is_made_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    first = data.secret("admin-token")
    assert len(first) >= 32
    assert DataFolder(tmp_path).secret("admin-token") == first
    assert stat.S_IMODE((tmp_path / "admin-token").stat().st_mode) == 0o600


def test_a_given_secret_replaces_the_kept_one(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    data.secret("admin-token")
    assert data.secret("admin-token", "given") == "given"
    assert data.secret("admin-token") == "given"


def test_a_data_folder_in_use_names_folder_and_process(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path),
        pytest.raises(EmbeddedServerError, match=f"{tmp_path} is in use by process {os.getpid()}"),
    ):
        DataFolder(tmp_path).__enter__()
    with DataFolder(tmp_path):
        pass


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedServerError, match=f"{file} can't be used"):
        DataFolder(file).__enter__()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/graphql"),
        ("0.0.0.0", "http://127.0.0.1:8000/graphql"),
        ("::", "http://[::1]:8000/graphql"),
    ],
)
def test_the_printed_address_can_be_opened_here(host: str, url: str) -> None:
    assert UpOptions(Path("/c"), host=host).url == url
