"""The model card: README.md of a model folder, with the YAML header that the hub reads."""

from __future__ import annotations

import shlex
from typing import Any

from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH, with_preset
from calque.recipes.recipe import Recipe
from calque.records import Report

PEFT = ("lora", "dora")  # adapters in a form that PEFT knows
ON_HUB = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}


def card(report: Report) -> str:
    """The card of a finished run."""
    recipe, details = report.recipe, report.details
    dev = details["dev"]
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: translation",
        f"language: ['{recipe['source']}', '{recipe['target']}']",
        *([] if recipe["model"] in FROM_SCRATCH else [f"base_model: {ON_HUB.get(recipe['model'], recipe['model'])}"]),
        "tags: [calque, translation]",
        "---",
        f"# {recipe['source']} to {recipe['target']} translator",
        "",
        f"Made by calque {report.versions.get('calque', '')} from `{recipe['model']}`: {details['steps']} steps, "
        f"{details['epochs']} epochs, {details['training_seconds'] / 60:.1f} minutes, {details['parameters']:,} "
        f"parameters{_trained(details)}. "
        f"Weights: {details['weights']}.",
        "",
        "## Scores",
        f"Development text (greedy): BLEU {dev['BLEU']:.2f}, chrF2 {dev['chrF2']:.2f}, loss {dev['loss']:.3f} "
        f"nats per token.",
        "",
        *_scores(report),
        "## Data",
        *[
            f"- {part} `{file}`: {digest}"
            for part, files in details["digests"].items()
            for file, digest in files.items()
        ],
        "",
        "## Checks",
        *[f"- {name}: {verdict}" for name, verdict in details.get("probes", {}).items()],
        "",
        "## Use",
        "```python",
        "from calque import Translator",
        f'Translator("{details["folder"]}").translate(["..."])',
        "```",
        _alone(details),
        "",
        "## Made by",
        "```",
        command(recipe),
        "```",
        "",
    ]
    return "\n".join(lines)


def _trained(details: dict[str, Any]) -> str:
    """How many of the parameters were trained, and by which adapter."""
    trained, adapter = details["trained_parameters"], details.get("adapter")
    if adapter is None and trained == details["parameters"]:
        return ""
    return f", of which {trained:,} were trained" + (f" ({adapter['what']}; {adapter['saved']})" if adapter else "")


def _alone(details: dict[str, Any]) -> str:
    """What loads the folder without calque."""
    adapter = details.get("adapter")
    if adapter is None or adapter["saved"] == "merged":
        if details.get("family") == "causal":
            return (
                "Weights, configuration and prompt load without calque too: `AutoModelForCausalLM.from_pretrained("
                "folder)` goes on with what `AutoTokenizer.from_pretrained(folder)` makes of a text."
            )
        return (
            "Weights and configuration load without calque too: `AutoModelForSeq2SeqLM.from_pretrained(folder)`, with "
            "the tokenizers in `source/` and `target/`."
        )
    if adapter["saved"] == "beside its base":
        return "The adapter cannot be merged into the network in `base/`, so only calque loads both."
    peft = " PEFT loads it too: `PeftModel.from_pretrained(base, folder)`." if adapter["kind"] in PEFT else ""
    return f"This folder holds an adapter, and its base translator must be there as well.{peft}"


def _scores(report: Report) -> list[str]:
    if not report.scores:
        return []
    head = ["| test | value | 95 % interval | signature |", "|---|---|---|---|"]
    rows = [
        f"| {name} | {score.value:.2f} | {score.low:.2f} to {score.high:.2f} | `{score.signature}` |"
        for name, score in report.scores.items()
    ]
    return [*head, *rows, ""]


def command(recipe: dict[str, Any], verb: str = "finetune", settings: type[Recipe] = Finetune) -> str:
    """The command that makes the same folder again, with every setting that is not a default."""
    words = ["calque", verb]
    has_preset = settings is Finetune or recipe["model"] in FROM_SCRATCH
    preset = with_preset({"model": recipe["model"]}) if has_preset else {}
    for name, field in settings.model_fields.items():
        value = recipe.get(name)
        default = field.default if name == "model" else preset.get(name, field.default)
        if value is None or value == default or (value == [] and not default):
            continue
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else "--no-" + flag[2:])
        else:
            for one in value if isinstance(value, list) else [value]:
                words += [flag, shlex.quote(str(one))]
    return " ".join(words)
