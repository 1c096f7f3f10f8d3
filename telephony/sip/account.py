"""The accounts that pjsua2 keeps for us. Rule: what a line's settings say stands here; SIP thread only."""

from typing import Any, Final

import pjsua2 as pj

from telephony.line_settings import LineSettings
from telephony.settings import SipSettings, Trunk
from telephony.sip.invite import host_of
from telephony.sip.library import contact_host, set_addresses
from telephony.sip.next_hops import Hop

_SRTP: Final = {
    "off": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "required": pj.PJMEDIA_SRTP_MANDATORY,
}
_KEYINGS: Final = {"sdes": pj.PJMEDIA_SRTP_KEYING_SDES, "dtls": pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP}
_RELIABLE: Final = {
    "off": pj.PJSUA_100REL_NOT_USED,
    "optional": pj.PJSUA_100REL_OPTIONAL,
    "required": pj.PJSUA_100REL_MANDATORY,
}
_TIMER: Final = {
    "off": pj.PJSUA_SIP_TIMER_INACTIVE,
    "optional": pj.PJSUA_SIP_TIMER_OPTIONAL,
    "required": pj.PJSUA_SIP_TIMER_REQUIRED,
}


def direct_account(settings: SipSettings, port: int) -> Any:
    """The account of calls that come and go without a trunk."""
    config = pj.AccountConfig()
    config.idUri = f"sip:{settings.user_agent.split('/')[0]}@{contact_host(settings)}:{port}"
    _set_line(config, settings, settings)
    return config


def trunk_account(settings: SipSettings, trunk: Trunk, hop: Hop, line: str, *, first: bool) -> Any:
    """A trunk's account with one of its servers; its Contact bears the secret `line`.

    pjsip registers with the first, and refreshes a registration; the trunk itself decides when a failed one is tried
    again.
    """
    host = host_of(hop.server)
    config = pj.AccountConfig()
    config.idUri = trunk.identity or f"sip:{trunk.username or trunk.name}@{host.partition(';')[0]}"
    if trunk.register:
        config.regConfig.registrarUri = hop.server
        # Not regConfig's: the library reads past the end of a Contact to which it adds those.
        config.sipConfig.contactUriParams = f";line={line}"
    config.regConfig.timeoutSec = trunk.expires_s
    config.regConfig.retryIntervalSec = 0
    config.regConfig.registerOnAdd = first
    if trunk.password is not None:
        config.sipConfig.authCreds.append(
            pj.AuthCredInfo("digest", trunk.realm, trunk.username, 0, trunk.password.reveal())
        )
    for route in filter(None, (hop.route, trunk.proxy)):
        config.sipConfig.proxies.append(route)
    config.natConfig.sipOutboundUse = 0
    _set_line(config, settings, trunk)
    return config


def _set_line(config: Any, settings: SipSettings, line: LineSettings) -> None:
    media, calls, nat = config.mediaConfig, config.callConfig, config.natConfig
    transport = media.transportConfig
    transport.port = settings.rtp_first_port
    transport.portRange = settings.rtp_last_port - settings.rtp_first_port
    transport.randomizePort = True  # from where it looks for a free pair; it gives up after a hundred
    set_addresses(transport, settings)
    media.srtpUse = _SRTP[line.srtp]
    media.srtpSecureSignaling = 0  # TLS is the settings' to choose, and not asked for by the medium
    media.srtpOpt.keyings = pj.IntVector([_KEYINGS[key] for key in line.srtp_keys])
    calls.prackUse = _RELIABLE[line.reliable_ringing]
    calls.timerUse = _TIMER[line.session_timer]
    calls.timerSessExpiresSec = line.session_expires_s
    nat.udpKaIntervalSec = line.keep_alive_s
    nat.iceEnabled = line.ice
    if settings.turn_server and line.ice:
        nat.turnEnabled = True
        nat.turnServer = settings.turn_server
        nat.turnUserName = settings.turn_username
        nat.turnPassword = settings.turn_password.reveal() if settings.turn_password else ""
