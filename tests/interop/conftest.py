"""These stories need programs that no one here wrote, and a network of their own. Rule: what is missing is named."""

import shutil

import pytest

from tests.drive.own_network import entered
from tests.drive.pbx import ASTERISK_ROOT

PROGRAMS = ("linphonec", "baresip", "kamailio", "sipp", "unshare", "ip")


@pytest.fixture(autouse=True)
def _in_its_own_network() -> None:
    why_not = entered()
    if why_not:
        pytest.skip(why_not)
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    assert not missing, f"`docker/setup apt interop` installs what is missing: {', '.join(missing)}"
    assert (ASTERISK_ROOT / "usr/sbin/asterisk").exists(), "`docker/setup asterisk` takes Asterisk"
