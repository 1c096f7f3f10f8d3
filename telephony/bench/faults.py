"""`offhook bench faults`: a vendor fails in mid-call, for every vendor file and fault. Rule: the caller's ear decides.

The service is `offhook serve` with its vendor files, each cell's vendor behind its own failing way, and one healthy
vendor for each layer to fall back on. In each cell a caller is greeted, asks something while the fault is armed, and
listens: the longest silence between the end of what it asked and the end of the answer is what the fault cost, and the
answer's words, each a pair of tones (`vendor_servers.tone_words`), tell what was lost or said twice.

The simulated language models obey when they are told to go on with a broken-off answer.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pipeline.fallback.model import GO_ON
from pipeline.providers.embedded_tts import EmbeddedVoice
from telephony.bench.fault_cells import FAULTS, TRIED, Fault, Stage, Tried, staged
from telephony.bench.service_as_set import vendor_text, written
from telephony.bench.subject import running
from telephony.bench.vendor_servers.tone_words import heard_words, words_of
from telephony.wire.call import Call
from telephony.wire.listening import first_audible
from telephony.wire.mouth import CutShortError
from telephony.wire.phone import Phone
from telephony.wire.rtp import PACKET_MS
from telephony.wire.speech import Speech
from telephony.wire.stream import CallOverError
from telephony.wire.voice import spoken_by

SUBJECT = "telephony.bench.service_as_set"
REPLY = "Certainly, your table by the window is ready at seven. Please bring the two children as well."
QUESTION = "Could you tell me more about the menu?"
AT_ONCE = 12
GREETED_MS = 700
LISTENS_MS = 2_600
PATIENCE_S = 60.0
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What one cell's caller heard; no silence was measured where nothing was heard at all."""

    file: str
    fault: Fault
    silence_ms: float | None
    lost: int
    doubled: int
    in_use: bool = True


def said(request: dict[str, Any]) -> str:
    """What the simulated models answer: the reply, or the rest of it."""
    messages = [(message["role"], _text(message["content"])) for message in request["messages"]]
    if messages and GO_ON in messages[-1][1]:
        before = next((text for role, text in reversed(messages) if role == "assistant"), "")
        return REPLY[len(before) :] if REPLY.startswith(before) else REPLY
    return REPLY


def _text(content: Any) -> str:
    """A message's text, in OpenAI's form or in Anthropic's."""
    if isinstance(content, list):
        return " ".join(str(block.get("text", "")) for block in content)
    return str(content or "")


async def run_faults(stream: TextIO, only: str = "") -> dict[str, object]:
    """Try every cell (of the vendor files whose name holds `only`); progress goes to the stream."""
    with EmbeddedVoice() as voice:
        question = await spoken_by(voice, "slt", QUESTION)
    cells = [(tried, fault) for tried in TRIED if only in tried.file for fault in FAULTS]
    found: list[Found] = []
    async with AsyncExitStack() as house:
        stages = [await house.enter_async_context(staged(tried, _server(tried))) for tried, _ in cells]
        healthy = {
            layer: await house.enter_async_context(staged(tried, _server(tried)))
            for layer, tried in {tried.layer: tried for tried in reversed(TRIED)}.items()
        }
        folder = Path(house.enter_context(tempfile.TemporaryDirectory()))
        config = _written(folder, stages, list(healthy.values()))
        subject = await house.enter_async_context(running(SUBJECT, "--config", str(config)))
        phone = await house.enter_async_context(Phone(keep_audio=True))
        free = asyncio.Semaphore(AT_ONCE)

        async def tell(place: int) -> None:
            async with free:
                uri = f"sip:cell{place}@127.0.0.1:{subject.ready['port']}"
                found.append(await _told(phone, uri, stages[place], cells[place][1], question))

        async with asyncio.TaskGroup() as tasks:
            for place in range(len(cells)):
                tasks.create_task(tell(place))
    stream.writelines(f"{line}\n" for line in table_of(found))
    silent = [cell for cell in found if cell.silence_ms is None]
    return {
        "cells": len(found),
        "worst_ms": max((round(cell.silence_ms) for cell in found if cell.silence_ms is not None), default=None),
        "words_lost": sum(cell.lost for cell in found),
        "words_doubled": sum(cell.doubled for cell in found),
        "silent": len(silent),
    }


def table_of(found: Sequence[Found]) -> list[str]:
    """A row for each vendor file, a column for each fault: ms of silence, words lost (-n) and said twice (+n)."""
    cells = {(cell.file, cell.fault): cell for cell in found}
    files = [tried.file for tried in TRIED if any(cell.file == tried.file for cell in found)]
    rows = [f"| vendor file | {' | '.join(FAULTS)} |", f"|---|{'---|' * len(FAULTS)}"]
    return rows + [f"| {file} | {' | '.join(_shown(cells.get((file, fault))) for fault in FAULTS)} |" for file in files]


def _shown(cell: Found | None) -> str:
    if cell is None or cell.silence_ms is None:
        return "" if cell is None else "silent" if cell.in_use else "not in use"
    marks = f"{f' -{cell.lost}' if cell.lost else ''}{f' +{cell.doubled}' if cell.doubled else ''}"
    return f"{cell.silence_ms:.0f}{marks}"


def _server(tried: Tried) -> AbstractAsyncContextManager[Any]:
    return tried.server(reply=said) if tried.layer == "llm" else tried.server()


async def _told(phone: Phone, uri: str, stage: Stage, fault: Fault, question: Speech) -> Found:
    """One call: greeted, asks, listens."""
    call = await phone.call(uri)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await call.until(
                lambda ear, now_ms: bool(ear.talks) and ear.silent_ms(now_ms, call.answered_ms) >= GREETED_MS
            )
            if not stage.in_use:
                return Found(stage.tried.file, fault, None, 0, 0, in_use=False)
            asked_ms = await _asks(call, stage, fault, question)
            await call.until(
                lambda ear, now_ms: (
                    first_audible(ear.talks, asked_ms) is not None and ear.silent_ms(now_ms, asked_ms) >= LISTENS_MS
                )
            )
    except (TimeoutError, CallOverError, CutShortError):
        return _judged(call, stage, fault, 0.0)
    finally:
        with suppress(CallOverError):
            await call.hang_up()
    return _judged(call, stage, fault, asked_ms)


async def _asks(call: Call, stage: Stage, fault: Fault, question: Speech) -> float:
    """Say it, with the fault armed on the way; returns when the last of it was sent."""
    if stage.tried.layer != "stt":
        stage.arm(fault)
    saying = call.say(question)
    if stage.tried.layer == "stt":
        await asyncio.sleep(question.duration_ms / 2_000)
        stage.arm(fault)
    return (await saying).end_ms


def _judged(call: Call, stage: Stage, fault: Fault, asked_ms: float) -> Found:
    talks = [talk for talk in call.ear.talks if talk.first_ms >= asked_ms] if asked_ms else []
    if not talks:
        return Found(stage.tried.file, fault, None, len(words_of(REPLY)), 0)
    ends_ms = [asked_ms, *(talk.last_ms for talk in talks)]
    silence_ms = max(talk.first_ms - end_ms for talk, end_ms in zip(talks, ends_ms, strict=False))
    heard = heard_words(_since(call, asked_ms), REPLY)
    return Found(
        stage.tried.file, fault, silence_ms, len(words_of(REPLY)) - len(set(heard)), len(heard) - len(set(heard))
    )


def _since(call: Call, moment_ms: float) -> bytes:
    """What was heard from this moment on, PCM16 at 8 kHz."""
    arrivals_ns = call.ear.arrivals_ns
    before = sum(1 for arrival_ns in arrivals_ns if arrival_ns < moment_ms * NS_PER_MS)
    return call.ear.pcm()[before * PACKET_MS * 16 :]


def _written(folder: Path, stages: Sequence[Stage], healthy: Sequence[Stage]) -> Path:
    """Settings and dialplan: a vendor, an agent and a route for each cell."""
    named = {f"cell{place}": stage for place, stage in enumerate(stages)}
    standing_in = {f"healthy-{stage.tried.layer}": stage for stage in healthy}
    vendors = [
        vendor_text(name, stage.url, stage.tried.layer, stage.tried.protocol)
        for name, stage in (*named.items(), *standing_in.items())
    ]
    providers = {stage.tried.layer: f"{name}/{stage.tried.model}" for name, stage in standing_in.items()}
    dialplan = "".join(_agent(name, stage) for name, stage in named.items())
    return written(folder, dialplan, providers, vendors, 4 * AT_ONCE)


def _agent(name: str, stage: Stage) -> str:
    model = f'"{name}/{stage.tried.model}"'
    key = {"llm": "model", "stt": "audio.input.transcription.model", "tts": "audio.output.model"}[stage.tried.layer]
    return f'[[route]]\ndid = "{name}"\nagent = "{name}"\n[agents.{name}]\n{key} = {model}\n'
