"""`settings.env`: the settings of a running system, for its own parts and for every command with `--data`."""

from collections.abc import Mapping

from config import NO_SERVERS, PREFIX, SETTINGS_FILE, Settings, load_settings
from deploy.local.data_folder import DataFolder

OWN_SERVERS = frozenset(NO_SERVERS)
_ALWAYS = {"allow_private_urls": "true"}


def given_settings(environment: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The settings that parts are to have beside the addresses of their servers, by field name.

    `given` goes before the environment. Raises `SettingsError` naming each that is unknown or wrong.
    """
    named = {k.removeprefix(PREFIX).lower(): v for k, v in environment.items() if k.startswith(PREFIX)}
    always = {name: value for name, value in _ALWAYS.items() if name in Settings.model_fields}
    settings = {k: v for k, v in (always | named | dict(given)).items() if k not in OWN_SERVERS}
    load_settings(environment=_as_variables(NO_SERVERS | {"secret": "x" * 32} | settings))
    return settings


def write_settings(data: DataFolder, settings: Mapping[str, str]) -> dict[str, str]:
    """Write `settings.env`, readable by its owner only; the variables that it holds."""
    variables = _as_variables(settings)
    lines = "".join(f"{name}={value}\n" for name, value in sorted(variables.items()))
    data.write_private(SETTINGS_FILE, f"# Written by `catalograph up`; made anew at every start.\n{lines}")
    return variables


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {PREFIX + name.upper(): value for name, value in settings.items()}
