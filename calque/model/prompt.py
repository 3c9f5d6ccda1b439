"""The prompt of a decoder alone: the template around a source which the decoder goes on with, and the vocabulary that
both sides share."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from calque.corpus.language import name
from calque.errors import ModelError, RecipeError
from calque.model.pretrained import Pretrained, tokenizer_folder
from calque.model.vocabulary import Side, Vocabularies
from calque.recipes.vocabulary import Vocabulary
from calque.text.codec import Codec
from calque.text.stream import SOURCE, TARGET, spelled
from calque.text.trim import trim

# The languages' names before both texts, which did best among the templates of Zhang et al. 2023 ("Prompting Large
# Language Model for Machine Translation: A Case Study", section 4). Texts stand on lines of their own: a text is
# tokenised apart from its template, and a space between them would be a token of its own, as language models never see.
PLAIN = "{source_language}:\n{source}\n{target_language}:\n"
# The request of TowerInstruct (Alves et al. 2024, "Tower: An Open Multilingual Large Language Model for
# Translation-Related Tasks", appendix), as short as it can be.
REQUEST = "Translate the following text from {source_language} into {target_language}.\n{source}"
LEAST = 8  # tokens that must be left for a text


@dataclass(frozen=True, slots=True)
class Template:
    """What stands before a source and behind it, special tokens included, and the token that ends a target."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    end: int


def prompted(
    recipe: Vocabulary,
    pretrained: Pretrained,
    sources: Iterable[str],
    targets: Iterable[str],
    languages: tuple[str, str],
) -> Vocabularies:
    """The two codecs of a decoder alone. They are one vocabulary in two frames: the template is the source's but for
    its last token, with which the target begins.

    Raises:
        RecipeError: a new vocabulary is asked for, two different ones, or a prompt that is none.
        ModelError: tokenizer or chat template cannot be read, or the template fills the longest text.
    """
    trimmed = _is_trimmed(recipe, pretrained)
    with tempfile.TemporaryDirectory() as scratch:
        folder = tokenizer_folder(pretrained, Path(scratch))
        codec = Codec.load(folder, recipe.max_length, begins=False)
        template = _template(recipe, pretrained, folder, codec, languages)
    framing = len(template.before) + len(template.after) - 1
    if framing + LEAST > recipe.max_length:
        raise ModelError(
            f"--max-length {recipe.max_length}: the prompt alone has {framing} tokens, which count: give at least "
            f"{framing + LEAST}, better {framing + 128}"
        )
    old = codec.size
    rows: Iterable[tuple[int, int]] = ((i, i) for i in range(old))
    codec = codec.framed(replace(codec.special, before=template.before, after=(*template.after, template.end)))
    if trimmed:
        codec, kept = trim(codec, chain(sources, targets))
        rows = enumerate(kept)
    return _sides(codec, tuple(rows), pretrained, old)


def _is_trimmed(recipe: Vocabulary, pretrained: Pretrained) -> bool:
    """Whether the vocabulary is trimmed; RecipeError where the recipe asks for what cannot be."""
    asked = {recipe.source_vocabulary, recipe.target_vocabulary} - {"auto"}
    if asked & {"unigram", "bpe"}:
        raise RecipeError(
            f"{pretrained.name} is a decoder alone, whose one vocabulary is for prompt, source and target: a new one "
            "would make nothing of what it has learnt; keep it (the default) or trim it"
        )
    if len(asked) > 1:
        raise RecipeError(
            f"{pretrained.name} is a decoder alone, with one vocabulary for both sides: source_vocabulary and "
            "target_vocabulary cannot differ; give one of them"
        )
    return asked == {"trim"}


def _sides(codec: Codec, rows: tuple[tuple[int, int], ...], pretrained: Pretrained, old: int) -> Vocabularies:
    """Both sides of a codec that is framed by the whole stream."""
    special = codec.special
    before, (*after, start, end) = special.frame
    source = codec.framed(replace(special, eos=end, before=tuple(before), after=tuple(after)))
    target = codec.framed(replace(special, eos=end, before=(start,), after=(end,)))
    pieces = f"{codec.size} of the {old}" if codec.size < old else f"the {old}"
    return Vocabularies(
        Side(source, rows, f"{pieces} pieces of {pretrained.name}"),
        Side(target, rows, f"the same; the prompt is {json.dumps(spelled(source, target), ensure_ascii=False)}"),
    )


def _template(
    recipe: Vocabulary, pretrained: Pretrained, folder: Path, codec: Codec, languages: tuple[str, str]
) -> Template:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    begin: tuple[int, ...] = ()
    end = codec.special.eos
    if recipe.prompt is not None:
        text = _named(recipe.prompt, languages)
        begin = _begin(tokenizer, folder, codec)
    elif (chat := _chat(pretrained)) is not None:
        text, closing = _conversation(pretrained, chat, _named(REQUEST, languages))
        end = next((i for i in _ids(tokenizer, closing) if i in codec.hidden), end)
    else:
        text = _named(PLAIN, languages)
        begin = _begin(tokenizer, folder, codec)
    head, _, tail = text.partition(SOURCE)
    before, after = (tuple(_ids(tokenizer, part)) for part in (head, tail))
    if begin and before[: len(begin)] != begin:
        before = begin + before
    if not after:
        raise RecipeError(
            f"prompt {text!r}: something must follow {SOURCE}, or nobody could tell where the text ends: a line break "
            "or the name of the other language"
        )
    return Template(before, after, end)


def _named(template: str, languages: tuple[str, str]) -> str:
    """The template with the languages' names in it; RecipeError where it has no place for the text, or two."""
    if template.count(SOURCE) != 1:
        raise RecipeError(f"prompt {template!r}: {SOURCE}, the place of the text, must be in it exactly once")
    names = dict(zip(("source", "target"), map(name, languages), strict=True))
    for side, called in names.items():
        template = template.replace(f"{{{side}_language}}", called)
    return template


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a part of a template, in which special tokens are what they are."""
    return list(tokenizer.encode(text, add_special_tokens=False).ids) if text else []


def _begin(tokenizer: Tokenizer, folder: Path, codec: Codec) -> tuple[int, ...]:
    """What the checkpoint's own tokenizer puts before every text. A token that begins and ends texts, as GPT-2's,
    stands between them in all that the checkpoint has read, so it stands here too (but not where the checkpoint says
    that nothing begins a text, as Qwen's)."""
    bare, full = (tokenizer.encode("a", add_special_tokens=added).ids for added in (False, True))
    places = [place for place in range(len(full)) if full[place : place + len(bare)] == bare]
    if places and places[0]:
        return tuple(full[: places[0]])
    config = folder / "tokenizer_config.json"
    said: Any = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    separates = codec.special.bos == codec.special.eos and said.get("bos_token", "unsaid") is not None
    return (codec.special.bos,) if separates or said.get("add_bos_token") else ()


def _chat(pretrained: Pretrained) -> Any:  # noqa: ANN401
    """The checkpoint's tokenizer as transformers reads it, where it has a chat template."""
    folder = pretrained.folder
    if not (folder / "chat_template.jinja").is_file():
        config = folder / "tokenizer_config.json"
        if not config.is_file() or "chat_template" not in json.loads(config.read_text(encoding="utf-8")):
            return None
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"{folder}: its tokenizer cannot be read ({str(error).splitlines()[0]})") from None
    return tokenizer if tokenizer.chat_template else None


def _conversation(pretrained: Pretrained, tokenizer: Any, request: str) -> tuple[str, str]:  # noqa: ANN401
    """A conversation in which a user asks for the translation: as far as the assistant begins, and what follows when it
    has ended."""
    from jinja2 import TemplateError

    asked = [{"role": "user", "content": request}]
    answered = [*asked, {"role": "assistant", "content": TARGET}]
    told = {"tokenize": False, "enable_thinking": False}  # Qwen3 and its kin else think aloud before they answer
    try:
        text = str(tokenizer.apply_chat_template(asked, add_generation_prompt=True, **told))
        whole = str(tokenizer.apply_chat_template(answered, **told))
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        raise ModelError(
            f"{pretrained.folder}: its chat template takes no translation ({error}): give a --prompt of your own"
        ) from None
    if text.count(SOURCE) != 1:
        raise ModelError(
            f"{pretrained.folder}: its chat template changes what the user says: give a --prompt of your own"
        )
    return text, whole.partition(TARGET)[2]
