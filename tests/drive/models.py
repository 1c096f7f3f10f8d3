"""Where set-up has put the small models. Rule: a test that needs a model fails without it; it never skips."""

import os
from pathlib import Path


def model(name: str) -> Path:
    """A model file by its name."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "offhook" / "models" / name
