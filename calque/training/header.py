"""The YAML header of a model card, as the Hugging Face hub reads it; made and checked by huggingface_hub's own classes.

https://huggingface.co/docs/hub/model-cards tells what each key does there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import langcodes
from huggingface_hub import EvalResult, ModelCardData

from calque.model import licence
from calque.model.private import bare
from calque.records import Report, Score

_METRICS = {"BLEU": "bleu", "BLEU-lc-tok": "bleu", "chrF2": "chrf", "chrF2++": "chrf", "TER": "ter"}
# Identifiers of licences that the hub knows; another one is 'other' with a name of its own
_LISTED = re.compile(
    r"apache-2\.0|mit|openrail(\+\+)?|(bigscience|creativeml|bigcode)-[a-z0-9.-]*|afl-3\.0|artistic-2\.0|bsl-1\.0|bsd(-[23]-clause(-clear)?)?"
    r"|c-uda|cc|cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-[234]\.[05]|cdla-[a-z]+-[12]\.0|wtfpl|ecl-2\.0|epl-[12]\.0|etalab-2\.0"
    r"|eupl-1\.[12]|agpl-3\.0|gfdl|l?gpl(-[23](\.[01])?)?|lgpl-lr|intel-research|isc|lppl-1\.3c|ms-pl|apple-[a-z-]+"
    r"|mpl-2\.0|odc-by|odbl|open-mdw|openmdw-1\.0|ofl-1\.1|osl-3\.0|postgresql|unlicense|unknown|zlib|pddl|gemma"
    r"|llama2|llama3(\.[123])?|llama4|grok2-community|fair-noncommercial-research-license"
)


def header(report: Report, name: str, library: str) -> ModelCardData:
    """What the hub is told of a finished run.

    Args:
        report: of the run, with the scores of its test set if there was one.
        name: of the translator, under which the hub lists its scores.
        library: that loads it: 'transformers', or 'peft' for an adapter.
    """
    recipe, bases = report.recipe, report.details.get("bases", [])
    tags = [tag(recipe[side]) for side in ("source", "target")]
    languages = [langcodes.Language.get(code).language or code if valid else code for code, valid in tags]
    regional = [code for code, valid in tags if valid and code not in languages]
    pretrained = [] if recipe.get("random_weights") else bases
    made_from = list(dict.fromkeys(base["hub"] for base in pretrained if base["hub"]))
    more: dict[str, Any] = {"base_model_relation": relation(report)} if made_from else {}
    if regional:  # the hub's `language` takes no scripts and regions
        more["language_bcp47"] = [code for code, _ in tags]
    results = scored(report)
    return ModelCardData(
        language=languages,
        **licensed(licence.joined([base["licence"] for base in bases])),
        base_model=made_from or None,
        library_name=library,
        pipeline_tag="translation",
        tags=["translation", "calque"],
        metrics=list(dict.fromkeys(result.metric_type for result in results)) or None,
        model_name=name,
        eval_results=results or None,
        **more,
    )


def licensed(name: str | None) -> dict[str, Any]:
    """The header's keys for a licence: none where it is unknown, and two where the hub does not list it."""
    if name is None:
        return {}
    listed = _LISTED.fullmatch(name)
    return {"license": name} if listed else {"license": "other", "license_name": re.sub(r"[^a-z0-9.-]+", "-", name)}


def tag(code: str) -> tuple[str, bool]:
    """A language code as BCP 47 has it ('fra_Latn' is 'fr', 'zho_Hans' 'zh-Hans', 'en_XX' 'en'), and whether it could
    be read as one; else as it is."""
    plain = re.sub(r"[-_]XX$", "", code.strip("_")).replace("_", "-")
    try:
        if langcodes.tag_is_valid(plain):
            return langcodes.Language.get(plain).simplify_script().to_tag(), True
    except ValueError:
        pass
    return code, False


def is_alone(report: Report) -> bool:
    """Whether this is an adapter without its base."""
    adapter = report.details.get("adapter")
    return bool(adapter and adapter["saved"].startswith("alone"))


def relation(report: Report) -> str:
    """What the hub calls the way from the base model to this one: it is an adapter where that lies over the base
    itself, not over a translator made from it."""
    direct = any(base["hub"] and not base["via"] for base in report.details.get("bases", []))
    return "adapter" if is_alone(report) and direct else "finetune"


def scored(report: Report) -> list[EvalResult]:
    """The scores of the test set as the hub shows them: value, interval and signature, on which text."""
    if not report.scores:
        return []
    recipe, test = report.recipe, report.details.get("test", {})
    named = ", ".join(bare(place) for place in recipe.get("test", [])) or "test text"
    arguments = {"source": recipe["source"], "target": recipe["target"], **_plain(test)}
    return [
        EvalResult(
            task_type="translation",
            task_name=f"Translation {tag(recipe['source'])[0]} to {tag(recipe['target'])[0]}",
            dataset_type="custom",
            dataset_name=named,
            dataset_args=arguments,
            metric_type=_metric(score),
            metric_name=name,
            metric_value=round(score.value, 2),
            metric_args={"low": round(score.low, 2), "high": round(score.high, 2), "signature": score.signature},
        )
        for name, score in report.scores.items()
    ]


def _metric(score: Score) -> str:
    return _METRICS.get(score.metric, "comet" if score.metric.startswith("COMET") else score.metric.lower())


def _plain(test: Mapping[str, Any]) -> dict[str, Any]:
    return {key: test[key] for key in ("pairs", "sha256") if key in test}


def advised(bases: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences on the licences of what a translator was made from."""
    found = [licence.advice(base["licence"], base["hub"] or base["name"]) for base in bases]
    return list(dict.fromkeys(sentence for sentence in found if sentence))
