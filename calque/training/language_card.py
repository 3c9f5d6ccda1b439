"""The model card of a language model: README.md of its folder, with the YAML header that the hub reads."""

from __future__ import annotations

from typing import Any

from calque.model import licence
from calque.model.private import bare
from calque.recipes.pretrain import Pretrain
from calque.records import Report
from calque.training.card import command, licences
from calque.training.header import licensed

_TASKS = {"mlm": "fill-mask", "clm": "text-generation"}
_CLASSES = {"mlm": "AutoModelForMaskedLM", "clm": "AutoModelForCausalLM", "denoise": "AutoModelForSeq2SeqLM"}
_LEARNED = {
    "mlm": "to fill in masks",
    "clm": "to go on with a text",
    "denoise": "to restore text with masked spans and sentences in another order",
}


def language_card(report: Report) -> str:
    """The card of a finished run of pretraining."""
    recipe, details = report.recipe, report.details
    dev, objective = details["dev"], recipe["objective"]
    languages = sorted(set(recipe.get("language", ())))
    lines = [
        "---",
        "library_name: transformers",
        *([f"pipeline_tag: {_TASKS[objective]}"] if objective in _TASKS else []),
        *([f"language: [{', '.join(repr(code) for code in languages)}]"] if languages else []),
        *[f"base_model: {base['hub']}" for base in details.get("bases", [])[:1] if base["hub"]],
        *[f"{key}: {value}" for key, value in licensed(_joined(details)).items()],
        "tags: [calque, pretraining]",
        "---",
        f"# A language model of kind {details['kind']}" + (f" ({', '.join(languages)})" if languages else ""),
        "",
        f"Made by calque {report.versions.get('calque', '')} from `{bare(recipe['model'])}`, which learned "
        f"{_LEARNED[objective]}: {details['steps']} steps, {details['epochs']} epochs, "
        f"{details['training_seconds'] / 60:.1f} minutes, {details['parameters']:,} parameters. Weights: "
        f"{details['weights']}.",
        "",
        *licences(details.get("bases"), bool(recipe.get("random_weights"))),
        "## Held-out text",
        f"Perplexity {dev['perplexity']:.2f}, {dev['bits_per_character']:.3f} bits per character, loss "
        f"{dev['loss']:.3f} nats per scored token, on {bare(details['held_out'])}.",
        "",
        "## Data",
        *[
            f"- {part} `{bare(file)}`: {told}"
            for part, files in details["digests"].items()
            for file, told in files.items()
        ],
        *[f"- {bare(note)}" for note in details.get("notes", ())],
        "",
        "## Checks",
        *[f"- {name}: {verdict}" for name, verdict in details.get("probes", {}).items()],
        "",
        "## Use",
        "```python",
        f"from transformers import AutoTokenizer, {_CLASSES[objective]}",
        "",
        f'model = {_CLASSES[objective]}.from_pretrained("{bare(details["folder"])}")',
        f'tokenizer = AutoTokenizer.from_pretrained("{bare(details["folder"])}")',
        "```",
        _translating(objective, details),
        "",
        "## Made by",
        "```",
        command(recipe, "pretrain", Pretrain),
        "```",
        "",
    ]
    return "\n".join(lines)


def _translating(objective: str, details: dict[str, Any]) -> str:
    """How a translator begins with it."""
    flag = "decoder" if objective == "clm" else "model"
    return f"A translator begins with it by `calque finetune --{flag} {bare(details['folder'])} ...`."


def _data(digests: dict[str, dict[str, str]]) -> list[str]:
    return [f"- {part} `{bare(file)}`: {told}" for part, files in digests.items() for file, told in files.items()]


def _joined(details: dict[str, Any]) -> str | None:
    return licence.joined([base["licence"] for base in details.get("bases", [])])
