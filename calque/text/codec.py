"""Text to token ids and back, for one side of a translator."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

from calque.errors import DataError, ModelError
from calque.text.frame import Special

# The names that a role goes by where a folder does not say which token plays it (many published ones do not).
CUSTOMARY = {
    "pad": ("[PAD]", "<pad>"),
    "bos": ("[CLS]", "<s>", "<bos>", "<|endoftext|>"),
    "eos": ("[SEP]", "</s>", "<eos>", "<|endoftext|>"),
    "unk": ("[UNK]", "<unk>", "<|endoftext|>"),
}
MASKS = ("[MASK]", "<mask>")  # what the token is called that stands for something to be filled in
BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


class Codec:
    """Text to ids and back.

    Ids are framed: `[bos, ..., eos]`, or as `special` says. Text which spells a special token ("[SEP]", "</s>") is text
    like any other.
    Nothing is ever cut: `max_length` (in tokens, frame included) is what the owner asks to be respected, by dropping
    longer pairs or splitting longer texts; see `fits`.

    `kind` is "WordPiece", "BPE" or "Unigram"; `byte_level` tells whether pieces are made of bytes; `prefix` marks a
    piece that goes on with a word ("##" or nothing); `hidden` are the ids that `decode` skips.
    """

    def __init__(self, tokenizer: Tokenizer, special: Special, max_length: int = 128) -> None:
        self._hold(Tokenizer.from_str(tokenizer.to_str()), special, max_length)

    def _hold(self, tokenizer: Tokenizer, special: Special, max_length: int) -> None:
        """Take a tokenizer that nobody else has, and change it as is needed."""
        self.special = special
        self.max_length = max_length
        self._tokenizer = tokenizer
        _make_plain(tokenizer, special)
        self.kind: str = type(self._tokenizer.model).__name__
        self.byte_level = is_byte_level(self._tokenizer)
        self.prefix: str = getattr(self._tokenizer.model, "continuing_subword_prefix", None) or ""
        added = self._tokenizer.get_added_tokens_decoder()
        hidden = {number for number, token in added.items() if token.special}
        self.hidden = frozenset(hidden | {special.pad, special.bos, special.eos})

    def __reduce__(self) -> tuple[type[Codec], tuple[Tokenizer, Special, int]]:
        return Codec, (self._tokenizer, self.special, self.max_length)

    @classmethod
    def load(cls, folder: str | Path, max_length: int = 128, begins: bool = True) -> Codec:
        """The codec of a folder which has a `tokenizer.json`.

        Special tokens are taken from `tokenizer_config.json` and `special_tokens_map.json`, or go by their customary
        names. Raises ModelError where the folder has no fast tokenizer, or no token that ends or `begins` a text (where
        none needs to, the end token stands for it).
        """
        folder = Path(folder)
        tokenizer = _read_tokenizer(folder)
        names = _special_names(folder, tokenizer)
        if not begins:
            names = {"bos": names.get("eos", "")} | names
        if missing := [role for role in ("bos", "eos") if role not in names]:
            raise ModelError(
                f"{folder}: its tokenizer has no token that {' or '.join(_PURPOSE[role] for role in missing)} "
                "(cls_token and sep_token, or bos_token and eos_token, of tokenizer_config.json); train a new "
                "vocabulary ('unigram' or 'bpe') for this side, or name another model"
            )
        ids = {role: number for role, name in names.items() if (number := tokenizer.token_to_id(name)) is not None}
        unk = None if _knows_everything(tokenizer) else ids.get("unk")
        frame = _frame(folder, tokenizer)
        special = Special(ids.get("pad", ids["eos"]), ids["bos"], ids["eos"], unk, **frame)
        codec = cls.__new__(cls)
        codec._hold(
            tokenizer, special, max_length
        )  # read here, so it need not be copied: that takes as long as reading
        return codec

    def framed(self, special: Special, max_length: int | None = None) -> Codec:
        """The same vocabulary with other special tokens or another frame."""
        return Codec(self._tokenizer, special, self.max_length if max_length is None else max_length)

    @cached_property
    def mask(self) -> int | None:
        """The special token that stands for what a masked language model is to fill in; None where there is none."""
        known = (self._tokenizer.token_to_id(name) for name in MASKS)
        return next((number for number in known if number in self.hidden), None)

    def save(self, folder: str | Path, **told: str) -> None:
        """Write `tokenizer.json` and `tokenizer_config.json` (with what else is `told`), each completely or not at all.

        transformers' AutoTokenizer loads them too, and then frames text in the same way.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "tokenizer.json", self._tokenizer.to_str(pretty=True))
        _write(folder / "tokenizer_config.json", json.dumps(self._config() | told, indent=2, ensure_ascii=False))

    @cached_property
    def size(self) -> int:
        """Number of ids, which is the number of rows that an embedding needs."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def cased(self) -> bool:
        """Whether "É" and "é" are different texts."""
        normalizer = self._tokenizer.normalizer
        return normalizer is None or bool(normalizer.normalize_str("É") != normalizer.normalize_str("é"))

    @property
    def description(self) -> dict[str, Any]:
        """The whole tokenizer as plain JSON types, in the layout of `tokenizer.json`."""
        return dict(json.loads(self._tokenizer.to_str()))

    def pieces(self) -> list[str]:
        """The surface of every id, special tokens included; an empty string where an id is not used."""
        surfaces = [""] * self.size
        for piece, number in self._tokenizer.get_vocab(with_added_tokens=True).items():
            surfaces[number] = piece
        return surfaces

    def encode(self, text: str) -> list[int]:
        """The framed ids of one text."""
        return self.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The framed ids of many texts at once."""
        before, after = self.special.frame
        return [[*before, *encoding.ids, *after] for encoding in self._encodings(texts)]

    def encode_bare(self, text: str) -> list[int]:
        """The ids of a text without a frame."""
        return list(self._encodings([text])[0].ids)

    def pieces_of(self, text: str) -> list[str]:
        """The surfaces of a text's pieces, without the frame."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).tokens)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each id of `encode_bare` stands in the text, in characters; an empty stretch where it is no text."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def decode(self, ids: Iterable[int], *, clean: bool = True, special: bool = False) -> str:
        """The text of ids; `special` ones are skipped unless asked for.

        WordPiece forgets where spaces were; `clean` then takes those before punctuation away, by transformers' rules,
        which are English ones. Other kinds remember, and `clean` changes nothing.
        """
        shown = [i for i in ids if special or i not in self.hidden]
        text: str = self._tokenizer.decode(shown, skip_special_tokens=False)
        return tidied(text) if clean and self.kind == "WordPiece" else text

    def unknown(self, ids: Iterable[int]) -> int:
        """How many of these ids stand for something that the vocabulary cannot spell."""
        return 0 if self.special.unk is None else sum(i == self.special.unk for i in ids)

    def fits(self, text: str) -> bool:
        """Whether the text is within `max_length`."""
        return len(self.encode(text)) <= self.max_length

    def normalised(self, text: str) -> str:
        """What the vocabulary gets to see of a text: lower-cased or stripped of accents by some."""
        normalizer = self._tokenizer.normalizer
        return text if normalizer is None else str(normalizer.normalize_str(text))

    def words(self, text: str) -> list[str]:
        """The chunks that a text is cut into before each is looked up, as the vocabulary sees them."""
        return _chunks(self._tokenizer, text)

    def _encodings(self, texts: Sequence[str]) -> list[Any]:
        try:
            return list(self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False))
        except TypeError:  # what tokenizers makes of a string that has no UTF-8
            for text in texts:
                _require_unicode(text)
            raise

    def _config(self) -> dict[str, Any]:
        """What transformers needs to know beside the tokenizer itself."""
        surfaces = self.pieces()
        unk = {} if self.special.unk is None else {"unk_token": surfaces[self.special.unk]}
        mask = {} if self.mask is None else {"mask_token": surfaces[self.mask]}
        frame = {
            side: [surfaces[i] for i in ids]
            for side, ids in (("before", self.special.before), ("after", self.special.after))
            if ids is not None
        }
        return {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.max_length,
            "model_input_names": ["input_ids", "attention_mask"],
            "clean_up_tokenization_spaces": self.kind == "WordPiece",
            "split_special_tokens": True,  # text which spells a special token stays text
            "pad_token": surfaces[self.special.pad],
            "bos_token": surfaces[self.special.bos],
            "cls_token": surfaces[self.special.bos],
            "eos_token": surfaces[self.special.eos],
            "sep_token": surfaces[self.special.eos],
            **unk,
            **mask,
            **({_FRAME: frame} if frame else {}),
        }


def _require_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"not valid Unicode: half of a surrogate pair at character {error.start} of {text[:40]!r}"
        ) from error


_PURPOSE = {"bos": "begins a text", "eos": "ends a text"}


def tidied(text: str) -> str:
    """Text without the spaces that WordPiece leaves before punctuation and English contractions; the rules are those of
    transformers, so that scores compare."""
    for spaced in (" .", " ?", " !", " ,"):
        text = text.replace(spaced, spaced[1:])
    text = text.replace(" ' ", "'")
    for spaced in (" n't", " 'm", " 's", " 've", " 're"):
        text = text.replace(spaced, spaced[1:])
    return text


def _make_plain(tokenizer: Tokenizer, special: Special) -> None:
    """Let the tokenizer pad and cut nothing, frame in the same way for transformers, and not mistake text for special
    tokens."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.post_processor = _template(tokenizer, special)
    if isinstance(tokenizer.model, models.WordPiece):
        tokenizer.decoder = decoders.WordPiece(prefix=tokenizer.model.continuing_subword_prefix, cleanup=False)
    tokenizer.encode_special_tokens = True
    _guard(tokenizer)


def _template(tokenizer: Tokenizer, special: Special) -> processors.TemplateProcessing:
    """The frame as transformers puts it around a text."""
    if special.before is None and special.after is None:
        bos, eos = (tokenizer.id_to_token(number) for number in (special.bos, special.eos))
        return processors.TemplateProcessing(
            single=f"{bos}:0 $A:0 {eos}:0",
            pair=f"{bos}:0 $A:0 {eos}:0 $B:1 {eos}:1",
            special_tokens=sorted({(bos, special.bos), (eos, special.eos)}),
        )
    stands = {
        name: {"id": name, "ids": ids, "tokens": [tokenizer.id_to_token(i) for i in ids]}
        for name, ids in zip(("before", "after"), special.frame, strict=True)
        if ids
    }
    return processors.TemplateProcessing(
        single=[part for part in ("before", "$A", "after") if part in stands or part == "$A"],
        pair=[part for part in ("before", "$A", "$B", "after") if part in stands or part.startswith("$")],
        special_tokens=list(stands.values()),
    )


def _guard(tokenizer: Tokenizer) -> None:
    """Keep text that spells a special token or a byte piece from becoming one.

    A Unigram model looks every surface up in its vocabulary, special or not; the others do where they see it as a word.
    So the text is split after the first character of such a surface, and the model never sees it whole.
    """
    if isinstance(tokenizer.model, models.BPE) and not tokenizer.model.ignore_merges:
        return  # nothing merges towards a special token
    known = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    exposed = [name for name in known if any(name in chunk for chunk in _chunks(tokenizer, f"a{name}a {name}"))]
    splits = [f"{re.escape(name[0])}(?={re.escape(name[1:])})" for name in exposed]
    if tokenizer.token_to_id("<0x41>") is not None and "<0x41>" in "".join(_chunks(tokenizer, "<0x41>")[:1]):
        splits.append("<(?=0x[0-9A-F]{2}>)")
    if splits:
        split = pre_tokenizers.Split(Regex("|".join(splits)), "merged_with_previous")
        before = [] if tokenizer.pre_tokenizer is None else [tokenizer.pre_tokenizer]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*before, split])


def _chunks(tokenizer: Tokenizer, text: str) -> list[str]:
    """What a text is cut into before the model looks at it."""
    if tokenizer.normalizer is not None:
        text = tokenizer.normalizer.normalize_str(text)
    if tokenizer.pre_tokenizer is None:
        return [text]
    return [chunk for chunk, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def _knows_everything(tokenizer: Tokenizer) -> bool:
    """Whether any text can be spelled: all 256 bytes are in the vocabulary, and the model falls back on them."""
    if is_byte_level(tokenizer):
        alphabet = list(pre_tokenizers.ByteLevel.alphabet())
    elif b'"byte_fallback":true' in bytes(tokenizer.model.__getstate__()):
        alphabet = [f"<0x{byte:02X}>" for byte in range(256)]
    else:
        return False
    return all(tokenizer.token_to_id(letter) is not None for letter in alphabet)


def unknown_in(tokenizer: Tokenizer) -> int | None:
    """The id that stands for what the vocabulary cannot spell; None where it can spell everything."""
    if _knows_everything(tokenizer):
        return None
    model = json.loads(tokenizer.to_str())["model"]
    if "unk_id" in model:
        return None if model["unk_id"] is None else int(model["unk_id"])
    name = model.get("unk_token")
    return None if name is None else tokenizer.token_to_id(name)


def is_byte_level(tokenizer: Tokenizer) -> bool:
    """Whether text is turned into bytes before it is cut into pieces, as GPT-2 does."""
    steps = [step.__getstate__() for step in (tokenizer.pre_tokenizer, tokenizer.normalizer) if step is not None]
    return any(b'"ByteLevel"' in bytes(step) for step in steps)


def _read_tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if not path.is_file():
        slow = sorted(p.name for p in folder.glob("*") if p.name in _SLOW or p.suffix in {".model", ".spm"})
        found = f"only {', '.join(slow)}, which must be converted first" if slow else "no tokenizer at all"
        raise ModelError(f"{folder}: no tokenizer.json ({found})")
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # that is what the tokenizers package raises
        raise ModelError(f"{path}: not a tokenizer: {error}") from error


_FRAME = "calque_frame"  # in tokenizer_config.json: the surfaces before and after a text, where not bos and eos


def _frame(folder: Path, tokenizer: Tokenizer) -> dict[str, tuple[int, ...]]:
    """The sides of the frame that the folder states."""
    said = _read_json(folder / "tokenizer_config.json").get(_FRAME, {})
    frame: dict[str, tuple[int, ...]] = {}
    for side, pieces in said.items() if isinstance(said, dict) else [("", ())]:
        ids = [tokenizer.token_to_id(str(piece)) for piece in pieces]
        known = [i for i in ids if i is not None]
        if side not in ("before", "after") or len(known) < len(ids):
            raise ModelError(
                f"{folder}/tokenizer_config.json: {_FRAME} names pieces that are not in the vocabulary: the folder is "
                "damaged"
            )
        frame[side] = tuple(known)
    return frame


_SLOW = {"vocab.txt", "vocab.json", "merges.txt"}


def _special_names(folder: Path, tokenizer: Tokenizer) -> dict[str, str]:
    """The surface of each role's token, for the roles whose token is in the vocabulary."""
    config = _read_json(folder / "special_tokens_map.json") | _read_json(folder / "tokenizer_config.json")
    said = {
        role: token["content"] if isinstance(token, dict) else token
        for role in ("pad", "bos", "eos", "unk", "cls", "sep")
        if (token := config.get(f"{role}_token"))
    }
    if {"cls", "sep"} <= said.keys():
        said |= {"bos": said["cls"], "eos": said["sep"]}
    names = {}
    for role, customary in CUSTOMARY.items():
        candidates = [said[role]] if role in said else customary
        known = [name for name in candidates if tokenizer.token_to_id(name) is not None]
        if known:
            names[role] = known[0]
    return names


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    if not isinstance(read, dict):
        raise ModelError(f"{path}: expected a JSON object")
    return read


def _write(path: Path, text: str) -> None:
    """Write to a temporary name, then rename."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
