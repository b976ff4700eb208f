"""Become one part of the system: drop privileges, die with the parent, then run the command.

A script that stands alone, started as `python -I -S launch.py ORDER COMMAND…`, so that it costs few milliseconds.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def main(order: dict[str, Any], command: list[str]) -> None:
    """Follow `order` (`parent`, `death_signal`, `account`, `keeper`) and turn into `command`."""
    libc = ctypes.CDLL(None, use_errno=True)
    _reset_signals()
    if order["keeper"] is not None:
        os.write(order["keeper"], f"+{os.getpid()}\n".encode())
        os.close(order["keeper"])
    if order["account"] is not None:
        _drop_privileges(libc, *order["account"])
    # After the change of user, which would undo it.
    libc.prctl(_PR_SET_PDEATHSIG, order["death_signal"], 0, 0, 0)
    if os.getppid() != order["parent"]:
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - what this script is for.


def _reset_signals() -> None:
    """Undo what our starter was told to ignore or holds back, since that would be inherited."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _drop_privileges(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Change to the user, keeping one power of root: to pass through folders.

    Caches and data folders lie below homes that only root may enter; the servers refuse to run as root.
    """
    kept = libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if kept:
        # Containers often lack the narrower of the two.
        _ = _keep(libc, _CAP_DAC_READ_SEARCH) or _keep(libc, _CAP_DAC_OVERRIDE) or _keep(libc, None)


def _keep(libc: ctypes.CDLL, capability: int | None) -> bool:
    bits = 0 if capability is None else 1 << capability
    header = _Header(_CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)(_Data(bits, bits, bits), _Data(0, 0, 0))
    if libc.capset(ctypes.byref(header), data) != 0:
        return False
    return capability is None or libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
