"""Recognisers change in mid-call, and every sample reaches one of them. Rule: only the vendors are simulated."""

import asyncio
from pathlib import Path

import numpy as np

from telephony.bench.vendor_servers.deepgram_nova_server import DeepgramNovaServer
from telephony.secret import Secret
from telephony.settings import ProviderSettings
from telephony.vendor_table import Vendor
from tests.drive.offhook import House, a_house, chosen
from tests.drive.realtime import talking
from tests.drive.web import address, sdk

SESSIONS = 8
CHUNK = 800
"""Bytes of mu-law: 100 ms."""
LAW = {"type": "audio/pcmu"}


def noise(seed: int, ms: int) -> bytes:
    """mu-law codes; 0x7F, the second name of silence, comes back as the first and is left out."""
    codes = np.random.default_rng(seed).integers(0, 255, 8 * ms, dtype=np.uint8)
    return bytes(np.where(codes == 0x7F, 0, codes).astype(np.uint8))


async def swaps(house: House, seed: int) -> None:
    """Speaks, is given another recogniser in mid-word, goes on, and speaks again."""
    first, second = noise(seed, 1_200), noise(seed + 100, 700)
    hears = {"format": LAW, "turn_detection": None, "transcription": {"model": "one/nova-3"}}
    async with sdk(address(house)) as client, talking(client, model="scripted/desk") as talk:
        await talk.update(audio={"input": hears})
        await talk.send(first[:5_000], CHUNK)
        await talk.update(audio={"input": {"transcription": {"model": "two/nova-3"}}})
        await talk.send(first[5_000:], CHUNK)
        await talk.connection.input_audio_buffer.commit()
        await talk.sees("conversation.item.input_audio_transcription.completed")
        await talk.send(second, CHUNK)
        await talk.connection.input_audio_buffer.commit()
        await talk.sees("conversation.item.input_audio_transcription.completed")


async def test_what_many_sessions_commit_is_what_they_sent_while_recognisers_change(tmp_path: Path) -> None:
    async with DeepgramNovaServer() as one, DeepgramNovaServer() as two:
        vendors = {
            name: Vendor(base_url=server.url, api_key=Secret("key"), stt="deepgram")
            for name, server in (("one", one), ("two", two))
        }
        settings = chosen(tmp_path, providers=ProviderSettings(llm="scripted/desk"), vendors=vendors)
        async with a_house(settings) as house, asyncio.TaskGroup() as tasks:
            for seed in range(SESSIONS):
                tasks.create_task(swaps(house, seed))

    assert sorted(one.heard) == sorted(noise(seed, 1_200) for seed in range(SESSIONS))
    assert sorted(two.heard) == sorted(noise(seed + 100, 700) for seed in range(SESSIONS))
