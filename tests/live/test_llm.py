"""Real vendors answer a question and call a tool. Each runs only when its key is in the environment."""

from contextlib import aclosing

import pytest

from pipeline.providers import FunctionCall, LanguageModel, Message, Prompt, TextDelta, Tool
from pipeline.providers.anthropic_chat import AnthropicServer
from pipeline.providers.openai_chat import OpenAIServer
from tests.drive.real_vendors import at

pytestmark = pytest.mark.timeout(60)

TOOL = Tool("opening_hours", "When the house opens.", '{"type": "object", "properties": {}}')
QUESTION = Prompt("Look things up with your tools.", (Message("user", "When do you open?"),), (TOOL,), "required")


async def told_by(model: LanguageModel) -> tuple[str, list[str]]:
    """What a model says to a plain wish, and which tools it calls for a question."""
    words, calls = "", []
    async with aclosing(model.reply(Prompt("", (Message("user", "Say the word hello."),)))) as deltas:  # type: ignore[type-var]
        async for delta in deltas:
            words += delta.text if isinstance(delta, TextDelta) else ""
    async with aclosing(model.reply(QUESTION)) as deltas:  # type: ignore[type-var]
        async for delta in deltas:
            calls += [delta.name] if isinstance(delta, FunctionCall) else []
    return words.lower(), calls


@pytest.mark.live("OPENAI_API_KEY")
async def test_openai_answers_and_calls(live_key: str) -> None:
    server = OpenAIServer(at("openai", "llm", live_key))
    words, calls = await told_by(server.model("gpt-4.1-mini"))
    await server.close()

    assert ("hello" in words, calls) == (True, ["opening_hours"])


@pytest.mark.live("ANTHROPIC_API_KEY")
async def test_anthropic_answers_and_calls(live_key: str) -> None:
    server = AnthropicServer(at("anthropic", "llm", live_key))
    words, calls = await told_by(server.model("claude-haiku-4-5"))
    await server.close()

    assert ("hello" in words, calls) == (True, ["opening_hours"])
