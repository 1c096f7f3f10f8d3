"""On a call the voice gets text for the ear; clients and the conversation keep the model's words."""

import msgspec
import pytest

from pipeline.providers import Reached
from pipeline.realtime.config import SessionConfig
from pipeline.realtime.events import OutputTranscriptDone
from pipeline.signals import Speak, SpeechEnded, SpeechMade, SpeechReached
from tests.drive.story import Story, sound

PRICE = "It is **$3.50**, sir. 😀"
SAID = "It is three dollars and fifty cents, sir."


def an_agent_asked(config: SessionConfig | None = None) -> Story:
    call = Story(config)
    call.caller_says("what does it cost")
    call.take()
    return call


def spoken(call: Story) -> list[str]:
    return [piece.text for piece in call.take(Speak)]


def config_in(language: str) -> SessionConfig:
    transcription = {"input": {"transcription": {"language": language}}}
    return msgspec.convert({"audio": transcription}, SessionConfig)


def test_the_voice_says_what_a_person_would_and_the_transcript_tells_what_was_written() -> None:
    call = an_agent_asked()

    call.model_says(PRICE)
    call.model_ends()
    pieces = spoken(call)
    call.voice_speaks()

    told = [event.transcript for event in call.take(OutputTranscriptDone)]
    assert ("".join(pieces), told) == (SAID, [PRICE])


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("de", "Am 3. Mai um 19 Uhr.", "Am dritten Mai um neunzehn Uhr."),
        ("fr-FR", "À 19h30.", "À dix-neuf heures trente."),
    ],
)
def test_the_language_of_the_session_is_spoken(language: str, text: str, said: str) -> None:
    call = an_agent_asked(config_in(language))

    call.model_says(text)
    call.model_ends()

    assert spoken(call) == [said]


def test_a_piece_of_signs_alone_is_passed_over() -> None:
    call = an_agent_asked()

    call.agent_says("Yes, we can.\n---\n🎉\nAnything else?", ms=1_000)
    call.passes(3_000)
    pieces = spoken(call)
    call.caller_says("no")

    heard = [text for who, text in call.said_so_far() if who == "assistant"]
    assert (pieces, heard) == (["Yes, we can.", "Anything else?"], ["Yes, we can.\n---\n🎉\nAnything else?"])


@pytest.mark.parametrize(
    ("reached", "heard"),
    [
        ([], "It is"),
        ([Reached(5, 200)], "It is"),
        ([Reached(5, 200), Reached(11, 300)], "It is"),
        ([Reached(5, 200), Reached(35, 500)], "It is **$3.50**"),
        ([Reached(5, 200), Reached(36, 590)], "It is **$3.50**,"),
    ],
)
def test_an_interruption_keeps_the_written_words_that_the_voice_had_reached(reached: list[Reached], heard: str) -> None:
    call = an_agent_asked()
    call.model_says(PRICE)
    call.model_ends()
    piece = call.take(Speak)[0]
    for word in reached:
        call.tell(SpeechReached(piece.response_id, piece.piece, word))
    call.tell(SpeechMade(piece.response_id, piece.piece, sound(4_000)))
    call.passes(600)

    call.caller_says("stop")

    assert [text for who, text in call.said_so_far() if who == "assistant"] == ([heard] if heard else [])


def test_a_voice_without_timings_is_measured_by_what_it_says() -> None:
    call = an_agent_asked()
    call.model_says("Call 555-0123 or write.")
    call.model_ends()
    piece = call.take(Speak)[0]
    call.tell(SpeechMade(piece.response_id, piece.piece, sound(len(piece.text) * 60)))
    call.tell(SpeechEnded(piece.response_id, piece.piece))
    call.passes(60 * len("Call five five five, zero"))

    call.caller_says("wait")

    assert ("assistant", "Call") in call.said_so_far()
