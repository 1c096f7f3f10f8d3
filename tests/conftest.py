"""What holds for every test: nothing leaves the machine, and Hypothesis tells the same story every time.

Rule: fixtures belong to the folder that needs them.
"""

import ipaddress
import os
import sys
from typing import Any

from hypothesis import settings

settings.register_profile("offhook", deadline=None, derandomize=True, database=None)
settings.load_profile("offhook")

for name in [name for name in os.environ if name.startswith("OFFHOOK_") or name.endswith(("_API_KEY", "_BASE_URL"))]:
    del os.environ[name]


def is_on_this_machine(host: str) -> bool:
    """Loopback, or the unspecified address that means every own one."""
    if host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _stay_home(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        return
    _, address = arguments
    if isinstance(address, tuple) and not is_on_this_machine(str(address[0])):
        raise PermissionError(f"a test tried to reach {address[0]}")


sys.addaudithook(_stay_home)
