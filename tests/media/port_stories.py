"""What a RingPort promises while the bridge ticks: `port_stories.py NAME` tells one story in a process of its own.

A story that kills the process or breaks a promise ends it with something other than 0.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
import pjsua2
from numpy.typing import NDArray

FRAME = 160
FADE = 8
PATIENCE_S = 30.0


class Bridge:
    """The library with a bridge that ticks on the null device, and no sound card."""

    def __enter__(self) -> Bridge:
        self.endpoint = pjsua2.Endpoint()
        self.endpoint.libCreate()
        config = pjsua2.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.logConfig.level = 1
        config.logConfig.consoleLevel = 1
        config.medConfig.clockRate = 8_000
        config.medConfig.sndAutoCloseTime = -1
        config.medConfig.noVad = True
        self.endpoint.libInit(config)
        self.endpoint.audDevManager().setNullDev()
        self.endpoint.libStart()
        self.wake = pjsua2.Wake()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.endpoint.libDestroy()
        # A second Endpoint beside this one would abort the process.
        del self.endpoint

    def new_port(self, **lengths: int) -> pjsua2.RingPort:
        return pjsua2.RingPort(self.wake, **lengths)

    def port_count(self) -> int:
        return len(self.endpoint.mediaEnumPorts2())

    def until(self, happened: Callable[[], bool]) -> None:
        """Serves the library and waits for the clock until something has happened."""
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline, "it never happened"
            self.endpoint.libHandleEvents(0)
            select.select([self.wake.fileno()], [], [], 0.1)
            self.wake.take()

    def ticks(self, port: pjsua2.RingPort, count: int) -> None:
        """Waits for some ticks of the clock."""
        target = port.captured() + count * FRAME
        self.until(lambda: port.captured() >= target)


def join(*ports: pjsua2.RingPort) -> None:
    """Lets each of two ports hear the other, or one hear itself."""
    first, last = ports[0], ports[-1]
    first.startTransmit(last)
    if first is not last:
        last.startTransmit(first)


def speech(samples: int, seed: int = 1) -> NDArray[np.int16]:
    pcm: NDArray[np.int16] = np.random.default_rng(seed).integers(-9_000, 9_000, samples).astype(np.int16)
    pcm |= 1
    return pcm


def hear(bridge: Bridge, port: pjsua2.RingPort, samples: int) -> NDArray[np.int16]:
    """Reads a port until so many samples that are not silence have come; returns those."""
    heard = bytearray()

    def enough() -> bool:
        heard.extend(port.read())
        return int(np.count_nonzero(np.frombuffer(heard, np.int16))) >= samples

    bridge.until(enough)
    pcm = np.frombuffer(heard, np.int16)
    spoken: NDArray[np.int16] = pcm[pcm != 0]
    return spoken


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def two_ports_hear_each_other_to_the_bit() -> None:
    with Bridge() as bridge:
        caller, agent = bridge.new_port(), bridge.new_port()
        join(caller, agent)
        assert caller.write(speech(4_000, 1).tobytes()) == 4_000
        assert agent.write(speech(4_000, 2).tobytes()) == 4_000
        assert np.array_equal(hear(bridge, agent, 4_000), speech(4_000, 1))
        assert np.array_equal(hear(bridge, caller, 4_000), speech(4_000, 2))
        assert caller.played() == 4_000


def a_port_hears_itself() -> None:
    with Bridge() as bridge:
        port = bridge.new_port()
        join(port)
        port.write(speech(1_000).tobytes())
        assert np.array_equal(hear(bridge, port, 1_000), speech(1_000))


def a_flush_is_heard_at_once_and_gives_the_rest_back() -> None:
    with Bridge() as bridge:
        caller, agent = bridge.new_port(), bridge.new_port()
        join(caller, agent)
        agent.write(speech(10 * FRAME).tobytes())
        agent.mark(1)
        bridge.until(lambda: agent.played() >= 3 * FRAME)
        unplayed = np.frombuffer(agent.flush(), np.int16)
        assert agent.take_marks() == ([], [1])
        heard = hear(bridge, caller, agent.played())
        bridge.ticks(caller, 5)
        assert not np.any(np.frombuffer(caller.read(), np.int16))
        assert np.array_equal(np.concatenate([heard, unplayed]), speech(10 * FRAME))
        assert (agent.played(), agent.flushed(), agent.written()) == (len(heard), len(unplayed), 10 * FRAME)
        assert agent.underruns() == 0


def a_pause_is_silent_within_a_tick_and_goes_on_from_the_sample() -> None:
    with Bridge() as bridge:
        caller, agent = bridge.new_port(), bridge.new_port()
        join(caller, agent)
        agent.write(speech(10 * FRAME).tobytes())
        bridge.until(lambda: agent.played() >= 3 * FRAME)
        agent.pause()
        bridge.ticks(agent, 2)
        played = agent.played()
        bridge.ticks(agent, 5)
        assert agent.played() == played
        caller.read()
        bridge.ticks(caller, 3)
        assert not any(caller.read())
        agent.resume()
        rest = hear(bridge, caller, 10 * FRAME - played - FADE)
        assert np.array_equal(rest[-(10 * FRAME - played - FADE) :], speech(10 * FRAME)[played + FADE :])
        assert (agent.played(), agent.flushed(), agent.underruns()) == (10 * FRAME, 0, 0)


def a_flush_lets_a_pause_go() -> None:
    with Bridge() as bridge:
        caller, agent = bridge.new_port(), bridge.new_port()
        join(caller, agent)
        agent.write(speech(5 * FRAME).tobytes())
        agent.pause()
        bridge.ticks(agent, 2)
        assert len(agent.flush()) == 2 * 5 * FRAME
        agent.write(speech(800, 2).tobytes())
        assert np.array_equal(hear(bridge, caller, 800), speech(800, 2))


def a_mark_is_heard() -> None:
    with Bridge() as bridge:
        port = bridge.new_port()
        join(port)
        port.write(speech(500).tobytes())
        port.mark(2**40)
        marks: list[int] = []

        def heard() -> bool:
            marks.extend(port.take_marks()[0])
            return marks == [2**40]

        bridge.until(heard)
        assert port.played() == 500


def a_recording_puts_both_sides_of_a_tick_together() -> None:
    with Bridge() as bridge:
        port = bridge.new_port(record_samples=8_000)
        join(port)
        port.set_recording(True)
        port.write(speech(1_000).tobytes())
        hear(bridge, port, 1_000)
        port.set_recording(False)
        stereo = np.frombuffer(port.read_record(), np.int16).reshape(-1, 2)
        assert np.count_nonzero(stereo) == 2_000
        assert np.array_equal(stereo[:, 0], stereo[:, 1])


def all_ports_wake_one_loop() -> None:
    with Bridge() as bridge:
        ports = [bridge.new_port() for _ in range(20)]
        for port in ports:
            bridge.ticks(port, 3)
        writes = []
        for _ in range(5):
            bridge.wake.take()
            select.select([bridge.wake.fileno()], [], [], PATIENCE_S)
            writes.append(os.eventfd_read(bridge.wake.fileno()))
        assert writes == [1] * 5, writes


def wrong_use_is_refused() -> None:
    wake = pjsua2.Wake()
    expect_error(lambda: pjsua2.RingPort(wake))
    with Bridge() as bridge:
        expect_error(lambda: bridge.new_port(clock_hz=0))
        port = bridge.new_port()
        for wrong in (b"\0", "text", None):
            try:
                port.write(wrong)
            except (ValueError, TypeError):
                continue
            raise AssertionError(f"{wrong!r} was taken for PCM16")


def expect_error(act: Callable[[], object]) -> None:
    try:
        act()
    except pjsua2.Error:
        return
    raise AssertionError("that should have been refused")


def a_full_bridge_refuses_and_recovers() -> None:
    with Bridge() as bridge:
        ports: list[pjsua2.RingPort] = []
        try:
            while len(ports) < 5_000:
                ports.append(bridge.new_port(capture_samples=FRAME, playout_samples=FRAME))
        except pjsua2.Error:
            pass
        assert 1_000 < len(ports) < 5_000
        watch = ports.pop()
        ports.clear()
        bridge.until(lambda: bridge.port_count() == 2)
        ports.append(bridge.new_port())
        bridge.ticks(ports[0], 2)
        del watch
        ports.clear()


@contextmanager
def nothing_left_behind(bridge: Bridge, rounds: int) -> Iterator[range]:
    """What the process holds after `rounds` is what it held when they began."""
    before = (threads(), descriptors(), bridge.port_count())
    yield range(rounds)
    gc.collect()
    bridge.until(lambda: bridge.port_count() == before[2])
    assert (threads(), descriptors(), bridge.port_count()) == before


def ports_go_in_any_order_while_the_bridge_ticks() -> None:
    dice = random.Random(1)
    with Bridge() as bridge:
        watch = bridge.new_port()
        resident = 0
        with nothing_left_behind(bridge, 200) as rounds:
            for round_ in rounds:
                ports = [bridge.new_port(record_samples=800) for _ in range(4)]
                for one, other in itertools.pairwise(ports):
                    join(one, other)
                for port in ports:
                    port.set_recording(True)
                    port.write(speech(800).tobytes())
                if dice.random() < 0.5:
                    bridge.ticks(watch, dice.randrange(3))
                del port, one, other
                dice.shuffle(ports)
                while ports:
                    if dice.random() < 0.3:
                        bridge.ticks(watch, 1)
                    ports.pop()
                if round_ == 50:
                    resident = resident_bytes()
        assert resident_bytes() - resident < 2_000_000, "memory grew"


def a_port_outlives_the_library() -> None:
    for _ in range(5):
        with Bridge() as bridge:
            ports = [bridge.new_port() for _ in range(3)]
            join(ports[0], ports[1])
            ports[0].write(speech(800).tobytes())
            bridge.ticks(ports[2], 2)
        assert ports[2].captured() >= 2 * FRAME
        ports[0].flush()
        ports.clear()


def a_port_outlives_the_library_into_its_next_run() -> None:
    with Bridge() as bridge:
        old = bridge.new_port()
    with Bridge() as bridge:
        new = bridge.new_port()
        old_slot_is_now_another_ports = old.getPortId() == new.getPortId()
        assert old_slot_is_now_another_ports
        del old
        bridge.ticks(new, 5)
        assert bridge.port_count() == 2


def a_thread_the_library_does_not_know_drops_a_port() -> None:
    with Bridge() as bridge:
        watch = bridge.new_port()
        with nothing_left_behind(bridge, 20) as rounds:
            for _ in rounds:
                ports = [bridge.new_port(), bridge.new_port()]
                join(*ports)
                stranger = threading.Thread(target=ports.clear)
                stranger.start()
                stranger.join()
                bridge.ticks(watch, 1)
        del watch
        late = [bridge.new_port()]
    stranger = threading.Thread(target=late.clear)
    stranger.start()
    stranger.join()


def the_wake_goes_before_its_ports() -> None:
    with Bridge() as bridge:
        watch = bridge.new_port()
        wakes = [pjsua2.Wake()]
        ports = [pjsua2.RingPort(wakes[0])]
        signal = wakes.pop().fileno()
        bridge.ticks(watch, 3)
        os.fstat(signal)
        ports.clear()
        bridge.until(lambda: not is_open(signal))


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


class Line(pjsua2.Call):  # type: ignore[misc]
    """One end of a call, with the port that it hears and speaks through."""

    def __init__(self, account: pjsua2.Account, call_id: int, port: pjsua2.RingPort) -> None:
        super().__init__(account, call_id)
        self.ports = [port]
        self.ended = False

    def onCallMediaState(self, _: pjsua2.OnCallMediaStateParam) -> None:  # noqa: N802
        media = self.getAudioMedia(-1)
        for port in self.ports:
            media.startTransmit(port)
            port.startTransmit(media)

    def onCallState(self, _: pjsua2.OnCallStateParam) -> None:  # noqa: N802
        self.ended = self.getInfo().state == pjsua2.PJSIP_INV_STATE_DISCONNECTED


class Telephone(pjsua2.Account):  # type: ignore[misc]
    """Calls itself on loopback and answers."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge = bridge
        self.lines: list[Line] = []
        transport = pjsua2.TransportConfig()
        transport.boundAddress = "127.0.0.1"
        self.transport = bridge.endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)
        config = pjsua2.AccountConfig()
        config.idUri = "sip:phone@127.0.0.1"
        config.sipConfig.transportId = self.transport
        config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        self.create(config)

    def onIncomingCall(self, told: pjsua2.OnIncomingCallParam) -> None:  # noqa: N802
        self.lines.append(Line(self, told.callId, self.bridge.new_port()))
        answer = pjsua2.CallOpParam()
        answer.statusCode = 200
        self.lines[-1].answer(answer)

    def call(self) -> None:
        address = self.bridge.endpoint.transportGetInfo(self.transport).localName
        self.lines.append(Line(self, pjsua2.PJSUA_INVALID_ID, self.bridge.new_port()))
        self.lines[0].makeCall(f"sip:phone@{address}", pjsua2.CallOpParam(True))

    def is_heard(self) -> bool:
        """Says a frame into the calling end; whether the called end hears something."""
        self.lines[0].ports[0].write(speech(FRAME).tobytes())
        return len(self.lines) == 2 and any(self.lines[1].ports[0].read())

    def has_ended(self) -> bool:
        return all(line.ended for line in self.lines)


def ports_go_before_or_after_the_call_they_are_connected_to() -> None:
    with Bridge() as bridge:
        telephone = Telephone(bridge)
        watch = bridge.new_port()
        for ports_go_first in (True, False, True, False):
            telephone.call()
            bridge.until(telephone.is_heard)
            ports = [port for line in telephone.lines for port in line.ports]
            for line in telephone.lines:
                line.ports.clear()
            if ports_go_first:
                ports.clear()
                bridge.ticks(watch, 3)
            telephone.lines[0].hangup(pjsua2.CallOpParam())
            bridge.until(telephone.has_ended)
            telephone.lines.clear()
            ports.clear()
            del line
            bridge.until(lambda: bridge.port_count() == 2)
        telephone.shutdown()
        del telephone


if __name__ == "__main__":
    globals()[sys.argv[1]]()
