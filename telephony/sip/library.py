"""How the house sets pjsua2 up. Rule: every option that is not the library's default stands here; SIP thread only."""

import errno
import os
from typing import Any, Final

import pjsua2 as pj

from telephony.settings import SipSettings, Trunk
from telephony.sip.invite import host_of

CLOCK_HZ: Final = 8_000
PTIME_MS: Final = 20
COMPILED_MAX_CALLS: Final = 512
# A line counts as free as soon as its call has ended for us; the library needs it until the far end has agreed.
_LINGERING_CALLS: Final = 64
_CODEC_PRIORITY: Final = 200
_OS_ERRORS: Final = 120_000  # PJ_ERRNO_START_SYS: what pjlib adds to errno
_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0"})


def start_library(library: Any, settings: SipSettings) -> None:
    """libInit, with what a trunk expects inside a call (manners.hpp) besides."""
    library.libInit(_endpoint_config(settings))
    pj.mind_manners()


def _endpoint_config(settings: SipSettings) -> Any:
    """One SIP thread, media in threads of its own that never see Python, an 8 kHz bridge of 20 ms frames."""
    config = pj.EpConfig()
    config.logConfig.level = 0
    config.logConfig.consoleLevel = 0
    config.logConfig.msgLogging = 0
    config.uaConfig.userAgent = settings.user_agent
    config.uaConfig.maxCalls = min(COMPILED_MAX_CALLS, settings.max_calls + _LINGERING_CALLS)
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.natTypeInSdp = 0
    media = config.medConfig
    media.clockRate = CLOCK_HZ
    media.sndClockRate = CLOCK_HZ
    media.channelCount = 1
    media.audioFramePtime = PTIME_MS
    media.ptime = PTIME_MS
    media.hasIoqueue = True
    media.threadCnt = 1
    media.noVad = True
    media.ecTailLen = 0
    media.sndAutoCloseTime = -1  # the null device is the clock: it never stops
    media.jbInit = 0
    media.jbMinPre = 0
    media.jbMaxPre = 160
    media.jbMax = 400
    return config


def open_transport(library: Any, settings: SipSettings, kind: str) -> int:
    """Listen on "udp" or "tcp"; returns the port. OSError names the address when it cannot be had."""
    port = settings.udp_port if kind == "udp" else settings.tcp_port
    config = pj.TransportConfig()
    config.port = port
    _set_addresses(config, settings)
    try:
        transport = library.transportCreate(pj.PJSIP_TRANSPORT_UDP if kind == "udp" else pj.PJSIP_TRANSPORT_TCP, config)
        address = str(library.transportGetInfo(transport).localAddress)
    except pj.Error as fault:
        code = fault.status - _OS_ERRORS
        why = os.strerror(code) if code in errno.errorcode else str(fault.reason)
        code = code if code in errno.errorcode else errno.EIO
        raise OSError(code, f"SIP over {kind.upper()} on {settings.bind_address}:{port}: {why}") from None
    return int(address.rpartition(":")[2])


def choose_codecs(library: Any, codecs: tuple[str, ...]) -> None:
    """Offer and take these codecs, in this order, and no others. telephone-event is always there."""
    order = {f"{name.upper()}/": _CODEC_PRIORITY - place for place, name in enumerate(codecs)}
    known = [str(codec.codecId) for codec in library.codecEnum2()]
    for codec in known:
        wanted = [priority for name, priority in order.items() if codec.upper().startswith(name)]
        library.codecSetPriority(codec, wanted[0] if wanted else 0)


def direct_account(settings: SipSettings, port: int) -> Any:
    """The account of calls that come and go without a trunk."""
    config = pj.AccountConfig()
    config.idUri = f"sip:{settings.user_agent.split('/')[0]}@{contact_host(settings)}:{port}"
    _set_media(config, settings)
    return config


def trunk_account(settings: SipSettings, trunk: Trunk) -> Any:
    """A trunk's account. pjsip refreshes a registration; the trunk itself decides when a failed one is tried again."""
    host = host_of(trunk.registrar)
    config = pj.AccountConfig()
    config.idUri = trunk.identity or f"sip:{trunk.username or trunk.name}@{host.partition(';')[0]}"
    config.regConfig.registrarUri = trunk.registrar
    config.regConfig.timeoutSec = trunk.expires_s
    config.regConfig.retryIntervalSec = 0
    config.regConfig.registerOnAdd = True
    if trunk.password is not None:
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", trunk.realm, trunk.username, 0, trunk.password.reveal())
        )
    if trunk.proxy:
        config.sipConfig.proxies.append(trunk.proxy)
    config.natConfig.sipOutboundUse = 0
    _set_media(config, settings)
    return config


def contact_host(settings: SipSettings) -> str:
    """The address by which others reach us, as far as settings say."""
    if settings.public_address:
        return settings.public_address
    return "localhost" if settings.bind_address in _ANY_ADDRESS else settings.bind_address


def _set_media(config: Any, settings: SipSettings) -> None:
    transport = config.mediaConfig.transportConfig
    transport.port = settings.rtp_first_port
    transport.portRange = settings.rtp_last_port - settings.rtp_first_port
    transport.randomizePort = True  # from where it looks for a free pair; it gives up after a hundred
    _set_addresses(transport, settings)
    config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_DISABLED
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL


def _set_addresses(config: Any, settings: SipSettings) -> None:
    """Without both, SDP and Contact offer whatever interface the library finds first."""
    if settings.bind_address not in _ANY_ADDRESS:
        config.boundAddress = settings.bind_address
        config.publicAddress = settings.bind_address
    if settings.public_address:
        config.publicAddress = settings.public_address
