"""Makes COMET checkpoints of random weights over a tiny XLM-R, in COMET's own environment: python comet_checkpoint.py
FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

TEXT = ["The house is blue.", "La maison est bleue.", "A flower grows here", "Une fleur pousse ici"] * 20


def encoder(folder: Path) -> None:
    """Configuration and tokenizer of an XLM-R of two layers; a checkpoint brings the weights."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import XLMRobertaConfig, XLMRobertaTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(
        TEXT, trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>")
    )
    marks = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", marks)
    XLMRobertaTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=66, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    ).save_pretrained(folder)  # fmt: skip


def checkpoint(folder: Path, kind: str, **settings: object) -> None:
    """`folder`/hparams.yaml and `folder`/checkpoints/model.ckpt, as COMET's own training leaves them."""
    import pytorch_lightning
    import torch
    import yaml
    from comet.models import str2model

    torch.manual_seed(1)
    base = str(folder.parent / "encoder")
    made = str2model[kind](pretrained_model=base, load_pretrained_weights=False, hidden_sizes=[8], **settings)
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "hparams.yaml").write_text(yaml.safe_dump({"class_identifier": kind, "pretrained_model": base}))
    state = {
        "state_dict": made.state_dict(),
        "hyper_parameters": dict(made.hparams),
        "pytorch-lightning_version": pytorch_lightning.__version__,
    }
    torch.save(state, folder / "checkpoints" / "model.ckpt")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    encoder(place / "encoder")
    checkpoint(place / "da", "regression_metric")
    checkpoint(place / "qe", "referenceless_regression_metric")
    checkpoint(place / "kiwi", "unified_metric", input_segments=["mt", "src"])
    checkpoint(place / "unite", "unified_metric", input_segments=["mt", "src", "ref"])
