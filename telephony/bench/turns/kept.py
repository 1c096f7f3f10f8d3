"""What took long to find out, in a folder of the user's cache. Rule: its name is all that it was made from.

So nothing kept is ever wrong, and the folder may be thrown away at any time.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Kept:
    """JSON values by what they were made from; several processes may share a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def recalled(self, of: tuple[str | bytes, ...], make: Callable[[], Any]) -> Any:
        """What was made of this before, or is made now."""
        digest = hashlib.sha256()
        for part in of:
            content = part.encode() if isinstance(part, str) else part
            digest.update(len(content).to_bytes(8, "big") + content)
        file = self._folder / f"{digest.hexdigest()}.json"
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        made = make()
        part_file = file.with_suffix(f".{os.getpid()}")
        part_file.write_text(json.dumps(made), encoding="utf-8")
        part_file.replace(file)
        return made
