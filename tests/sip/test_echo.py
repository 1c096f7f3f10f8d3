"""A caller on a speakerphone: the agent hears itself, over real SIP and RTP, and the embedded engines listen."""

from dataclasses import replace
from pathlib import Path

from pipeline.realtime.events import PlayoutCleared, PlayoutStarted, PlayoutStopped, TranscriptCompleted
from pipeline.realtime.ours import BargeInJudged, EchoHeard
from telephony.bench.echo.room import Room, Speakerphone
from tests.drive.offhook import DESK, LOOPBACK, House, a_house, agent_audible, chosen
from tests.drive.speakerphone import on_speakerphone

TALE = """[[flows.desk.when]]
says = ["tell me a tale"]
reply = "There once was a restaurant by the sea that had a garden full of roses and a cat that slept on the piano, \
and every evening the cook came out and sang an old song, and all the guests stood up and sang it with him."
[[flows.desk.when]]
says = ["wait", "wait stop"]
reply = "Yes?"
"""
LOUD = Speakerphone(delay_ms=50, return_loss_db=10)
STEADY = replace(LOOPBACK, jitter_min_ms=100)
UNGUARDED = DESK.replace('did = "100"', 'did = "100"\necho_guard = false', 1)


async def a_tale_on_a_loudspeaker(house: House) -> tuple[str, set[str]]:
    """The agent tells a tale to a speakerphone: whether it was told to its end, and what the caller is held to say."""
    call = await house.dial_and_be_greeted()
    async with on_speakerphone(call, Room(LOUD, "a tale")) as caller:
        await caller.says(await house.speech("tell me a tale"))
        await house.sees(TranscriptCompleted)
        began = await house.sees(PlayoutStarted)
        known = len(house.events)
        over = await house.sees(object, lambda event: isinstance(event, PlayoutStopped | PlayoutCleared))
        assert isinstance(over, PlayoutStopped | PlayoutCleared)
        assert over.response_id == began.response_id
        said = {event.transcript for _, event in house.events[known:] if isinstance(event, TranscriptCompleted)}
        return type(over).__name__, said


async def test_an_agent_is_not_interrupted_by_its_own_voice(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, DESK + TALE, sip=STEADY)) as house:
        ending = await a_tale_on_a_loudspeaker(house)
        noticed = [event for _, event in house.events if isinstance(event, EchoHeard)]
        counted = house.service.counters.snapshot()

    assert ending == ("PlayoutStopped", set())
    assert noticed
    assert sum(count for name, count in counted.items() if name.startswith("echoes")) == len(noticed)


async def test_without_the_guard_it_would_be(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, UNGUARDED + TALE, sip=STEADY)) as house:
        ending, _ = await a_tale_on_a_loudspeaker(house)
        noticed = [event for _, event in house.events if isinstance(event, EchoHeard)]

    assert (ending, noticed) == ("PlayoutCleared", [])


async def test_a_caller_interrupts_over_the_echo(tmp_path: Path) -> None:
    async with a_house(chosen(tmp_path, DESK + TALE, sip=STEADY)) as house:
        call = await house.dial_and_be_greeted()
        async with on_speakerphone(call, Room(LOUD, "a caller")) as caller:
            await caller.says(await house.speech("tell me a tale"))
            await house.sees(TranscriptCompleted)
            began = await house.sees(PlayoutStarted)
            await agent_audible(call, ms=1_500)
            await caller.says(await house.speech("wait, please stop the tale now, I need a table"))
            judged = await house.sees(BargeInJudged, lambda event: event.verdict == "interruption")
            answer = await house.sees(PlayoutStarted)

    assert judged.response_id == began.response_id != answer.response_id
