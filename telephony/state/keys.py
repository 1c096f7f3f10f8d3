"""Where each thing lies in Redis. Rule: every key of ours is named here and begins with `offhook:`.

offhook:call:ID              string   CallRecord as JSON
offhook:call:ID:events       stream   one entry per event, field `e`, JSON as on the wire
offhook:calls                zset     call ids by start, Unix ms
offhook:calls:live           set      ids of calls that may be going on
offhook:node:NODE            string   a process's sign of life: expires when it dies
offhook:node:NODE:commands   stream   what others want of that process's calls, fields `call`, `c`, `r`
offhook:reply:ID             list     what became of one such command, for who asked; soon gone
offhook:secret:SHA256        string   the session config that a client secret stands for; expires with it
offhook:sessions             hash     name -> VERSION:JSON of a session config
offhook:sessions:versions    hash     name -> latest version, also of deleted ones
"""

from typing import Final

CALLS: Final = "offhook:calls"
LIVE_CALLS: Final = "offhook:calls:live"
SESSIONS: Final = "offhook:sessions"
SESSION_VERSIONS: Final = "offhook:sessions:versions"
EVENT_FIELD: Final = b"e"
CALL_FIELD: Final = b"call"
COMMAND_FIELD: Final = b"c"
REPLY_FIELD: Final = b"r"


def call(call_id: str) -> str:
    """A call's record."""
    return f"offhook:call:{call_id}"


def events(call_id: str) -> str:
    """A call's events."""
    return f"offhook:call:{call_id}:events"


def node(name: str) -> str:
    """A node's sign of life."""
    return f"offhook:node:{name}"


def commands(name: str) -> str:
    """What a node is asked to do."""
    return f"offhook:node:{name}:commands"


def reply(token: str) -> str:
    """Where an answer is waited for."""
    return f"offhook:reply:{token}"


def client_secret(digest: str) -> str:
    """A client secret, by its hash."""
    return f"offhook:secret:{digest}"
