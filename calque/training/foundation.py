"""What pretraining begins with: a new network and a vocabulary learnt from the text, or a checkpoint that learns on."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import nn

from calque.corpus.monolingual import Monolingual
from calque.errors import ModelError, RecipeError
from calque.model.codes import codes_in
from calque.model.family import WITHOUT_DROPOUT
from calque.model.kinds import OFFSET
from calque.model.language_model import LanguageModel, refuse_unfit, turned
from calque.model.lean import Way
from calque.model.native import is_mbart_50
from calque.model.pretrained import Pretrained, find, tokenizer_folder
from calque.model.scratch import new
from calque.recipes.idle import chosen
from calque.recipes.pretrain import Pretrain
from calque.text.codec import MASKS, Codec
from calque.text.learn import SAMPLE, learn
from calque.text.sample import evenly
from calque.text.special import special_ids, with_special
from calque.training.blocks import Frame
from calque.training.depth import depths

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
              "vocab.json", "merges.txt", "*.model")  # fmt: skip


@dataclass(frozen=True)
class Foundation:
    """A network, the verbs that it is trained with, the names of its pretrained parameters, and its codec; `base` is
    the checkpoint whose tokenizer files go with it, None where the codec writes them."""

    module: nn.Module
    model: LanguageModel
    pretrained: frozenset[str]
    codec: Codec
    base: Pretrained | None = None
    notes: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write network and tokenizer into `folder`."""
        self.model.save(self.module, folder)
        if self.base is None:
            self.codec.save(folder)
            return
        with tempfile.TemporaryDirectory() as scratch:
            _copy_tokenizer(tokenizer_folder(self.base, Path(scratch)), folder)


def begin(recipe: Pretrain, base: Pretrained | None, text: Monolingual) -> Foundation:
    """The foundation of a new run.

    Raises:
        ModelError: the checkpoint cannot be loaded.
        RecipeError: a setting would do nothing with it.
    """
    return _scratch(recipe, text) if base is None else _continued(recipe, base)


def found(recipe: Pretrain) -> Pretrained | None:
    """The checkpoint that the recipe names, None from scratch; only small files are looked at, so that a mistake is
    told at once.

    Raises:
        ModelError: there is nothing by that name, or it cannot learn by this objective.
        RecipeError: it knows languages, and those of the text are not said or not known to it.
    """
    if recipe.from_scratch:
        return None
    base = find(recipe.model)
    refuse_unfit(base, recipe.objective)
    codec = _codec_of(base, recipe.max_length)
    if recipe.objective != "clm" and codec.mask is None:
        raise ModelError(
            f"{base.folder}: its tokenizer has no mask token ({' or '.join(MASKS)}), which {recipe.objective} needs: "
            "take another checkpoint, or begin from scratch"
        )
    frames(recipe, codec, base, len(recipe.text))
    return base


def load(recipe: Pretrain, folder: Path, pretrained: frozenset[str]) -> Foundation:
    """The foundation that was written into `folder`, as a run began with it."""
    codec = Codec.load(folder, recipe.max_length)
    model = LanguageModel(recipe.objective, codec.special, Way(recipe.attention, recipe.recompute))
    module, _ = model.load(folder, (recipe.dropout, recipe.attention_dropout))
    return Foundation(module, model, pretrained, codec, Pretrained(str(folder), folder, module.config.to_dict()))  # type: ignore[operator, union-attr]


def frames(recipe: Pretrain, codec: Codec, base: Pretrained | None, files: int) -> tuple[Frame, ...]:
    """What stands before and behind the text of each file's rows: the tokens that begin and end a text, or for mBART
    the end token and the language's, which mBART-50 has in front. It is what the family `seq2seq` expects (see native).

    Raises:
        RecipeError: mBART is to learn, or several languages are to be told apart, and a file's language is not said, or
            has no token.
    """
    special = codec.special
    tells_languages = recipe.multilingual or (base is not None and base.kind == "mbart")
    if recipe.objective != "denoise" or not tells_languages:
        return (Frame((special.bos,), (special.eos,)),) * files
    numbers = [_language_id(codec, recipe.model, code) for code in recipe.languages(files)]
    codes = codes_in("mbart", Tokenizer.from_str(json.dumps(codec.description)))
    if base is not None and is_mbart_50(_said(base.folder), codes):
        return tuple(Frame((number,), (special.eos,)) for number in numbers)
    return tuple(Frame((), (special.eos, number)) for number in numbers)


def token_of(code: str) -> str:
    """The token of a language, as mBART writes it: 'fr_XX', 'pt_BR'."""
    language, _, place = code.replace("-", "_").partition("_")
    return f"{language}_{place or 'XX'}"


def _language_id(codec: Codec, model: str, code: str) -> int:
    if not code:
        raise RecipeError(f"{model} tells languages apart: say which one each text file has, with --language")
    known = special_ids(codec)
    if token_of(code) in known:
        return known[token_of(code)]
    codes = codes_in("mbart", Tokenizer.from_str(json.dumps(codec.description)))
    try:
        surface = codes.find(code, None, "--language")
    except RecipeError:
        surface = None
    if surface is None:
        told = ", ".join(sorted(codes.tags)) or "none"
        raise RecipeError(f"--language {code}: {model} has no token for it (it knows {told})")
    return known[surface]


def _scratch(recipe: Pretrain, text: Monolingual) -> Foundation:
    sample = evenly(text.texts, SAMPLE, len)
    codec = learn(sample.items, recipe.vocabulary, recipe.pieces, recipe.max_length)
    names = [MASKS[1]] if recipe.objective != "clm" else []
    if recipe.objective == "denoise" and recipe.multilingual:
        names += [token_of(code) for code in dict.fromkeys(recipe.language)]
    codec = with_special(codec, names)
    model = LanguageModel(recipe.objective, codec.special, Way(recipe.attention, recipe.recompute))
    module = new(recipe, codec)
    of = "" if sample.whole else f" (learnt from {len(sample.items):,} of {sample.total:,} lines, evenly spaced)"
    layers = f"{type(module).__name__} of width {recipe.width}, random weights"
    return Foundation(
        model.suited(module), model, frozenset(), codec, None, (f"vocabulary: {codec.size} new pieces{of}", layers)
    )


def _continued(recipe: Pretrain, base: Pretrained) -> Foundation:
    codec = _codec_of(base, recipe.max_length)
    model = LanguageModel(recipe.objective, codec.special, Way(recipe.attention, recipe.recompute))
    module, lacking = model.load(base.folder, (recipe.dropout, recipe.attention_dropout))
    config: Any = module.config
    known = getattr(config, "max_position_embeddings", recipe.max_length) - OFFSET.get(base.kind, 0)
    if recipe.max_length > known > 0:
        raise ModelError(f"'{base.name}' knows {known} positions: --max-length {recipe.max_length} is too long for it")
    rows = module.get_input_embeddings().weight.shape[0]  # type: ignore[operator]
    if codec.size > rows:
        raise ModelError(f"{base.folder}: its tokenizer has {codec.size} ids, and its network only {rows} embeddings")
    pretrained = frozenset(name for name, _ in module.named_parameters()) - set(lacking)
    refuse_idle(recipe, base, pretrained)
    notes = [f"{base.name} ({base.kind}) learns on, with the {codec.size} pieces of its tokenizer"]
    if told := turned(base, recipe.objective):
        notes.append(told)
    if lacking:
        notes.append(f"{base.name} has no head for {recipe.objective}: a new one is learned ({', '.join(lacking[:3])})")
    return Foundation(module, model, pretrained, codec, base, tuple(notes))


def refuse_idle(recipe: Pretrain, base: Pretrained, pretrained: frozenset[str]) -> None:
    """Raise RecipeError for settings that would do nothing with this checkpoint and parameters of these names."""
    if base.kind in WITHOUT_DROPOUT and recipe.dropout and chosen(recipe, "dropout"):
        raise RecipeError(f"--dropout is of hidden states, and a {base.kind} has none there: leave it out")
    if recipe.freeze == "embeddings" and not any("embeddings" in name for name in pretrained):
        raise RecipeError(f"--freeze embeddings: {base.name} calls none of its weights so: leave it out")
    if (recipe.unfreeze or recipe.layer_decay < 1) and max(depths(pretrained).values(), default=0) <= 1:
        raise RecipeError(
            f"--unfreeze and --layer-decay go by layers, and the names of {base.name}'s weights do not tell them: "
            "leave them out"
        )


def _codec_of(base: Pretrained, max_length: int) -> Codec:
    with tempfile.TemporaryDirectory() as scratch:
        return Codec.load(tokenizer_folder(base, Path(scratch)), max_length)


def _said(folder: Path) -> dict[str, Any]:
    file = folder / "tokenizer_config.json"
    try:
        said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except ValueError as error:
        raise ModelError(f"{file}: not JSON: {error}") from None
    return said if isinstance(said, dict) else {}


def _copy_tokenizer(source: Path, folder: Path, kinds: Sequence[str] = _TOKENIZER) -> None:
    for file in sorted(file for kind in kinds for file in source.glob(kind)):
        shutil.copyfile(file, folder / file.name)
