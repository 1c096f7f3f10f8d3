"""What an application writes into a session object beside a WebSocket, and what becomes of it. Rule: as in one."""

from typing import Any

import pytest

from pipeline.naming import Named, as_asked
from pipeline.realtime.config import FunctionTool, SessionConfig
from telephony.control.session_wish import SessionWishes
from telephony.orders import Refused

KNOWN = {"agent:desk": SessionConfig(instructions="Be brief.", model="openai/one")}


class Agents:
    """Those of KNOWN."""

    async def find(self, name: str) -> SessionConfig | None:
        return KNOWN.get(name)


class EveryName:
    """Providers that answer to whatever they are called."""

    def settled(self, asked: SessionConfig, before: SessionConfig) -> Named:
        return as_asked(asked, before)

    def named(self, config: SessionConfig) -> SessionConfig:
        return config

    def problem(self, config: SessionConfig, *, strictly: bool = False) -> str | None:
        return None


WISHES = SessionWishes(Agents(), EveryName())


async def settled(body: dict[str, Any]) -> SessionConfig:
    config = await WISHES.settled(body, "session")
    assert isinstance(config, SessionConfig)
    return config


async def test_an_agent_is_changed_by_the_fields_that_are_there() -> None:
    config = await settled({"model": "agent:desk", "audio": {"output": {"speed": 1.25}}})

    assert (config.model, config.instructions, config.audio.output.speed) == ("openai/one", "Be brief.", 1.25)


async def test_other_dialects_are_understood_as_in_a_session_update() -> None:
    config = await settled(
        {
            "tools": [{"name": "look_up"}, {"type": "mcp", "server_label": "b"}],
            "audio": {"input": {"format": "g711_ulaw"}, "output": {"voice": {"id": "slt"}}},
            "temperature": None,
        }
    )

    assert (config.tools, config.audio.output.voice) == ((FunctionTool(name="look_up"),), "slt")
    assert config.audio.input.format.type == "audio/pcmu"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"instructions": 7}, "invalid_value", "session.instructions"),
        ({"audio": {"output": {"speed": 3}}}, "invalid_value", "session.audio.output.speed"),
        ({"max_output_tokens": 5_000}, "invalid_value", "session.max_output_tokens"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"model": "agent:nobody"}, "model_not_found", "session.model"),
    ],
)
async def test_what_a_session_update_refuses_is_refused_before_there_is_a_session(
    body: dict[str, Any], code: str, param: str
) -> None:
    refused = await WISHES.settled(body, "session")

    assert isinstance(refused, Refused)
    assert (refused.status, refused.code, refused.param) == (400, code, param)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"shoe_size": 43}, "unknown_parameter", "session.shoe_size"),
        ({"tools": [{"type": "mcp", "server_label": "b"}]}, "unknown_parameter", "session.tools[0]"),
        ({"audio": {"output": {"speed": 3}}}, "invalid_value", "session.audio.output.speed"),
    ],
)
def test_what_is_kept_has_nothing_in_it_that_means_nothing(body: dict[str, Any], code: str, param: str) -> None:
    refused = WISHES.exact(body, "session")

    assert isinstance(refused, Refused)
    assert (refused.code, refused.param) == (code, param)
