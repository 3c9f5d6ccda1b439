"""The model card: its header is what the hub reads, licences are those that files say, nothing private is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from tiny_run import settings as tiny

from calque.model import licence, lineage
from calque.model.folder import Folder
from calque.model.pretrained import Pretrained
from calque.recipes.finetune import Finetune
from calque.records import Report, Score
from calque.training.card import card, command
from calque.training.finetune import finetune
from calque.training.header import tag

SIGNATURE = "nrefs:1|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
NLLB = {"name": "nllb", "hub": "facebook/nllb-200-distilled-600M", "licence": "cc-by-nc-4.0", "said_in": "README.md"}
FREE = {"name": "minilm", "hub": "sentence-transformers/all-MiniLM-L6-v2", "licence": "apache-2.0"}
FREE |= {"said_in": "README.md", "via": None}


def report(*bases, **details) -> Report:
    """Of a run with paths of somebody's machine in it."""
    recipe = {
        **{"model": "/home/ada/models/nllb", "source": "eng_Latn", "target": "zho_Hans", "seed": 1},
        **{"train": ["/home/ada/corpus/train.en:/home/ada/corpus/train.zh", "../more/news"], "dev": ["corpus/dev"]},
        **{"test": ["/home/ada/corpus/test"], "out": "/home/ada/out/mine", "steps": 100},
    }
    scores = {
        "BLEU": Score("BLEU", 31.416, 30.1, 32.7, SIGNATURE),
        "chrF2": Score("chrF2", 55.0, 54.0, 56.0, SIGNATURE),
        "COMET": Score("COMET", 81.25, 80.0, 82.0, "nrefs:1|model:wmt22-comet-da"),
    }
    about = {
        **{
            "folder": "/home/ada/out/mine",
            "steps": 100,
            "epochs": 2.5,
            "training_seconds": 90.0,
            "weights": "step 100",
        },
        **{"parameters": 1234567, "trained_parameters": 1234567, "dev": {"BLEU": 30.0, "chrF2": 54.0, "loss": 1.5}},
        "digests": {"train": {"/home/ada/corpus/train.en": "ab12", "../more/news.en": "cd34"}},
        "pairs": {"train": 29000},
        "probes": {"blind-decoder": "passed"},
        "test": {"pairs": 1000, "sha256": "0123456789abcdef", "notes": ["read from /home/ada/corpus/test"]},
        "floors": {"copy": {"BLEU": {"value": 0.4}}, "lexicon": None},
        "bases": [{"via": None, **base} for base in bases],
    }
    return Report(recipe, scores, 90.0, {"calque": "0.1.0", "torch": "2.13.0"}, about | details)


def test_the_header_is_what_the_hub_reads():
    said = ModelCard(card(report(FREE))).data
    assert said.license == "apache-2.0"
    assert said.base_model == ["sentence-transformers/all-MiniLM-L6-v2"]
    assert said.language == ["en", "zh"]
    assert said.get("language_bcp47") == ["en", "zh-Hans"]
    assert said.get("base_model_relation") == "finetune"
    assert (said.library_name, said.pipeline_tag) == ("transformers", "translation")
    assert (said.tags, said.metrics) == (["translation", "calque"], ["bleu", "chrf", "comet"])
    assert said.model_name == "mine"
    first = said.eval_results[0]
    assert (first.metric_type, first.metric_name, first.metric_value) == ("bleu", "BLEU", 31.42)
    assert first.metric_args == {"low": 30.1, "high": 32.7, "signature": SIGNATURE}
    assert (first.dataset_name, first.task_name) == ("test", "Translation en to zh-Hans")
    assert first.dataset_args["sha256"] == "0123456789abcdef"


def test_nothing_says_where_files_lie():
    text = card(report(NLLB))
    assert "ada" not in text
    assert "../" not in text
    assert "--train train.en:train.zh --train news --dev corpus/dev" in text
    assert "  - `train.en`: sha256 ab12" in text
    assert "- train: 29,000 pairs" in text
    assert "read from test" in text


def test_scores_stand_beside_the_floors_with_their_signatures():
    text = card(report(FREE))
    escaped = SIGNATURE.replace("|", "\\|")
    assert "| test | value | 95 % interval | source copied | signature |" in text
    assert f"| BLEU | 31.42 | 30.10 to 32.70 | 0.40 | `{escaped}` |" in text
    assert "Test text: `test`, 1,000 pairs, text 0123456789abcdef." in text
    assert "- blind-decoder: passed" in text


def test_a_licence_that_forbids_commerce_is_warned_of():
    text = card(report(NLLB, FREE))
    assert "> **facebook/nllb-200-distilled-600M is under cc-by-nc-4.0, which forbids commercial use" in text
    assert ModelCard(text).data.license == "cc-by-nc-4.0"


def test_an_unknown_licence_is_said_to_be_unknown():
    text = card(report(NLLB | {"licence": None, "said_in": None}))
    assert "The licence of what was made is **unknown**" in text
    assert "Meta published the NLLB weights under cc-by-nc-4.0" in text
    assert ModelCard(text).data.license is None


def test_free_licences_that_differ_are_joined_and_one_of_its_own_is_named():
    said = ModelCard(card(report(FREE, FREE | {"hub": "a/b", "licence": "mit"}))).data
    assert (said.license, said.license_name) == ("other", "apache-2.0-and-mit")
    said = ModelCard(card(report(FREE | {"licence": "nvidia open"}))).data
    assert (said.license, said.license_name) == ("other", "nvidia-open")


def test_nothing_pretrained_and_random_weights():
    text = card(report())
    assert "No pretrained model is part of this" in text
    assert ModelCard(text).data.base_model is None
    mixed = report(FREE)
    mixed.recipe["random_weights"] = True
    text = card(mixed)
    assert "shape and tokenizer of" in text
    assert ModelCard(text).data.base_model is None


def test_an_older_run_did_not_tell():
    older = report()
    del older.details["bases"]
    assert "**Unknown**: what this was made from was not recorded." in card(older)


def test_an_adapter_over_a_translator_is_none_of_what_that_was_made_from():
    adapter = {"kind": "lora", "what": "lora of rank 8", "saved": "alone, over /home/ada/base"}
    said = ModelCard(card(report(FREE | {"via": "base"}, adapter=adapter))).data
    assert (said.library_name, said.get("base_model_relation")) == ("peft", "finetune")


def test_an_adapter_says_so():
    adapter = {"kind": "lora", "what": "lora of rank 8", "saved": "alone, over /home/ada/base"}
    text = card(report(FREE, adapter=adapter, trained_parameters=10))
    said = ModelCard(text).data
    assert (said.library_name, said.get("base_model_relation")) == ("peft", "adapter")
    assert "of which 10 were trained (lora of rank 8; alone, over base)" in text


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        *[("en", "en"), ("fra_Latn", "fr"), ("zho_Hans", "zh-Hans"), ("en_XX", "en"), ("pt_BR", "pt-BR")],
        *[("__de__", "de"), ("srp_Cyrl", "sr-Cyrl"), ("arb_Arab", "arb-Arab")],
    ],
)
def test_languages_are_told_as_bcp_47(code, wanted):
    assert tag(code) == (wanted, True)


def test_a_code_that_is_none_stays():
    assert tag("not a language at all") == ("not a language at all", False)


@pytest.mark.parametrize(
    ("file", "text", "wanted"),
    [
        ("README.md", "---\nlicense: CC-BY-NC-4.0\n---\n# x\n", "cc-by-nc-4.0"),
        ("README.md", "---\nlicense: other\nlicense_name: tongyi\n---\n", "tongyi"),
        ("README.md", "---\nlicense: [apache-2.0, mit]\n---\n", "apache-2.0-and-mit"),
        ("README.md", "---\nlicense: {unclosed\n---\n", None),
        ("README.md", "# no header\n", None),
        ("LICENSE", "Apache License\n                 Version 2.0, January 2004\n", "apache-2.0"),
        ("LICENSE.txt", "MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining", "mit"),
        ("LICENCE", "Creative Commons Attribution-NonCommercial 4.0 International", "cc-by-nc-4.0"),
        ("LICENSE.md", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT", "llama3"),
        ("LICENSE", "All rights reserved.", None),
    ],
)
def test_a_licence_is_what_a_file_says(tmp_path, file, text, wanted):
    (tmp_path / file).write_text(text)
    found = licence.of(tmp_path)
    assert found == licence.Licence(wanted, file if wanted else None)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        *[("apache-2.0", licence.FREE), ("mit", licence.FREE), ("bsd-3-clause", licence.FREE)],
        *[("cc-by-nc-4.0", licence.FORBIDS), ("cc-by-nc-sa-3.0", licence.FORBIDS), (None, licence.UNKNOWN)],
        *[
            ("fair-noncommercial-research-license", licence.FORBIDS),
            ("gemma", licence.ASKS),
            ("llama3.2", licence.ASKS),
        ],
        *[("cc-by-4.0", licence.FREE), ("gpl-3.0", licence.ASKS), ("apache-2.0-and-gemma", licence.ASKS)],
    ],
)
def test_what_a_licence_means(name, wanted):
    assert licence.meaning(name) == wanted


def test_where_terms_must_be_looked_at_it_is_said():
    assert licence.advice("apache-2.0", "a/b") is None
    assert licence.advice("gemma", "google/gemma-3") == (
        "google/gemma-3 is under gemma: look at the terms before you pass this on."
    )
    assert "under the same terms" in licence.advice("cc-by-sa-4.0", "a/b")
    assert "Llama" in licence.advice(None, "my-llama-3")


def test_the_hub_name_of_a_checkpoint(tmp_path):
    cached = tmp_path / "models--facebook--nllb-200" / "snapshots" / "0a1b"
    cached.mkdir(parents=True)
    (cached / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    found = lineage.of([Pretrained("facebook/nllb-200", cached, {})])
    assert found == [
        {
            **{"name": "facebook/nllb-200", "hub": "facebook/nllb-200", "licence": "cc-by-nc-4.0"},
            **{"said_in": "README.md", "via": None},
        }
    ]
    plain = tmp_path / "mine"
    plain.mkdir()
    found = lineage.of([Pretrained(str(plain), plain, {"_name_or_path": "org/theirs"})] * 2)
    assert [(one["name"], one["hub"], one["licence"]) for one in found] == [("mine", "org/theirs", None)]


def test_what_is_made_from_a_translator_inherits_its_base(tmp_path):
    made = {**tiny(tmp_path), "steps": 2, "validate_every": 2, "average": 1}
    first = finetune(Finetune.of(made))
    assert first.details["bases"] == []
    assert first.details["pairs"] == {"train": 80, "dev": 20}
    base = tmp_path / "model"
    told = json.loads((base / "report.json").read_text())
    told["bases"] = [{"via": None, **NLLB}]
    (base / "report.json").write_text(json.dumps(told))
    on = made | {"model": str(base), "out": str(tmp_path / "on"), "test": made["dev"]}
    for name in (
        "encoder_layers",
        "decoder_layers",
        "width",
        "heads",
        "feed_forward",
        "source_pieces",
        "target_pieces",
    ):
        on.pop(name)
    finetune(Finetune.of(on))
    text = (tmp_path / "on" / "README.md").read_text()
    said = ModelCard(text).data
    assert (said.license, said.base_model) == ("cc-by-nc-4.0", [NLLB["hub"]])
    assert "| through model |" in text
    assert len(said.eval_results) == 5
    assert str(tmp_path) not in text
    assert lineage.read(tmp_path / "on") == [{**NLLB, "via": "model"}]


def test_an_older_translator_is_known_by_its_card(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: mit\nbase_model: org/bert\n---\n")
    folder = Folder(Path(tmp_path), "pair", "en", "fr", 128, {})
    itself, one = lineage.of([], folder)
    assert (itself["name"], itself["hub"], itself["licence"], itself["via"]) == (tmp_path.name, None, "mit", None)
    assert (one["hub"], one["licence"], one["via"]) == ("org/bert", "mit", tmp_path.name)


def test_the_command_repeats_every_setting_but_places():
    told = command(report().recipe)
    assert told == (
        "calque finetune --steps 100 --model nllb --source eng_Latn --target zho_Hans --train train.en:train.zh "
        "--train news --dev corpus/dev --test test --out mine"
    )
