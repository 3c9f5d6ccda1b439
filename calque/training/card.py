"""The model card: README.md of a model folder, for people, and with a YAML header for the hub. It names files and never
says where they lie on the machine that made it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from calque.corpus.language import name as called
from calque.model import licence
from calque.model.private import bare
from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH, with_preset
from calque.recipes.recipe import Recipe
from calque.records import Report
from calque.training.header import advised, header, is_alone, tag

PEFT = ("lora", "dora")  # adapters in a form that PEFT knows
UNKNOWN = "The licence of what was made is **unknown**."  # `calque push --license` puts another sentence there
_FLOORS = {"copy": "source copied", "lexicon": "word lexicon"}


def card(report: Report) -> str:
    """The card of a finished run."""
    details, recipe = report.details, report.recipe
    folder = bare(details["folder"].rstrip("/")).rsplit("/", 1)[-1]
    kind = (details.get("adapter") or {}).get("kind")
    library = "peft" if is_alone(report) and kind in PEFT else "transformers"
    parts = [
        "---",
        header(report, folder, library).to_yaml(),
        "---",
        f"# {folder}: {called(recipe['source'])} to {called(recipe['target'])}",
        "",
        _made(report),
        "",
        *licences(details.get("bases"), bool(recipe.get("random_weights"))),
        "## Scores",
        _dev(details["dev"]),
        "",
        *_scores(report),
        "## Data",
        *_data(details),
        "",
        "## Checks",
        *_checks(details.get("probes", {})),
        "",
        "## Use",
        "```python",
        "from calque import Translator",
        f'Translator("{folder}").translate(["..."])',
        "```",
        _alone(details),
        "",
        "## Made by",
        "```",
        command(recipe),
        "```",
        _again(report),
        "",
    ]
    return "\n".join(parts)


def _made(report: Report) -> str:
    recipe, details = report.recipe, report.details
    return (
        f"From {tag(recipe['source'])[0]} to {tag(recipe['target'])[0]} (BCP 47). "
        f"Made by calque {report.versions.get('calque', '')} from `{bare(recipe['model'])}`: {details['steps']} steps, "
        f"{details['epochs']} epochs, {details['training_seconds'] / 60:.1f} minutes, {details['parameters']:,} "
        f"parameters{_trained(details)}. "
        f"Weights: {details['weights']}."
    )


def _trained(details: dict[str, Any]) -> str:
    """How many of the parameters were trained, and by which adapter."""
    trained, adapter = details["trained_parameters"], details.get("adapter")
    if adapter is None and trained == details["parameters"]:
        return ""
    return f", of which {trained:,} were trained" + (
        f" ({adapter['what']}; {bare(adapter['saved'])})" if adapter else ""
    )


def licences(bases: Sequence[Mapping[str, Any]] | None, random: bool) -> list[str]:
    """What it was made from, under which licences, and what these mean; None: an older run, which did not tell."""
    if bases is None:
        return ["## Licence", "**Unknown**: what this was made from was not recorded.", ""]
    if not bases:
        return ["## Licence", "No pretrained model is part of this. The training text may have terms of its own.", ""]
    joined = licence.joined([base["licence"] for base in bases])
    part = "shape and tokenizer of" if random else "made from"
    rows = [
        f"| {_linked(base)} | {base['licence'] or 'unknown'} | {base['said_in'] or 'nothing'} | "
        f"{'through ' + base['via'] if base['via'] else part} |"
        for base in bases
    ]
    head = ["| base | licence | said by its | |", "|---|---|---|---|"]
    warnings = [f"> **{sentence}**" for sentence in advised(bases)]
    told = f"What was made inherits {joined}." if joined else UNKNOWN
    return [
        *("## Licence", *head, *rows, ""),
        *([*warnings, ""] if warnings else []),
        *(f"{told} The training text may have terms of its own.", ""),
    ]


def _linked(base: Mapping[str, Any]) -> str:
    return f"[{base['hub']}](https://huggingface.co/{base['hub']})" if base["hub"] else f"`{base['name']}`"


def _dev(dev: Mapping[str, float]) -> str:
    return (
        f"Development text (greedy): BLEU {dev['BLEU']:.2f}, chrF2 {dev['chrF2']:.2f}, loss {dev['loss']:.3f} nats "
        "per token."
    )


def _scores(report: Report) -> list[str]:
    """The test set's scores beside those of the floors, with signatures, and what to know about them."""
    if not report.scores:
        return []
    details = report.details
    floors = {name: values for name, values in (details.get("floors") or {}).items() if values}
    named = ", ".join(f"`{bare(place)}`" for place in report.recipe.get("test", []))
    test = details.get("test", {})
    about = f"Test text: {named}" + (f", {test['pairs']:,} pairs, text {test['sha256']}." if test else ".")
    columns = ["test", "value", "95 % interval", *(_FLOORS.get(name, name) for name in floors), "signature"]
    rows = []
    for name, score in report.scores.items():
        beside = [f"{values[name]['value']:.2f}" if name in values else "" for values in floors.values()]
        interval = f"{score.low:.2f} to {score.high:.2f}"
        rows.append([name, f"{score.value:.2f}", interval, *beside, f"`{score.signature.replace('|', chr(92) + '|')}`"])
    table = [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]
    return [about, "", *table, "", *(f"- {bare(note)}" for note in test.get("notes", [])), ""]


def _data(details: Mapping[str, Any]) -> list[str]:
    """Each part of the text: how many pairs, and the digest of every file."""
    found = []
    for part, files in details["digests"].items():
        count = details.get("pairs", {}).get(part)
        found.append(f"- {part}" + (f": {count:,} pairs" if count is not None else ""))
        found += [f"  - `{bare(file).rsplit('/', 1)[-1]}`: sha256 {digest}" for file, digest in files.items()]
    return found


def _checks(probes: Mapping[str, Any]) -> list[str]:
    if not probes:
        return ["No probes were run."]
    return [f"- {name}: {verdict}" for name, verdict in probes.items()]


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
                words += [flag, shlex.quote(bare(str(one)))]
    return " ".join(words)


def _again(report: Report) -> str:
    """With what the command gave this result."""
    names = ("python", "torch", "transformers", "tokenizers", "sacrebleu")
    told = ", ".join(f"{name} {report.versions[name]}" for name in names if name in report.versions)
    return f"Every setting is in `recipe.toml`, the numbers are in `report.json`. Made with {told}."
