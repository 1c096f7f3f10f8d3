"""What the README shows can be used as it stands, and what it names is there."""

import io
import re
import tomllib
import wave
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from pipeline.realtime.config import ServerVad
from telephony import check
from telephony.dialplan import Route
from telephony.dtmf import KeySettings
from telephony.patience_settings import PatienceSettings
from telephony.settings import ControlSettings, LimitSettings
from telephony.sip_settings import SipSettings
from telephony.transfer_settings import TransferSettings
from tests.drive.tones import a_tone
from tests.house.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
KEYS = dict.fromkeys(("OPENAI_API_KEY", "DEEPGRAM_API_KEY", "ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY"), "planted")
ENVIRON = {**KEYS, "PBX_PASSWORD": "planted", "HALL_KEY": "planted"}
AGENT = '[agents.reception]\nmodel = "openai/m"\n'
KINDS = (PatienceSettings, LimitSettings, ControlSettings, SipSettings, Route, KeySettings, TransferSettings)
WAITS = {
    *(field.name for kind in KINDS for field in fields(kind)),
    *(field.name for field in msgspec.structs.fields(ServerVad)),
}


def checked(folder: Path, block: str) -> list[str]:
    """What `offhook check` says of a block: settings, or a dialplan that may leave out its agents."""
    table = tomllib.loads(block)
    settings = block
    if "route" in table or "agents" in table:
        (folder / "plan.toml").write_text(block if "agents" in table else block + AGENT)
        settings = 'dialplan = "plan.toml"\n[media]\nrecordings_dir = "recordings"\n'
    (folder / "dialplans").symlink_to(ROOT / "dialplans")
    for name in re.findall(r'"([^"]+\.wav)"', block):
        with wave.open(str(folder / name), "wb") as sound:
            sound.setparams((1, 2, 8_000, 0, "NONE", ""))
            sound.writeframes(a_tone(440, 2_000, rate_hz=8_000))
    (folder / "offhook.toml").write_text(settings)
    stream = io.StringIO()
    check.run(folder / "offhook.toml", stream, ENVIRON)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("block", BLOCKS, ids=[block.splitlines()[0].partition(" ")[0] for block in BLOCKS])
def test_every_piece_of_toml_is_sound(block: str, tmp_path: Path) -> None:
    assert checked(tmp_path, block)[-1] == "no faults"


def test_every_wait_that_is_named_can_be_set() -> None:
    named = set(re.findall(r"\b[a-z_]+_(?:ms|s)\b", README))

    assert "llm_first_ms" in named
    assert named <= WAITS


def test_a_default_that_is_told_is_the_default() -> None:
    told = re.findall(r"`([a-z_]+_ms) = (\d+)`", README)

    assert told
    assert {name: getattr(PatienceSettings(), name) for name, _ in told} == {name: int(ms) for name, ms in told}
