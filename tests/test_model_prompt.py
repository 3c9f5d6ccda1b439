"""Templates of decoders alone, and the one vocabulary that both sides share."""

from __future__ import annotations

import json

import pytest
import transformers
import vocabularies
from checkpoints import numbers
from decoders import CHAT, END, chatting, network, tokenizer

from calque.corpus.language import name
from calque.errors import ModelError, RecipeError
from calque.model.pretrained import find
from calque.model.prompt import prompted
from calque.recipes.vocabulary import Vocabulary
from calque.text.codec import Codec
from calque.text.stream import spelled, whole

SOURCES, TARGETS = zip(*numbers(40), strict=True)


def sides(folder, texts=40, **settings):
    recipe = Vocabulary(**({"max_length": 120} | settings))
    chosen = prompted(recipe, find(str(folder)), SOURCES[:texts], TARGETS[:texts], ("en", "fra"))
    return chosen.source, chosen.target


def stream(folder, **settings):
    source, target = sides(folder, **settings)
    return spelled(source.codec, target.codec)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpt2")
    return network(folder, "gpt2", tokenizer(folder))


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    return chatting(tmp_path_factory.mktemp("chat"))


@pytest.mark.parametrize(
    ("code", "called"),
    [("en", "English"), ("fra", "French"), ("pt-BR", "Portuguese"), ("zho_Hans", "Chinese"), ("xx-Odd", "xx-Odd")],
)
def test_languages_have_names(code, called):
    assert name(code) == called


def test_a_base_model_reads_names_and_texts_on_lines_of_their_own(gpt2):
    source, target = sides(gpt2)
    assert spelled(source.codec, target.codec) == f"{END}English:\n{{source}}\nFrench:\n{{target}}{END}"
    assert source.note == "the 333 pieces of " + str(gpt2)
    assert json.dumps(f"{END}English:\n{{source}}\nFrench:\n{{target}}{END}") in target.note
    assert source.codec.decode(source.codec.encode("one two."), special=True) == f"{END}English:\none two.\nFrench:"
    assert target.codec.decode(target.codec.encode("un deux."), special=True) == f"\nun deux.{END}"
    assert target.codec.decode(target.codec.encode("un:\n deux.")) == "\nun:\n deux."  # its start token is text as well


def test_training_and_generation_see_the_ids_of_the_whole_prompt(gpt2, tmp_path):
    """What AutoTokenizer makes of a text with the whole frame is the framed source and the target's first token."""
    source, target = (side.codec for side in sides(gpt2))
    whole(source, target).save(tmp_path, padding_side="left")
    alone = transformers.AutoTokenizer.from_pretrained(tmp_path)
    wanted = source.encode(SOURCES[0]) + target.encode("")[:1]
    assert alone(SOURCES[0])["input_ids"] == wanted
    padded = alone([SOURCES[0], "one"], padding=True)["input_ids"]
    assert padded[0] == wanted
    assert padded[1][-3:] == wanted[-3:]


def test_a_prompt_of_ones_own(gpt2):
    told = "{source_language} ({source}) {ab} => {target_language}: "
    assert stream(gpt2, prompt=told) == END + "English ({source}) {ab} => French: {target}" + END
    assert stream(gpt2, prompt=f"{END}[{{source}}]") == END + "[{source}]{target}" + END  # not begun twice


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("English: ", "must be in it exactly once"),
        ("{source} = {source}:", "must be in it exactly once"),
        ("English: {source}", "something must follow"),
    ],
)
def test_a_prompt_without_a_place_or_an_end_is_refused(gpt2, prompt, message):
    with pytest.raises(RecipeError, match=message):
        sides(gpt2, prompt=prompt)


def test_a_chat_template_is_honoured(chat):
    """The frame is what transformers makes of the conversation, and the token that ends the assistant's turn ends a
    target, though the tokenizer says another."""
    source, target = sides(chat)
    request = "Translate the following text from English into French.\n"
    told = f"<|im_start|>user\n{request}{{source}}<|im_end|>\n<|im_start|>assistant\n<think></think>"
    assert spelled(source.codec, target.codec) == told + "{target}<|im_end|>"
    alone = transformers.AutoTokenizer.from_pretrained(chat)
    asked = [{"role": "user", "content": request + SOURCES[0]}]
    wanted = alone.apply_chat_template(asked, add_generation_prompt=True, enable_thinking=False, tokenize=False)
    ids = source.codec.encode(SOURCES[0]) + target.codec.special.frame[0]
    assert source.codec.decode(ids, special=True) == wanted
    assert ids == alone(wanted, add_special_tokens=False)["input_ids"]
    assert target.codec.special.eos == alone.convert_tokens_to_ids("<|im_end|>")
    assert target.codec.special.pad == alone.convert_tokens_to_ids(END)
    assert source.codec.encode("<|im_end|>")[-20:] != target.codec.special.eos  # in a text it is text
    assert source.codec.decode(source.codec.encode_bare("a<|im_end|>b")) == "a<|im_end|>b"


def test_a_chat_template_in_a_file_of_its_own(tmp_path):
    folder = chatting(tmp_path)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("chat_template")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "chat_template.jinja").write_text(CHAT)
    assert stream(folder).startswith("<|im_start|>user\nTranslate")


@pytest.mark.parametrize(
    ("template", "message"),
    [("{{ raise_exception('no users') }}", "no users"), ("{{ messages[0]['role'] }}", "changes what the user says")],
)
def test_a_chat_template_that_cannot_be_used_is_refused(tmp_path, template, message):
    folder = chatting(tmp_path)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": template}))
    with pytest.raises(ModelError, match=message):
        sides(folder)
    assert stream(folder, prompt="{source} =") == "{source} ={target}" + END


def test_a_tokenizer_like_llamas_begins_with_its_own_token(tmp_path):
    """Pieces mark the space before a word; the token that begins texts comes from the tokenizer's own template."""
    folder = vocabularies.build("piece_bpe", tmp_path)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"add_bos_token": True}))
    network(folder, "llama", 480)
    source, target = (side.codec for side in sides(folder))
    assert source.encode("the dog")[0] == source.special.bos
    assert target.encode("the dog")[-1] == target.special.eos
    assert target.decode(target.special.bare(target.encode("Un chien : là."))) == "Un chien : là."
    assert spelled(source, target).startswith("<s>")


def test_both_sides_are_trimmed_together(gpt2):
    source, target = sides(gpt2, 2, source_vocabulary="trim")
    whole_source, whole_target = sides(gpt2)
    assert source.codec.size == target.codec.size < whole_source.codec.size
    assert source.rows == target.rows
    old = dict(source.rows)
    for trimmed, kept, texts in ((source, whole_source, SOURCES[:2]), (target, whole_target, TARGETS[:2])):
        for text in texts:
            assert [old[i] for i in trimmed.codec.encode(text)] == kept.codec.encode(text)
    assert spelled(source.codec, target.codec) == spelled(whole_source.codec, whole_target.codec)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target_vocabulary": "unigram"}, "a new one would make nothing"),
        ({"source_vocabulary": "bpe"}, "a new one would make nothing"),
        ({"source_vocabulary": "keep", "target_vocabulary": "trim"}, "cannot differ"),
    ],
)
def test_other_vocabularies_are_refused(gpt2, settings, message):
    with pytest.raises(RecipeError, match=message):
        sides(gpt2, **settings)


def test_a_prompt_that_fills_the_longest_text_is_refused(chat):
    with pytest.raises(ModelError, match="the prompt alone has"):
        sides(chat, max_length=40)


def test_saved_codecs_frame_as_before(chat, tmp_path):
    for side, text in zip(sides(chat), ("one two.", "un deux."), strict=True):
        side.codec.save(tmp_path)
        again = Codec.load(tmp_path, side.codec.max_length)
        assert again.encode(text) == side.codec.encode(text)
        assert again.special == side.codec.special
