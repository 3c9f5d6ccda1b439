"""Settings of calque pretrain: what a preset gives, what contradicts, and what would do nothing."""

from __future__ import annotations

import pytest
from cyclopts import App

from calque.cli.flags import Json, command
from calque.errors import RecipeError
from calque.recipes.pretrain import Pretrain
from calque.recipes.sources import resolve
from calque.training.card import command as told

GIVEN = {"text": ["t"], "out": "o"}


def test_the_preset_has_the_halves_that_are_built():
    masked, causal, denoising = (Pretrain.of(GIVEN | {"objective": name}) for name in ("mlm", "clm", "denoise"))
    assert (masked.encoder_layers, masked.decoder_layers) == (4, None)
    assert (causal.encoder_layers, causal.decoder_layers) == (None, 4)
    assert (denoising.encoder_layers, denoising.decoder_layers) == (4, 4)
    assert (masked.width, masked.learning_rate, masked.batch_tokens) == (128, 2e-3, 4096)


def test_defaults_that_depend_on_the_objective():
    masked, causal, denoising = (Pretrain.of(GIVEN | {"objective": name}) for name in ("mlm", "clm", "denoise"))
    assert [one.masked for one in (masked, causal, denoising)] == [0.15, 0.0, 0.3]
    assert [one.packs for one in (masked, causal, denoising)] == [False, False, True]
    assert [one.splits for one in (masked, causal, denoising)] == [False, False, True]
    assert Pretrain.of(GIVEN | {"objective": "clm", "pack": True}).packs


def test_a_checkpoint_has_no_preset():
    recipe = Pretrain.of(GIVEN | {"objective": "mlm", "model": "minilm"})
    assert (recipe.encoder_layers, recipe.pretrained_learning_rate) == (None, 1e-4)
    assert not recipe.from_scratch


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"objective": "cml"}, "'objective' = 'cml'"),
        ({"objective": "clm", "whole_word": True}, "whole_word is for mlm, and the objective is clm: leave it out"),
        ({"objective": "clm", "mask_share": 0.2}, "mask_share is for mlm and denoise"),
        ({"objective": "mlm", "span_length": 2.0}, "span_length is for denoise"),
        ({"objective": "mlm", "permute": False}, "permute is for denoise"),
        ({"objective": "mlm", "decoder_layers": 2}, "decoder_layers is for clm and denoise"),
        ({"objective": "denoise", "pack": False}, "without pack a row has one: turn it off"),
        ({"objective": "mlm", "dev": ["d"], "held_out": 5}, "held_out does nothing beside dev"),
        ({"objective": "mlm", "unfreeze": 0.5}, "unfreeze is about a checkpoint's weights, and tiny"),
        ({"objective": "mlm", "model": "minilm", "width": 64}, "width is for models from scratch, and minilm has"),
        ({"objective": "mlm", "model": "minilm", "vocabulary": "bpe"}, "vocabulary is for models from scratch"),
        ({"objective": "mlm", "width": 30}, "width 30 must be a multiple of heads 4"),
        ({"objective": "mlm", "momentum": 0.5}, "momentum belongs to sgd"),
        ({"objective": "mlm", "freeze": "encoder"}, "'freeze' = 'encoder'"),
        ({"objective": "mlm", "language": ["fr", "en"]}, "2 languages for 1 text files: give one for each"),
        ({"objective": "mlm", "language": ["french"]}, "language 'french' is no language code"),
        ({"objective": "mlm", "text": ["a", "b"], "language": ["fr", "en"], "dev": ["d"]}, "1 dev files for 2"),
        ({"objective": "mlm", "steps": 2, "minutes": 3}, "minutes and steps contradict each other"),
    ],
)  # fmt: skip
def test_what_contradicts_or_does_nothing_is_refused(more, message):
    with pytest.raises(RecipeError) as raised:
        Pretrain.of(GIVEN | more)
    assert message in str(raised.value)


def test_languages_of_files():
    one = Pretrain.of(GIVEN | {"objective": "mlm", "text": ["a", "b"], "language": ["fr"]})
    assert (one.languages(2), one.multilingual) == (("fr", "fr"), False)
    two = Pretrain.of(GIVEN | {"objective": "denoise", "text": ["a", "b"], "language": ["fr", "en"]})
    assert (two.languages(2), two.multilingual) == (("fr", "en"), True)
    assert Pretrain.of(GIVEN | {"objective": "mlm"}).languages(2) == ("", "")


def test_files_follow_their_flag():
    seen = []

    @command(Pretrain)
    def face(recipe, *, json: Json = False):
        seen.append(recipe)

    app = App(result_action="return_value")
    app.default(face)
    for words in ("--text a b --objective clm --out o --language fr en", "--out o --text a --text b --objective clm"):
        app(words.split(), print_error=False, exit_on_error=False)
    assert [recipe.text for recipe in seen] == [("a", "b"), ("a", "b")]
    assert seen[0].language == ("fr", "en")


def test_a_resolved_recipe_can_be_read_again(tmp_path):
    recipe = Pretrain.of(GIVEN | {"objective": "clm", "steps": 5, "sentences": True})
    plain = recipe.model_dump(mode="json", exclude_none=True)
    assert Pretrain.of(plain) == recipe
    assert told(plain, "pretrain", Pretrain) == "calque pretrain --steps 5 --text t --sentences --objective clm --out o"
    file = tmp_path / "r.toml"
    file.write_text('text = "t"\nobjective = "mlm"\nout = "o"\nmask_shar = 0.2\n')
    with pytest.raises(RecipeError, match="unknown setting 'mask_shar'; did you mean 'mask_share'"):
        resolve(Pretrain, {}, file)
