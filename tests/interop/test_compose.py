"""docker/compose.yml as Docker Compose itself reads it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.drive.pbx import ASTERISK_ROOT, CONFIGURATION
from tests.house.source import ROOT

pytestmark = pytest.mark.interop

COMPOSE = ASTERISK_ROOT / "usr/libexec/docker/cli-plugins/docker-compose"


def test_compose_reads_the_file_and_what_it_names_is_there() -> None:
    command = (str(COMPOSE), "-f", str(ROOT / "docker" / "compose.yml"), "config", "--format", "json")
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    services = json.loads(said.stdout)["services"]
    builds = {
        name: Path(of["build"]["context"], of["build"]["dockerfile"]) for name, of in services.items() if "build" in of
    }
    mounted = {volume["source"] for service in services.values() for volume in service.get("volumes", [])}

    assert set(services) == {"redis", "asterisk", "offhook"}
    assert all("healthcheck" in service for service in services.values())
    assert all(path.is_file() for path in builds.values())
    assert mounted == {str(CONFIGURATION)}
