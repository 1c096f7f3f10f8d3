"""What the service stands on, for `offhook doctor`: Redis, speech engines, models, folders, trunks.

Rule: each is tried as a call would use it; a package that is there may still not work.
"""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

from pipeline.providers import ProviderError
from pipeline.providers.embedded_stt import EmbeddedSpeechToText
from pipeline.providers.embedded_tts import EmbeddedVoice
from pipeline.providers.smart_turn import FILE, SmartTurn
from pipeline.providers.vad import Silero
from pipeline.realtime.config import SemanticVad, SessionConfig
from telephony.doctor_network import sip_ports_are_free
from telephony.finding import Finding, ok
from telephony.provider_table import EMBEDDED, ProviderTable, is_by
from telephony.settings import MediaSettings, ProviderSettings, RedisSettings, Settings, Trunk
from telephony.state.connection import StateError, server_version
from telephony.state.private_redis import RedisServerError, private_redis

if TYPE_CHECKING:
    from telephony.sip.trunk import TrunkLine

OLDEST_REDIS: Final = 7
REGISTER_S: Final = 8.0
UNAVAILABLE: Final = 503
SET_UP: Final = "run `make setup` in the project's folder"


async def redis(settings: RedisSettings) -> Finding:
    """The configured Redis, or a private one started for a moment."""
    try:
        if settings.url is not None:
            where, version = "the configured server", await server_version(settings.url.reveal())
        else:
            async with private_redis() as server:
                where, version = "none is configured; a private one", await server_version(server.url)
    except RedisServerError as error:
        return Finding("Redis", "fail", str(error), "install redis-server, or set OFFHOOK_REDIS_URL")
    except StateError as error:
        remedy = "start it, or correct redis.url (address, password, TLS)"
        return Finding("Redis", "fail", f"the configured server does not answer ({error})", remedy)
    if int(version.partition(".")[0] or 0) < OLDEST_REDIS:
        return Finding("Redis", "fail", f"{where} is version {version}", f"Redis {OLDEST_REDIS} or newer is needed")
    return ok("Redis", f"{where} answers, version {version}")


async def speech(settings: Settings, agents: Sequence[SessionConfig]) -> list[Finding]:
    """The embedded engines, and the models that tell speech from noise and a finished turn from a pause."""
    table, found = ProviderTable(settings.providers, known=settings.known), [_speech_model(settings.providers)]
    if any(isinstance(agent.audio.input.turn_detection, SemanticVad) for agent in agents):
        found.append(await _turn_model(settings.providers))
    if any(is_by(table.hearing(agent), EMBEDDED) for agent in agents):
        found.append(await _recogniser(settings.providers.recogniser_processes))
    speaking = [agent for agent in agents if is_by(table.speaking(agent), EMBEDDED)]
    voices = sorted({table.named(agent).audio.output.voice for agent in speaking})
    return [*found, *[await _voice(voice) for voice in voices]]


def _speech_model(settings: ProviderSettings) -> Finding:
    file = settings.models_dir.expanduser() / "silero_vad.onnx"
    try:
        Silero(file)
    except ProviderError:
        return Finding("speech model", "fail", f"{file} cannot be used", SET_UP)
    except ImportError as error:
        return Finding("speech model", "fail", f"Python has no {error.name}", SET_UP)
    return ok("speech model", f"{file} works")


async def _turn_model(settings: ProviderSettings) -> Finding:
    folder = settings.models_dir.expanduser()
    with SmartTurn(folder) as judge:
        if await judge.load():
            return ok("turn model", f"{folder / FILE} works")
    return Finding("turn model", "note", f"{folder / FILE} cannot be used: turns end without the sound of them", SET_UP)


async def _recogniser(processes: int) -> Finding:
    try:
        async with EmbeddedSpeechToText(processes, expect=["hello"]):
            many = f"{processes} processes" if processes > 1 else "one process"
            return ok("recogniser", f"the embedded one works, in {many}")
    except ProviderError as error:
        return Finding("recogniser", "fail", f"the embedded one does not start ({error})", SET_UP)


async def _voice(name: str) -> Finding:
    with EmbeddedVoice() as voice:
        try:
            async with aclosing(voice.speak("Ready.", name, 1.0)) as chunks:
                spoken_bytes = sum([len(chunk) async for chunk in chunks])
        except ProviderError as error:
            return Finding("voice", "fail", f"{name} does not speak ({error})", "apt-get install libflite1")
    if not spoken_bytes:
        return Finding("voice", "fail", f"{name} says nothing", "apt-get install --reinstall libflite1")
    return ok("voice", f"{name} speaks")


def recordings(media: MediaSettings) -> list[Finding]:
    """The folder that recordings go to."""
    folder = media.recordings_dir
    if folder is None:
        return []
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with TemporaryFile(dir=nearest) as file:
            file.write(b"?")
    except OSError as problem:
        remedy = "change its owner, or media.recordings_dir"
        return [Finding("recordings", "fail", f"{folder} cannot be written to: {problem.strerror}", remedy)]
    free_gib = shutil.disk_usage(nearest).free / 2**30
    found = f"{folder}, with {free_gib:.0f} GiB free"
    # Stereo PCM16 at 8 kHz: 32 kB a second, so an hour takes 0.11 GiB.
    if free_gib < 1:
        return [Finding("recordings", "note", found, "an hour of one call takes 0.11 GiB")]
    return [ok("recordings", found)]


async def trunks(settings: Settings) -> list[Finding]:
    """The SIP library, and a registration with each trunk, which is taken back at once."""
    try:
        from telephony.media.bridge import AudioBridge
        from telephony.sip.endpoint import Endpoint
    except ImportError as error:
        return [Finding("SIP library", "fail", f"pjsua2 cannot be loaded ({error})", SET_UP)]
    sip = settings.sip
    if not sip_ports_are_free(sip):
        # The service may be running; registering from another port disturbs it no more than a second telephone.
        udp, tcp, tls = map(_any_port, (sip.udp_port, sip.tcp_port, sip.tls_port))
        sip = replace(sip, udp_port=udp, tcp_port=tcp, tls_port=tls)
    bridge = AudioBridge(asyncio.get_running_loop(), wideband=settings.sip.wideband)
    try:
        async with Endpoint(sip, settings.trunks, bridge, lambda leg: leg.reject(UNAVAILABLE)) as endpoint:
            waiting = [_registration(trunk, endpoint.trunks[trunk.name]) for trunk in settings.trunks]
            return [ok("SIP library", "pjsua2 starts"), *await asyncio.gather(*waiting)]
    except OSError as error:
        return [Finding("SIP library", "fail", f"the endpoint does not start: {error}", "see the SIP ports above")]
    finally:
        bridge.close()


def _any_port(port: int | None) -> int | None:
    return port if port is None else 0


async def _registration(trunk: Trunk, line: "TrunkLine") -> Finding:
    from telephony.sip.trunk import Denied, in_words

    with suppress(TimeoutError):
        async with asyncio.timeout(REGISTER_S):
            while not line.is_up and not line.is_waiting:
                await line.changed()
    found = f"{line.server} {in_words(line.state)}"
    if line.is_up:
        return ok(f"trunk {trunk.name}", found)
    match line.state:
        case Denied(401 | 403 | 407):
            remedy = "correct the trunk's username, password and realm"
        case Denied():
            remedy = "ask the carrier about this number and account"
        case _:
            remedy = "correct the trunk's registrar or proxy; let SIP out through the firewall, and its answers in"
    return Finding(f"trunk {trunk.name}", "fail", found, remedy)
