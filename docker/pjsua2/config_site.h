/*
 * Compile-time limits and features of pjproject for Offhook. One process serves hundreds of
 * telephone calls without a screen, a sound card or a person watching it.
 */

/* Calls and accounts. Each call puts two ports on the bridge: its stream and its RingPort. */
#define PJSUA_MAX_CALLS 512
#define PJSUA_MAX_ACC 64
#define PJSUA_MAX_CONF_PORTS (2 * PJSUA_MAX_CALLS + 64)
#define PJSUA_MAX_PLAYERS 32
#define PJSUA_MAX_RECORDERS 32

/* Two sockets for each call (RTP and RTCP), and SIP connections. More than FD_SETSIZE: epoll only. */
#define PJ_IOQUEUE_MAX_HANDLES 4096
#define PJ_IOQUEUE_MAX_EVENTS_IN_SINGLE_POLL 64
#define PJSIP_MAX_TRANSPORTS 1024
#define PJSIP_MAX_TSX_COUNT (4096 - 1)
#define PJSIP_MAX_DIALOG_COUNT (1024 - 1)

/* SIP headers of real carriers (identity, diversion, history) outgrow 4000 bytes, over TCP by far. */
#define PJSIP_MAX_PKT_LEN 32000

/* A failed assertion returns an error to its caller and never ends the process (see -DNDEBUG). */
#define PJ_DEBUG 0
#define PJ_LOG_MAX_LEVEL 5

/* Threads and media */
#define PJMEDIA_HAS_VIDEO 0
#define PJMEDIA_HAS_SRTP 1
#define PJMEDIA_SRTP_HAS_DTLS 1
#define PJSIP_HAS_TLS_TRANSPORT 1
#define PJ_HAS_IPV6 0
