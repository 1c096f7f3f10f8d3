"""Recordings go when they are old enough. Rule: nothing is deleted but what a call of ours has left behind."""

import asyncio
import re
import time
from pathlib import Path
from typing import Final

import structlog

from telephony.media_settings import MediaSettings

log = structlog.get_logger()

EVERY_S: Final = 3_600.0
DAY_S: Final = 86_400.0
_OURS: Final = re.compile(r"rtc_[0-9a-f]{24}\.(wav|opus|jsonl)")


async def keep_tidy(media: MediaSettings) -> None:
    """Delete what is too old, now and every hour, until cancelled."""
    while media.recordings_dir is not None and media.keep_days is not None:
        before_s = time.time() - media.keep_days * DAY_S
        deleted = await asyncio.to_thread(delete_older, media.recordings_dir, before_s)
        if deleted:
            log.info("recordings_deleted", files=deleted, older_than_days=media.keep_days)
        await asyncio.sleep(EVERY_S)


def delete_older(folder: Path, before_s: float) -> int:
    """Delete the recordings and transcripts last written before then (Unix seconds); how many there were."""
    deleted = 0
    for path in folder.glob("rtc_*"):
        try:
            if _OURS.fullmatch(path.name) and path.stat().st_mtime < before_s:
                path.unlink()
                deleted += 1
        except FileNotFoundError:  # another node that shares the folder has been here
            continue
        except OSError as problem:
            log.error("recording_not_deleted", path=str(path), problem=problem.strerror, remedy="check the folder")
    return deleted
