"""What one call received. Rule: every packet is noted with its arrival time; nothing is judged but loud or not."""

from array import array

from telephony.wire import rtp
from telephony.wire.listening import TalkSpotter
from telephony.wire.sdp import PAYLOAD_TYPES, Law
from telephony.wire.speech import decoded, level_of, loudness_table

NS_PER_MS = 1_000_000
LAWS: dict[int, Law] = {number: law for law, number in PAYLOAD_TYPES.items()}


class Ear:
    """One stream's notes: parallel columns, one entry per packet in order of arrival."""

    def __init__(self, *, keep_audio: bool) -> None:
        self._events_type: int | None = None
        self._keep_audio = keep_audio
        self._tables = {number: loudness_table(law) for number, law in LAWS.items()}
        self._known = set(LAWS)
        self._event_timestamp = -1
        self._spotter = TalkSpotter()
        self.talks = self._spotter.talks
        self.speaking = self._spotter.speaking
        self.silent_ms = self._spotter.silent_ms
        self.arrivals_ns = array("q")
        self.sequences = array("H")
        self.timestamps = array("I")
        self.ssrcs = array("I")
        self.payloads: list[tuple[int, bytes]] = []
        self.digits: list[str] = []
        self.strange = 0
        self.dropped = 0

    def expect_events(self, payload_type: int | None) -> None:
        """Key presses come as this payload type, or not at all."""
        self._events_type = payload_type
        self._known = set(LAWS) if payload_type is None else {*LAWS, payload_type}

    def hear(self, wire: bytes, arrival_ns: int) -> None:
        """One datagram; what is no packet of this call (RTCP, garbage) is counted as strange."""
        packet = rtp.read(wire)
        if packet is None or packet.payload_type not in self._known:
            self.strange += 1
            return
        self.arrivals_ns.append(arrival_ns)
        self.sequences.append(packet.sequence)
        self.timestamps.append(packet.timestamp)
        self.ssrcs.append(packet.ssrc)
        if self._keep_audio:
            self.payloads.append((packet.payload_type, packet.payload))
        if packet.payload_type == self._events_type:
            self._feel(packet)
        else:
            level = level_of(packet.payload, self._tables[packet.payload_type])
            self._spotter.hear(arrival_ns / NS_PER_MS, level)

    def pcm(self) -> bytes:
        """All audio that was kept, packet after packet, PCM16 at 8 kHz; silence where a key was pressed."""
        return b"".join(
            decoded(payload, LAWS[kind]) if kind in LAWS else bytes(2 * rtp.PACKET_SAMPLES)
            for kind, payload in self.payloads
        )

    def _feel(self, packet: rtp.Packet) -> None:
        digit = rtp.key_released(packet.payload)
        if digit is not None and packet.timestamp != self._event_timestamp:
            self._event_timestamp = packet.timestamp
            self.digits.append(digit)
