"""Flower, which shows workers, queues and messages as Celery sees them, to who knows the admin token."""

from config import Settings
from errors import SettingsError
from tasks.app import celery_app

USER = "admin"


def run_flower(settings: Settings, host: str, port: int) -> None:
    """Run Flower until told to stop. Raises `SettingsError` where there is no admin token to ask for."""
    token = settings.admin_token
    if not token or "," in token:
        what = "has a comma, which Flower takes for the end of it" if token else "is not set"
        raise SettingsError(f"CATALOGRAPH_ADMIN_TOKEN {what}: Flower asks for it.", "Set another one.")
    # Not on the command line of a process, where others of the machine could read it.
    celery_app(settings).start(["flower", f"--address={host}", f"--port={port}", f"--basic_auth={USER}:{token}"])
