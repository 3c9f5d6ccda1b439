"""What multilingual checkpoints call languages: fr, __fr__, fr_XX, fra_Latn, >>fra<< or <2fr>."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import langcodes
from tokenizers import Tokenizer

from calque.errors import RecipeError, nearest

_STYLES = {  # by architecture: how a code is written, with the part that names the language in brackets
    "m2m_100": (r"__(\w+)__", r"([a-z]{3}_[A-Z][a-z]{3})"),
    "mbart": (r"([a-z]{2}_[A-Z]{2})",),
    "marian": (r">>(.+)<<",),
    "t5": (r"<2(\w+)>",),
    "mt5": (r"<2(\w+)>",),
}
_FARTHEST = 10  # distance between languages that langcodes calls the same for most purposes


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes in a vocabulary: tag (such as fra_Latn) to surface (such as >>fra_Latn<<)."""

    tags: Mapping[str, str]
    kind: str

    @property
    def surfaces(self) -> set[str]:
        """Everything that a code can be named by."""
        return {*self.tags, *self.tags.values()}

    def named(self, code: str, flag: str) -> str:
        """The surface of a code that the user names by its tag or its surface.

        Raises:
            RecipeError: there is none.
        """
        if code in self.tags:
            return self.tags[code]
        if code in self.tags.values():
            return code
        if not self.tags:
            raise RecipeError(f"{flag} {code}: the model has no language codes, so none can be added: leave it out")
        known = ", ".join(sorted(self.tags)[:12]) + (", ..." if len(self.tags) > 12 else "") or "none"
        raise RecipeError(
            f"{flag} {code}: the model has no such language code{nearest(code, self.tags)} (known: {known}); "
            f"--target-code NEW --code-like CODE adds one, beginning as that related language's"
        )

    def find(self, language: str, given: str | None, flag: str) -> str | None:
        """The surface of the language's code; None where the model has no codes.

        Raises:
            RecipeError: the model has codes, but none of this language, or none that is `given`.
        """
        if not self.tags:
            if given is not None:
                raise RecipeError(f"{flag} {given}: the model has no language codes: leave it out")
            return None
        if given is not None:
            return self.named(given, flag)
        tag = self._closest(language)
        if tag is None:
            raise RecipeError(
                f"the model has no code of the language '{language}': name one with {flag} ("
                f"{', '.join(sorted(self.tags)[:12])}{', ...' if len(self.tags) > 12 else ''}), or add one with {flag} "
                "NEW --code-like RELATED"
            )
        return self.tags[tag]

    def _closest(self, language: str) -> str | None:
        if language in self.tags:
            return language
        if not langcodes.tag_is_valid(language):
            return None
        known = [tag for tag in self.tags if langcodes.tag_is_valid(tag) and _same(language, tag)]
        return langcodes.closest_supported_match(language, known, max_distance=_FARTHEST) if known else None

    def surface(self, tag: str, flag: str) -> str:
        """How this model would write a code that it does not have.

        Raises:
            RecipeError: the model has no codes, or they look otherwise.
        """
        if not self.tags:
            raise RecipeError(f"{flag} {tag}: the model has no language codes, so none can be added: leave it out")
        some, written = next(iter(self.tags.items()))
        surface = written.replace(some, tag)
        if not any(re.fullmatch(style, surface) for style in _STYLES[self.kind]):
            raise RecipeError(f"{flag} {tag}: a code of this model looks like {some}: write the new one in this way")
        return surface


def _same(language: str, tag: str) -> bool:
    """Whether a model's code is of this language, and in its script where one is named; German is not Luxembourgish,
    however near."""
    wanted, offered = (langcodes.Language.get(langcodes.standardize_tag(code, macro=True)) for code in (language, tag))
    return wanted.language == offered.language and (not wanted.script or wanted.script == offered.script)


def codes_in(kind: str, tokenizer: Tokenizer) -> Codes:
    """The language codes in a vocabulary of an architecture of this kind."""
    tags: dict[str, str] = {}
    styles = [re.compile(style) for style in _STYLES.get(kind, ())]
    for surface in tokenizer.get_vocab(with_added_tokens=True):
        for style in styles:
            if found := style.fullmatch(surface):
                tags[found.group(1)] = surface
    return Codes(dict(sorted(tags.items())), kind)
