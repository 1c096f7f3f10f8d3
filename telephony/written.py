"""Where each setting was said: in a line of the file, or in a variable of the environment. Rule: the variable wins."""

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.faults import Fault
from telephony.toml_text import KeyPath, TomlText

ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Written:
    """A file's text, and the variables that say something instead of it, by their keys."""

    text: TomlText
    variables: Mapping[KeyPath, str]

    def says(self, path: KeyPath) -> bool:
        """Whether this very key is written down somewhere."""
        return path in self.text.lines or path in self.variables

    def fault(self, path: KeyPath, problem: str, remedy: str = "") -> Fault:
        """A fault at this key."""
        for depth in range(len(path), 0, -1):
            if name := self.variables.get(path[:depth]):
                return Fault(ENVIRONMENT, 0, name, problem, remedy)
        return self.text.fault(path, problem, remedy)
