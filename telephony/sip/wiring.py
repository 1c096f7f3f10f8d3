"""What a dialog is connected to on the bridge: its port, and what sounds around it. Rule: SIP thread only."""

from typing import Any, Final

import pjsua2 as pj

from pipeline.audio import FRAME_MS
from telephony.quality import Heard

SOUND: Final = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
_NO_SLOT: Final = -1


class Wiring:
    """One dialog's; `port` and `ambience` are None for as long as there is none."""

    def __init__(self) -> None:
        self.port: Any = None
        self.ambience: Any = None
        self._sounding: int | None = None  # the medium that should bring RTP; None on hold

    def connect(self, call: Any) -> bool:
        """Connect what there is to the call's medium as it is now; returns whether the far end waits at our wish."""
        # Held in a variable: iterating the media of a temporary reads freed memory.
        news = call.getInfo()
        index = next((i for i, medium in enumerate(news.media) if _sounds(medium)), None)
        on_hold = index is None or news.media[index].status != pj.PJSUA_CALL_MEDIA_ACTIVE
        self._sounding = None if on_hold else index
        if self.port and index is not None:
            sound = call.getAudioMedia(index)
            sound.startTransmit(self.port)
            self.port.startTransmit(sound)
            if self.ambience:
                self.ambience.startTransmit(sound)
        return any(medium.status == pj.PJSUA_CALL_MEDIA_LOCAL_HOLD for medium in news.media)

    def disconnect(self) -> None:
        """The dialog is over: let go of everything."""
        self.port = self.ambience = None

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


def _sounds(medium: Any) -> bool:
    return medium.status in SOUND and medium.audioConfSlot != _NO_SLOT
