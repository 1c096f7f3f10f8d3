"""Long messages of WebSocket clients: in pieces on the wire, in slices behind it. Rule: real frames, any cut."""

import base64
import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from pipeline.realtime.client import CreateItem, Refusal
from telephony.control.client_frames import Appended, decoded, event_of
from telephony.control.frame_splitter import PIECE_BYTES, FrameSplitter
from telephony.control.websocket_protocol import LONG_BYTES, PIECES

LENGTHS = st.sampled_from([0, 1, 125, 126, 65_535, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 5])
OPCODES = st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING])
SOUND = random.Random(3).randbytes(2 * LONG_BYTES)
AUDIO = base64.b64encode(SOUND).decode()


def received(stream: Iterator[bytes]) -> list[tuple[Opcode, bytes]]:
    """The messages that a server makes of this stream."""
    server = Protocol(Side.SERVER, state=State.OPEN, max_size=None)
    for part in stream:
        server.receive_data(part)
    messages: list[tuple[Opcode, bytes]] = []
    open_message: tuple[Opcode, bytes] | None = None
    for frame in server.events_received():
        assert isinstance(frame, Frame)
        assert len(frame.data) <= PIECE_BYTES
        if frame.opcode is Opcode.CONT:
            assert open_message is not None
            open_message = open_message[0], open_message[1] + bytes(frame.data)
        elif frame.opcode is Opcode.PING:
            messages.append((frame.opcode, bytes(frame.data)))
            continue
        else:
            assert open_message is None
            open_message = frame.opcode, bytes(frame.data)
        if frame.fin:
            messages.append(open_message)
            open_message = None
    assert open_message is None
    return messages


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(OPCODES, LENGTHS), max_size=5), st.integers(1, 300_000))
def test_whatever_the_frames_and_however_they_arrive_the_messages_are_the_same(
    frames: list[tuple[Opcode, int]], step: int
) -> None:
    sent = [
        (opcode, random.Random(n).randbytes(min(length, 125) if opcode is Opcode.PING else length))
        for n, (opcode, length) in enumerate(frames)
    ]
    wire = b"".join(Frame(opcode, payload).serialize(mask=True) for opcode, payload in sent)
    splitter = FrameSplitter(1 << 30)

    assert received(splitter.split(wire[at : at + step]) for at in range(0, len(wire), step)) == sent


def test_a_frame_longer_than_any_may_be_is_left_to_be_refused() -> None:
    frame = Frame(Opcode.TEXT, bytes(300_000)).serialize(mask=True)

    assert FrameSplitter(299_999).split(frame) == frame


def in_pieces(text: str, piece: int = PIECE_BYTES) -> dict[str, object]:
    raw = text.encode()
    return {"type": "websocket.receive", PIECES: [raw[at : at + piece] for at in range(0, len(raw), piece)]}


async def sound_of(text: str, piece: int = PIECE_BYTES) -> bytes | None:
    event = event_of(in_pieces(text, piece))
    assert isinstance(event, Appended)
    slices = await decoded(event.parts)
    return None if slices is None else b"".join(slices)


@pytest.mark.parametrize("piece", [PIECE_BYTES, PIECE_BYTES + 1, 99_999])
async def test_a_long_append_is_what_was_sent(piece: int) -> None:
    text = json.dumps({"type": "input_audio_buffer.append", "event_id": "mine", "audio": AUDIO})

    assert await sound_of(text, piece) == SOUND


async def test_the_fields_may_come_in_any_order_and_their_escapes_in_any_place() -> None:
    escaped = AUDIO.replace("/", "\\/").replace("+", "\\u002B")
    text = f'{{ "audio" : "{escaped}", "event_id": "mine", "type": "input_audio_buffer.append"}}'

    assert await sound_of(text) == SOUND
    assert await sound_of(text, 65_537) == SOUND


@pytest.mark.parametrize("wrong", ["!", "=", "\\u00e4", "A"])
async def test_wrong_base64_is_found_wherever_it_is(wrong: str) -> None:
    for at in (0, len(AUDIO) // 2, len(AUDIO)):
        text = json.dumps({"type": "input_audio_buffer.append", "audio": AUDIO[:at] + "~" + AUDIO[at:]})
        assert await sound_of(text.replace("~", wrong)) is None


async def test_padding_in_the_middle_is_no_base64() -> None:
    padded = base64.b64encode(bytes(PIECE_BYTES * 3 // 4 - 1)).decode()
    halves = [padded.encode(), padded.encode()]

    assert await decoded(halves) is None


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"type": "session.update", "session": {"instructions": "x" * LONG_BYTES}}),
        json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA", "padding": "x" * (2 * LONG_BYTES)}),
        '{"type": "input_audio_buffer.append", "audio": "' + AUDIO,
        '{"audio": "' + AUDIO + '"}',
        "x" * 2 * LONG_BYTES,
    ],
)
def test_what_is_long_and_no_audio_is_refused(text: str) -> None:
    assert isinstance(event_of(in_pieces(text)), Refusal)


def test_a_message_of_a_history_may_bring_its_sound() -> None:
    content = [{"type": "input_audio", "audio": AUDIO, "transcript": "hello"}]
    item = {"type": "message", "role": "user", "content": content}

    event = event_of(in_pieces(json.dumps({"type": "conversation.item.create", "item": item})))

    assert isinstance(event, CreateItem)
