"""Which network is built, and from what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe


class Architecture(Recipe):
    """An encoder-decoder made of pretrained parts, new parts, or both."""

    model: str = Field(
        description="pretrained encoder: a hub name, a folder, 'minilm' (the MiniLM that comes as a Python package), a "
        "calque translator to go on from, or a preset ('tiny' trains from scratch)"
    )
    decoder: str = Field(
        default="same",
        description="pretrained decoder: 'same' checkpoint as the encoder, 'new' random weights, a hub name or "
        "a folder",
    )
    encoder_layers: int | None = Field(default=None, ge=1, le=96, description="encoder layers kept; by default all")
    decoder_layers: int | None = Field(
        default=None, ge=1, le=96, description="decoder layers, spread evenly over the checkpoint's; by default all"
    )
    cross_attention: Literal["new", "self", "scaled"] = Field(
        default="new",
        description="how cross-attention begins: new random weights, a copy of the layer's self-attention, or "
        "that copy "
        "with its output scaled down to 0.1",
    )
    head: Literal["plain", "own"] = Field(
        default="plain",
        description="output layer: a plain one tied to the embeddings, or the decoder checkpoint's own head with its "
        "transform",
    )
    share_weights: bool = Field(
        default=False,
        description="encoder and decoder are one set of weights, apart from cross-attention and, where the two "
        "vocabularies differ, embeddings: both must begin from one checkpoint with BERT's layout, or from scratch",
    )
    random_weights: bool = Field(
        default=False, description="forget the pretrained weights and keep only the shape (to measure what they give)"
    )
    width: int = Field(default=128, ge=8, le=8192, description="hidden size, from scratch only")
    heads: int = Field(default=4, ge=1, le=128, description="attention heads, from scratch only")
    feed_forward: int = Field(default=512, ge=8, le=32768, description="feed-forward size, from scratch only")
    dropout: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="dropout probability of hidden states; by default what suits the number of training pairs, 0.1 "
        "to 0.4",
    )
    attention_dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout probability of attention weights")

    @model_validator(mode="after")
    def _width_is_divided_by_heads(self) -> Architecture:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        return self
