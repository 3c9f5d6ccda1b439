"""How far a selection is: kept in a file, so that it can be gone on with."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from calque.errors import RecipeError
from calque.model.folder import write_text


@dataclass
class Entry:
    """A candidate: seconds of training so far and seconds it took to begin, its best development score and all scores
    of the last validation (which took `validating` seconds), parameters, the phase in which it was left behind (None:
    not yet), whether its run is finished, and what went wrong."""

    name: str
    seconds: float = 0.0
    beginning: float = 0.0
    best: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    validating: float = 0.0
    parameters: int | None = None
    phases: int = 0
    left: int | None = None
    finished: bool = False
    failed: str | None = None

    @property
    def is_in(self) -> bool:
        """Whether it still takes part."""
        return self.left is None and self.failed is None


@dataclass
class Standing:
    """The candidates by name, the phase, and the seconds spent on everything by processes before this one, whose clock
    runs `since`; `asked` is what was asked for."""

    file: Path
    asked: dict[str, Any]
    entries: dict[str, Entry]
    since: float
    phase: int = 0
    spent: float = 0.0
    planned: dict[str, float] | None = None  # seconds `until` the end of this phase and of the `whole` run

    @classmethod
    def read(cls, file: Path, asked: dict[str, Any], since: float) -> Standing:
        """What lies in the file.

        Raises:
            RecipeError: it is of other settings, or damaged.
        """
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            entries = {name: Entry(**entry) for name, entry in said["entries"].items()}
            before, phase, spent, planned = (
                dict(said["asked"]),
                int(said["phase"]),
                float(said["spent"]),
                said["planned"],
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecipeError(f"{file}: damaged ({error}); --restart begins anew") from None
        other = sorted(name for name in {*before, *asked} - {"minutes"} if before.get(name) != asked.get(name))
        if other:
            raise RecipeError(
                f"{file.parent}: --resume goes on with the same settings only ({', '.join(other)} differ); --restart "
                "begins anew"
            )
        return cls(file, asked, entries, since, phase, spent, planned)

    @property
    def seconds(self) -> float:
        """Spent so far, in this process and in those before it."""
        return self.spent + time.monotonic() - self.since

    def save(self) -> None:
        """Write it down."""
        now = time.monotonic()
        self.spent, self.since = self.spent + now - self.since, now
        said = {
            "asked": self.asked,
            "phase": self.phase,
            "planned": self.planned,
            "spent": round(self.spent, 2),
            "entries": {name: asdict(entry) for name, entry in self.entries.items()},
        }
        write_text(self.file, json.dumps(said, ensure_ascii=False, indent=1) + "\n")
