"""Which kinds of checkpoint go together in a pair; looking at them needs no torch and loads nothing."""

from __future__ import annotations

from collections.abc import Sequence

from calque.errors import ModelError, nearest
from calque.model.family import NATIVE
from calque.model.pretrained import Pretrained
from calque.recipes.architecture import Architecture

ENCODERS = (
    "albert", "bert", "bert-generation", "camembert", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet",
    "roberta", "xlm-roberta",
)  # fmt: skip
CONVERTED = ("bert", "bert-generation", "camembert", "electra", "roberta", "xlm-roberta")  # all with BERT's layout
OWN_HEADS = ("bert", "camembert", "electra", "roberta", "xlm-roberta")  # whose head has a transform to keep
LANGUAGE_MODELS = ("gpt2", "xglm")  # decoders as they are, with cross-attention added
DECODERS = tuple(sorted(CONVERTED + LANGUAGE_MODELS))
OFFSET = {"roberta": 2, "camembert": 2, "mpnet": 2, "xlm-roberta": 2}  # positions before the first real one

_WHOLE = {
    "bart", "blenderbot", "fsmt", "led", "longt5", "m2m_100", "marian", "mbart", "mt5", "mvp", "pegasus", "plbart",
    "prophetnet", "switch_transformers", "t5", "umt5",
}  # fmt: skip
_SIGHTLESS = {"bloom", "codegen", "falcon", "gemma", "gemma2", "gemma3_text", "gpt_neo", "gpt_neox",
    "gptj", "llama", "mistral", "modernbert-decoder", "olmo", "opt", "phi", "qwen2", "qwen3", "smollm3"}  # fmt: skip


def refuse_illegal(recipe: Architecture, encoder: Pretrained | None, decoder: Pretrained | None) -> None:
    """Raise ModelError where these checkpoints (None: new weights) cannot form a pair as the recipe wants it; the
    message names those that can."""
    if encoder is not None and encoder.kind not in ENCODERS:
        raise ModelError(_refusal(encoder, "encoder", ENCODERS))
    if decoder is not None and decoder.kind not in DECODERS:
        raise ModelError(f"{_refusal(decoder, 'decoder', DECODERS)[:-1]}; or --decoder new)")
    if recipe.head == "own":
        _refuse_head(decoder)
    elif decoder is not None and decoder.kind in CONVERTED and _is_narrow(decoder):
        raise ModelError(
            f"'{decoder.name}' has embeddings narrower than its layers, which a plain head cannot be tied to; "
            "use --head own or --decoder new"
        )
    if recipe.share_weights:
        _refuse_sharing(recipe, encoder, decoder)


def _refusal(checkpoint: Pretrained, half: str, known: Sequence[str]) -> str:
    kind = checkpoint.kind
    why = ""
    if half == "encoder" and any(kind in whole for whole in NATIVE.values()):
        why = ", for it translates alone: leave out --decoder"
    elif kind in _WHOLE:
        why = ", for it is an encoder-decoder already"
    elif half == "decoder" and kind in _SIGHTLESS:
        why = ", for it has no cross-attention that could look at a source"
    return (
        f"'{checkpoint.name}' is of kind '{kind}', which cannot be the {half} of a pair{why}{nearest(kind, known)} "
        f"({half}s: {', '.join(known)})"
    )


def _refuse_head(decoder: Pretrained | None) -> None:
    if decoder is None:
        raise ModelError("--head own needs a pretrained decoder: leave out --decoder new")
    if decoder.kind not in OWN_HEADS:
        raise ModelError(
            f"'{decoder.name}' ({decoder.kind}) has a plain head already: leave out --head own (it is for "
            f"{', '.join(OWN_HEADS)})"
        )


def _refuse_sharing(recipe: Architecture, encoder: Pretrained | None, decoder: Pretrained | None) -> None:
    """One set of weights can be both halves only where both are one checkpoint with BERT's layout, and as deep."""
    told = [checkpoint for checkpoint in (encoder, decoder) if checkpoint is not None]
    for checkpoint in told:
        if checkpoint.kind not in CONVERTED or _is_narrow(checkpoint):
            raise ModelError(
                f"--share-weights: '{checkpoint.name}' ({checkpoint.kind}) has not the layout of both halves (shared "
                f"can be {', '.join(CONVERTED)}, with embeddings as wide as their layers): leave it out"
            )
    if len(told) == 1 or (len(told) == 2 and told[0].folder.resolve() != told[1].folder.resolve()):
        names = [checkpoint.name if checkpoint else "new weights" for checkpoint in (encoder, decoder)]
        raise ModelError(
            f"--share-weights: the halves begin differently ({names[0]}, {names[1]}), and one set of weights cannot be "
            "both: give --decoder same, or leave it out"
        )
    if recipe.head == "own":
        raise ModelError("--share-weights: the encoder has no head of its own: leave out --head own")
    known = told[0].config.get("num_hidden_layers", 12) if told else 6
    depths = recipe.encoder_layers or known, recipe.decoder_layers or known
    if depths[0] != depths[1]:
        raise ModelError(
            f"--share-weights: {depths[0]} encoder layers and {depths[1]} decoder layers cannot be the same ones: give "
            "the same number of both"
        )


def _is_narrow(checkpoint: Pretrained) -> bool:
    """Whether the embeddings are narrower than the layers (ELECTRA's small ones, by its configuration's default)."""
    usual = 128 if checkpoint.kind == "electra" else None
    width = checkpoint.config.get("hidden_size", 256 if checkpoint.kind == "electra" else None)
    return bool(checkpoint.config.get("embedding_size", usual or width) != width)
