"""What a dialog is connected to on the bridge: its port, and what sounds around it. Rule: SIP thread only."""

from contextlib import suppress
from typing import Any, Final

import pjsua2 as pj

from pipeline.audio import FRAME_MS
from telephony.leg import Muted
from telephony.quality import Heard

SOUND: Final = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
_NO_SLOT: Final = -1


class Wiring:
    """One dialog's; `port`, `ambience`, `music` and `announcement` are None for as long as there is none."""

    def __init__(self) -> None:
        self.port: Any = None
        self.ambience: Any = None
        self.music: Any = None  # for a far end that we let wait
        self.announcement: Any = None  # for a caller who is not answered yet
        self.holds = (False, False)
        """Whether the far end waits at our wish, and we at theirs."""
        self._soothing: Any = None
        self._partner: Wiring | None = None
        self._sound: Any = None  # the medium's audio as it was connected last
        self._has_sound = False  # else the medium that was connected last may be another call's by now
        self._muted: set[Muted] = set()
        self._sounding: int | None = None  # the place in the SDP of what should bring RTP; None on hold

    def connect(self, call: Any) -> None:
        """Connect what there is to the call's medium as it is now."""
        # Held in a variable: iterating the media of a temporary reads freed memory.
        news = call.getInfo()
        statuses = [medium.status for medium in news.media]
        self.holds = (pj.PJSUA_CALL_MEDIA_LOCAL_HOLD in statuses, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD in statuses)
        index = next((i for i, medium in enumerate(news.media) if _sounds(medium)), None)
        on_hold = index is None or news.media[index].status != pj.PJSUA_CALL_MEDIA_ACTIVE
        self._has_sound = index is not None
        self._sounding = None if index is None or on_hold else news.media[index].index
        if self.port and index is not None:
            sound = self._sound = call.getAudioMedia(index)
            sound.startTransmit(self.port)
            self.port.startTransmit(sound)
            self._level(sound)
            for beside in filter(None, (self.ambience, self._soothing)):
                beside.startTransmit(sound)
            self._meet()
        if self.announcement and index is not None:
            self.announcement.startTransmit(call.getAudioMedia(index))
        if self.music:
            for index in (i for i, medium in enumerate(news.media) if _waits(medium)):
                self.music.startTransmit(call.getAudioMedia(index))

    def join(self, call: Any, other: "Wiring", other_call: Any) -> None:
        """Connect with another dialog's medium, now and whenever either is connected anew."""
        self._partner, other._partner = other, self
        other.connect(other_call)
        self.connect(call)

    def soothe(self, call: Any, music: Any) -> None:
        """Play this, and what was played before no longer."""
        if self._soothing and self._sound:
            with suppress(pj.Error):  # a medium that has gone meanwhile hears nothing any more
                self._soothing.stopTransmit(self._sound)
        self._soothing = music
        self.connect(call)

    def mute(self, call: Any, who: Muted, on: bool) -> None:
        """Let one side not be heard by the other from now on."""
        self._muted = self._muted | {who} if on else self._muted - {who}
        news = call.getInfo()
        for index in (i for i, medium in enumerate(news.media) if _sounds(medium)):
            self._level(call.getAudioMedia(index))

    def tells_keys(self, call: Any) -> bool:
        """Whether telephone-event was agreed on; what has no stream yet is taken to have it."""
        return self._sounding is None or call.getStreamInfo(self._sounding).audTxEventPt >= 0

    def inherit(self, elder: "Wiring", *, live: bool) -> None:
        """Take over all that another has but its medium; that, if it is `live`, is let go of."""
        others = [elder.port, elder._partner._sound if elder._partner else None]
        if live and elder._sound:
            for other in filter(None, others):
                elder._sound.stopTransmit(other)
                other.stopTransmit(elder._sound)
        self.port, self.ambience, self.music = elder.port, elder.ambience, elder.music
        self._soothing, self._muted, self._partner = elder._soothing, elder._muted, elder._partner
        if self._partner:
            self._partner._partner = self
        elder._partner = None
        elder.disconnect()

    def disconnect(self) -> None:
        """The dialog is over: let go of everything."""
        if self._partner:
            self._partner._partner = None
        self.port = self.ambience = self.music = self.announcement = None
        self._soothing = self._sound = self._partner = None

    def heard(self, call: Any) -> Heard | None:
        """What came, and how well; None while nothing is expected."""
        if self._sounding is None:
            return None
        stat = call.getStreamStat(self._sounding)
        rtcp = stat.rtcp
        came, went = rtcp.rxStat, rtcp.txStat
        return Heard(
            received=int(came.pkt),
            lost=int(came.loss),
            jitter_ms=came.jitterUsec.mean / 1_000,
            delay_ms=rtcp.rttUsec.mean / 2_000 + stat.jbuf.avgDelayMsec + FRAME_MS,
            sent=int(went.pkt),
            lost_there=int(went.loss) if went.updateCount else None,
        )

    def _meet(self) -> None:
        other = self._partner._sound if self._partner and self._partner._has_sound else None
        if other:
            other.startTransmit(self._sound)
            self._sound.startTransmit(other)

    def _level(self, sound: Any) -> None:
        """The room around a muted agent stays: the agent's own port falls silent, not the line."""
        # "Tx" is what the bridge gets of a port, in pjsua2's words.
        self.port.adjustTxLevel(0.0 if "agent" in self._muted else 1.0)
        sound.adjustTxLevel(0.0 if "caller" in self._muted else 1.0)


def _sounds(medium: Any) -> bool:
    return medium.status in SOUND and medium.audioConfSlot != _NO_SLOT


def _waits(medium: Any) -> bool:
    return bool(medium.status == pj.PJSUA_CALL_MEDIA_LOCAL_HOLD and medium.audioConfSlot != _NO_SLOT)
