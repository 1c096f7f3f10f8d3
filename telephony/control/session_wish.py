"""From what an application writes to a session that can be run here. Rule: names of others' models never end a call.

`model = "agent:NAME"` stands for an agent of the dialplan or of Redis, which the rest of the object changes. A model,
recogniser or voice that no provider here answers to gives way to the default one: SDKs send such names by themselves.
"""

from typing import Any, Protocol

import structlog

from pipeline.realtime.change import Changed, changed
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import ErrorDetail
from pipeline.realtime.mistakes import unknown_parameter
from telephony.dialplan import STORED
from telephony.orders import Refused, refused

log = structlog.get_logger()


class FindAgent(Protocol):
    """Where agents are."""

    async def find(self, name: str) -> SessionConfig | None:
        """The agent of this name; None when there is none. Raises StateError."""
        ...


class Providers(Protocol):
    """Who would run the session."""

    def answerable(self, wished: SessionConfig) -> SessionConfig:
        """The config with the default for every name that no provider answers to."""
        ...

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config with the defaults' own names where it names nobody."""
        ...

    def problem(self, config: SessionConfig) -> str | None:
        """Why this config cannot be run; None when it can."""
        ...


class SessionWishes:
    """Settles what applications wish for."""

    def __init__(self, agents: FindAgent, providers: Providers) -> None:
        self._agents = agents
        self._providers = providers

    async def settled(self, body: dict[str, Any], prefix: str = "") -> SessionConfig | Refused:
        """The session for this object; raises StateError when an agent must be looked up and cannot be."""
        config = SessionConfig()
        model = body.get("model")
        if isinstance(model, str) and model.startswith(STORED):
            found = await self._agents.find(model)
            param = f"{prefix}.model" if prefix else "model"
            if found is None:
                return Refused(code="invalid_value", message=f"There is no agent {model!r}.", param=param)
            config = found
            body = {key: value for key, value in body.items() if key != "model"}
        result = _laid_over(config, body, prefix)
        if isinstance(result, ErrorDetail):
            return refused(result)
        if result.ignored:
            log.info("session_fields_ignored", fields=result.ignored)
        return self.runnable(result.config)

    def exact(self, body: dict[str, Any], prefix: str) -> SessionConfig | Refused:
        """The session exactly as written, to be kept: every name must mean something here."""
        result = _laid_over(SessionConfig(), body, prefix)
        if isinstance(result, ErrorDetail):
            return refused(result)
        if result.ignored:
            return refused(unknown_parameter(result.ignored[0]))
        problem = self._providers.problem(result.config)
        if problem is not None:
            return Refused(code="invalid_value", message=f"This session cannot be run here: {problem}.", param=prefix)
        return result.config

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config as a client is shown it: every name is there."""
        return self._providers.named(config)

    def runnable(self, wished: SessionConfig) -> SessionConfig | Refused:
        """The config with names that mean something here; refused when not even the defaults do."""
        config = self._providers.answerable(wished)
        problem = self._providers.problem(config)
        if problem is not None:
            return Refused(code="invalid_value", message=f"This session cannot be run here: {problem}.", param="model")
        return config


def _laid_over(config: SessionConfig, body: dict[str, Any], prefix: str) -> Changed | ErrorDetail:
    """As `session.update` does it, whatever the model's name: who answers to it is looked at last."""
    return changed(config, body, lambda _: True, prefix)
