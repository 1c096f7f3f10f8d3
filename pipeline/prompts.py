"""What two prompts have in common, and what there is to read in one. Rule: pure."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from pipeline.providers import (
    CutShort,
    Delta,
    FunctionCall,
    FunctionOutput,
    HeardOut,
    Message,
    Prompt,
    TextDelta,
    Turn,
    Usage,
)

CHARS_PER_TOKEN: Final = 4
_OPENING_MARKS: Final = "\"'“„‘‚«»‹›(¿¡–—-"
_CLOSING_MARKS: Final = "\"'”“’‘«»‹›).,;:!?…–—-。，、？！"


def plain_words(text: str) -> tuple[str, ...]:
    """Its words without case and without the marks around them; what stands inside a word or a number stays."""
    words = (word.rstrip(_CLOSING_MARKS).lstrip(_OPENING_MARKS).casefold() for word in text.split())
    return tuple(word for word in words if word)


def asks_the_same(one: Prompt, other: Prompt) -> bool:
    """Whether an answer to one is an answer to the other: they differ in marks, case and spaces of the last words."""
    if replace(one, turns=()) != replace(other, turns=()) or one.turns[:-1] != other.turns[:-1]:
        return False
    match one.turns[-1:], other.turns[-1:]:
        case ((Message("user", said),), (Message("user", also_said),)):
            return plain_words(said) == plain_words(also_said)
        case last, other_last:
            return last == other_last


def prompt_tokens(prompt: Prompt) -> int:
    """About how many tokens a model reads in it."""
    texts = [prompt.instructions, *(tool.description + tool.parameters for tool in prompt.tools)]
    return _tokens([*texts, *map(_text_of, prompt.turns)])


def delta_tokens(delta: Delta) -> int:
    """About how many tokens a model wrote to give it."""
    match delta:
        case TextDelta(text):
            return _tokens([text])
        case FunctionCall():
            return _tokens([_text_of(delta)])
        case Usage() | CutShort() | HeardOut():
            return 0


def _text_of(turn: Turn) -> str:
    match turn:
        case Message(text=text):
            return text
        case FunctionCall(name=name, arguments=arguments):
            return name + arguments
        case FunctionOutput(output=output):
            return output


def _tokens(texts: Iterable[str]) -> int:
    return -(-sum(map(len, texts)) // CHARS_PER_TOKEN)
