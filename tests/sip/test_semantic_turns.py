"""Under semantic_vad a caller may think in the middle of a sentence: real SIP, real speech, the embedded recogniser."""

from pathlib import Path

from pipeline.realtime.events import PlayoutStopped, TranscriptCompleted
from pipeline.realtime.ours import TurnDecided
from telephony.wire.speech import Speech, silence
from tests.drive.offhook import a_house, chosen, line_open

THOUGHT_MS = 1_000
RESTAURANT = """
[[route]]
did = "100"
agent = "restaurant"
[agents.restaurant]
model = "scripted/restaurant"
[agents.restaurant.audio.input.turn_detection]
type = "semantic_vad"
[flows.restaurant]
greeting = "Hello."
start = "open"
otherwise = ["Sorry?"]
[flows.restaurant.states.open]
[[flows.restaurant.when]]
says = ["i am calling because let me see my table is too small"]
reply = "Certainly."
[[flows.restaurant.when]]
says = ["thank you that was all"]
reply = "You are welcome."
"""


def with_a_thought_between(first: Speech, second: Speech) -> Speech:
    pause = THOUGHT_MS // 20
    return Speech(
        (*first.ulaw, *[silence("ulaw")] * pause, *second.ulaw), (*first.alaw, *[silence("alaw")] * pause, *second.alaw)
    )


async def test_a_caller_may_think_in_mid_sentence_and_is_answered_at_once_when_done(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, RESTAURANT)) as house:
        call = await house.dial_and_be_greeted()
        await house.sees(PlayoutStopped)
        await line_open(call)
        begun, rest = await house.speech("i am calling because let me see"), await house.speech("my table is too small")
        await call.say(with_a_thought_between(begun, rest))
        booked = await house.sees(TranscriptCompleted)
        await house.sees(PlayoutStopped)
        asked = await house.hears(call, "thank you that was all")
        await house.sees(PlayoutStopped)

    decided = [event.grounds for _, event in house.events if isinstance(event, TurnDecided)]
    assert (booked.transcript, asked) == (
        "i am calling because let me see my table is too small",
        "thank you that was all",
    )
    assert (len(decided), decided[0].why in {"words", "sound"}) == (2, True)
    assert all(grounds.silence_ms < THOUGHT_MS for grounds in decided)
