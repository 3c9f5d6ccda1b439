"""Turn a pretrained model and parallel text into a translator you own.

The names below are the library's face. They are loaded when first used, so that `import calque` costs nothing and
imports neither torch nor transformers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calque.client import Client
    from calque.corpus.read import Corpus
    from calque.decoding.export import export
    from calque.decoding.translator import Translator
    from calque.errors import (
        CalqueError,
        DataError,
        EngineError,
        Interrupted,
        MachineError,
        ModelError,
        ProbeError,
        RecipeError,
    )
    from calque.evaluation.compare import compare
    from calque.evaluation.score import evaluate
    from calque.recipes.search import Search
    from calque.records import Check, Comparison, Pair, Report, Score, Translation
    from calque.training.finetune import finetune
    from calque.training.preflight import preflight as check
    from calque.training.pretrain import pretrain
    from calque.training.push import push
    from calque.training.select import select

__version__ = "0.1.0"

__all__ = [
    "CalqueError",
    "Check",
    "Client",
    "Comparison",
    "Corpus",
    "DataError",
    "EngineError",
    "Interrupted",
    "MachineError",
    "ModelError",
    "Pair",
    "ProbeError",
    "RecipeError",
    "Report",
    "Score",
    "Search",
    "Translation",
    "Translator",
    "check",
    "compare",
    "evaluate",
    "export",
    "finetune",
    "pretrain",
    "push",
    "select",
]

_HOMES = {  # module: the public names in it
    "calque.client": ("Client",),
    "calque.corpus.read": ("Corpus",),
    "calque.decoding.export": ("export",),
    "calque.decoding.translator": ("Translator",),
    "calque.errors": (
        *("CalqueError", "DataError", "EngineError", "Interrupted", "MachineError", "ModelError", "ProbeError"),
        "RecipeError",
    ),
    "calque.evaluation.compare": ("compare",),
    "calque.evaluation.score": ("evaluate",),
    "calque.recipes.search": ("Search",),
    "calque.records": ("Check", "Comparison", "Pair", "Report", "Score", "Translation"),
    "calque.training.finetune": ("finetune",),
    "calque.training.preflight": ("check",),
    "calque.training.pretrain": ("pretrain",),
    "calque.training.push": ("push",),
    "calque.training.select": ("select",),
}
_CALLED_THERE = {"check": "preflight"}  # where the public name differs from the one in its module


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """The public name, imported now and kept (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(module), _CALLED_THERE.get(name, name))
            globals()[name] = found
            return found
    raise AttributeError(f"module 'calque' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
