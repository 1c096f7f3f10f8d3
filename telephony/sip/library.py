"""How the house sets pjsua2 up. Rule: every option that is not the library's default stands here; SIP thread only."""

import errno
import os
from typing import Any, Final

import pjsua2 as pj

from telephony.settings import SipSettings

CLOCK_HZ: Final = 8_000
WIDEBAND_CLOCK_HZ: Final = 16_000
PTIME_MS: Final = 20
COMPILED_MAX_CALLS: Final = 512
# A line counts as free as soon as its call has ended for us; the library needs it until the far end has agreed.
_LINGERING_CALLS: Final = 64
_CODEC_PRIORITY: Final = 200
_OS_ERRORS: Final = 120_000  # PJ_ERRNO_START_SYS: what pjlib adds to errno
_TRANSPORTS: Final = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}
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
    for server in settings.nameservers:
        config.uaConfig.nameserver.append(server)
    if settings.stun_server:
        config.uaConfig.stunServer.append(settings.stun_server)
    media = config.medConfig
    media.clockRate = media.sndClockRate = WIDEBAND_CLOCK_HZ if settings.wideband else CLOCK_HZ
    media.channelCount = 1
    media.audioFramePtime = PTIME_MS
    media.ptime = 0  # as the far end asks for, 20 ms when it does not say
    media.hasIoqueue = True
    media.threadCnt = 1
    media.noVad = True
    media.ecTailLen = 0
    media.sndAutoCloseTime = -1  # the null device is the clock: it never stops
    return config


def open_transport(library: Any, settings: SipSettings, kind: str, *, asks_names: bool = False) -> int:
    """Listen on "udp", "tcp" or "tls"; returns the port. OSError names the address when it cannot be had.

    With `asks_names`, who connects by TLS has to show a certificate that we trust, or none.
    """
    port = {"udp": settings.udp_port, "tcp": settings.tcp_port, "tls": settings.tls_port or 0}[kind]
    config = pj.TransportConfig()
    config.port = port
    set_addresses(config, settings)
    if kind == "tls":
        _set_tls(config.tlsConfig, settings, asks_names=asks_names)
    try:
        transport = library.transportCreate(_TRANSPORTS[kind], config)
        address = str(library.transportGetInfo(transport).localAddress)
    except pj.Error as fault:
        code = fault.status - _OS_ERRORS
        why = os.strerror(code) if code in errno.errorcode else str(fault.reason)
        code = code if code in errno.errorcode else errno.EIO
        raise OSError(code, f"SIP over {kind.upper()} on {settings.bind_address}:{port}: {why}") from None
    return int(address.rpartition(":")[2])


def _set_tls(config: Any, settings: SipSettings, *, asks_names: bool) -> None:
    config.certFile = str(settings.tls_certificate or "")
    config.privKeyFile = str(settings.tls_key or "")
    config.CaListFile = str(settings.tls_authorities)
    config.verifyServer = settings.tls_verify
    config.verifyClient = asks_names
    config.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2 | pj.PJ_SSL_SOCK_PROTO_TLS1_3


def choose_codecs(library: Any, codecs: tuple[str, ...]) -> None:
    """Offer and take these codecs, in this order, and no others. telephone-event is always there."""
    order = {f"{name.upper()}/": _CODEC_PRIORITY - place for place, name in enumerate(dict.fromkeys(codecs))}
    known = [str(codec.codecId) for codec in library.codecEnum2()]
    for codec in known:
        wanted = [priority for name, priority in order.items() if codec.upper().startswith(name)]
        library.codecSetPriority(codec, wanted[0] if wanted else 0)


def contact_host(settings: SipSettings) -> str:
    """The address by which others reach us, as far as settings say."""
    if settings.public_address:
        return settings.public_address
    return "localhost" if settings.bind_address in _ANY_ADDRESS else settings.bind_address


def set_addresses(config: Any, settings: SipSettings) -> None:
    """Without both, SDP and Contact offer whatever interface the library finds first."""
    if settings.bind_address not in _ANY_ADDRESS:
        config.boundAddress = settings.bind_address
        if not settings.stun_server:  # which tells the address that others see
            config.publicAddress = settings.bind_address
    if settings.public_address:
        config.publicAddress = settings.public_address
