"""From what an application writes to a session that can be run here. Rule: what is refused is named.

`model = "agent:NAME"` stands for an agent of the dialplan or of Redis, which the rest of the object changes.
`telephony.asked_names` says which names are refused and which give way.
"""

from typing import Any, Protocol

import structlog

from pipeline.naming import Misnamed, Named
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

    def settled(self, asked: SessionConfig, before: SessionConfig, /) -> Named | Misnamed:
        """Who is meant by a session as it is asked for, and after it as it was meant until now."""
        ...

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config with the defaults' own names where it names nobody."""
        ...

    def problem(self, config: SessionConfig, *, strictly: bool = False) -> str | None:
        """Why this config cannot be run; `strictly`, OpenAI's own names must mean somebody here."""
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
            if found is None:
                return refused(Misnamed("model", f"there is no agent {model!r}").as_error(prefix))
            config = found
            body = {key: value for key, value in body.items() if key != "model"}
        result = _laid_over(config, body, prefix)
        if isinstance(result, ErrorDetail):
            return refused(result)
        if result.ignored:
            log.info("session_fields_ignored", fields=result.ignored)
        named = self._providers.settled(result.config, config)
        return refused(named.as_error(prefix)) if isinstance(named, Misnamed) else self.runnable(named.meant)

    def exact(self, body: dict[str, Any], prefix: str) -> SessionConfig | Refused:
        """The session exactly as written, to be kept: every name must mean something here."""
        result = _laid_over(SessionConfig(), body, prefix)
        if isinstance(result, ErrorDetail):
            return refused(result)
        if result.ignored:
            return refused(unknown_parameter(result.ignored[0]))
        problem = self._providers.problem(result.config, strictly=True)
        if problem is not None:
            return Refused(code="invalid_value", message=f"This session cannot be run here: {problem}.", param=prefix)
        return result.config

    def named(self, config: SessionConfig) -> SessionConfig:
        """The config as a client is shown it: every name is there."""
        return self._providers.named(config)

    def runnable(self, config: SessionConfig) -> SessionConfig | Refused:
        """The config, if its names or else the defaults mean somebody here."""
        problem = self._providers.problem(config)
        if problem is not None:
            return Refused(code="invalid_value", message=f"This session cannot be run here: {problem}.", param="model")
        return config


def _laid_over(config: SessionConfig, body: dict[str, Any], prefix: str) -> Changed | ErrorDetail:
    """As `session.update` does it, whatever the model's name: who answers to it is looked at last."""
    return changed(config, body, prefix)
