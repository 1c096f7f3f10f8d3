"""What one response is to be: the session's settings, and what was wished of this one. Rule: values only."""

from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from pipeline.conversation import Conversation, turns_of
from pipeline.providers import Prompt, Tool, Turn
from pipeline.realtime.config import AudioOutput, FunctionTool, SessionConfig, ToolChoiceFunction
from pipeline.realtime.items import ResponseAudio, ResponseVoice
from pipeline.realtime.session_view import shown_format
from pipeline.realtime.wish import ItemReference, ResponseWish

NOTHING_SPECIAL = ResponseWish()
PROTECTED = "offhook.protected"
"""Metadata of a response that speech does not interrupt."""
HEARD_OUT = ResponseWish(metadata={PROTECTED: "true"})
# A model's provider takes no request without any words in it.
OPENING = "Greet whoever is there, in one short sentence."


@dataclass(frozen=True, slots=True)
class Terms:
    """Settled when a response begins."""

    config: SessionConfig
    wish: ResponseWish = NOTHING_SPECIAL

    @property
    def audio(self) -> bool:
        """True when its words are spoken, False when they are written."""
        return "audio" in self.modalities

    @property
    def protected(self) -> bool:
        """True when the caller is to hear it out."""
        return (self.wish.metadata or {}).get(PROTECTED) == "true"

    @property
    def modalities(self) -> tuple[str, ...]:
        """As it is shown to clients."""
        return self.wish.output_modalities or self.config.output_modalities

    @property
    def voice(self) -> AudioOutput:
        """Who speaks it."""
        speaks, wished = self.config.audio.output, self.wish.voice
        return replace(
            speaks,
            voice=speaks.voice if wished.voice is None else wished.voice,
            format=speaks.format if wished.format is None else wished.format,
        )

    @property
    def language(self) -> str:
        """What is spoken, as a tag such as `de`: the recogniser's language, English when none is set."""
        heard = self.config.audio.input.transcription
        return (heard and (heard.language or next(iter(heard.languages or ()), ""))) or "en"

    @property
    def shown_audio(self) -> ResponseAudio:
        """The voice as clients see it."""
        voice = self.voice
        return ResponseAudio(output=ResponseVoice(format=shown_format(voice.format), voice=voice.voice))

    @property
    def tools(self) -> tuple[FunctionTool, ...]:
        """The functions that it may call."""
        return self.config.tools if self.wish.tools is None else self.wish.tools

    @property
    def max_output_tokens(self) -> int | Literal["inf"]:
        """A number, or `inf`."""
        wished = self.wish.max_output_tokens
        return self.config.max_output_tokens if wished is None else wished

    def prompt(self, conversation: Conversation, offered: tuple[Tool, ...]) -> Prompt:
        """All that the model is given: never nothing."""
        config, wish = self.config, self.wish
        temperature = config.temperature if wish.temperature is None else wish.temperature
        limit = self.max_output_tokens
        turns = self._turns(conversation)
        instructions = config.instructions if wish.instructions is None else wish.instructions
        return Prompt(
            instructions=instructions if instructions or turns else OPENING,
            turns=turns,
            tools=offered,
            tool_choice=self._choice(offered),
            max_output_tokens=limit if isinstance(limit, int) else None,
            temperature=temperature if isinstance(temperature, float | int) else None,
        )

    def _turns(self, conversation: Conversation) -> tuple[Turn, ...]:
        if self.wish.input is None:
            return conversation.turns()
        items = (conversation.get(item.id) if isinstance(item, ItemReference) else item for item in self.wish.input)
        return turns_of(item for item in items if item is not None)

    def _choice(self, offered: tuple[Tool, ...]) -> str:
        """A function that is not offered cannot be demanded."""
        choice = self.config.tool_choice if self.wish.tool_choice is None else self.wish.tool_choice
        if not isinstance(choice, ToolChoiceFunction):
            return choice if offered or choice != "required" else "auto"
        return choice.name if any(tool.name == choice.name for tool in offered) else "auto"
