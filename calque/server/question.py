"""What calque's own API is asked: the bodies of its requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from calque.errors import nearest
from calque.server.refusal import Refusal

SHOWN = 60  # characters of a wrong name that a message repeats
FIELDS = 100  # most fields that are looked at


def _only_texts(value: object) -> object:
    """One mistake for a list in which there are many."""
    if isinstance(value, list) and not all(isinstance(one, str) for one in value):
        raise ValueError("not a list of texts")
    return value


Texts = Annotated[str | list[str], BeforeValidator(_only_texts)]


class Question(BaseModel):
    """The body of a request, as nothing but the fields that it has."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        """The question in these fields.

        Raises:
            Refusal: invalid; a field is unknown (the nearest known one is named), missing, or does not fit.
        """
        if len(fields) > FIELDS:
            raise Refusal("invalid", f"the body has {len(fields)} fields (known: {', '.join(cls.model_fields)})")
        for name in fields:  # pydantic cannot tell of one that is no Unicode text
            if name not in cls.model_fields:
                short = name[:SHOWN]
                near = nearest(short, cls.model_fields)
                raise Refusal("invalid", f"unknown field '{short}'{near} (known: {', '.join(cls.model_fields)})")
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise Refusal("invalid", cls._sentence(error)) from None

    @classmethod
    def _sentence(cls, error: ValidationError) -> str:
        mistake = error.errors(include_url=False, include_context=False)[0]
        name = str(mistake["loc"][0])
        description = cls.model_fields[name].description
        if mistake["type"] == "missing":
            return f"'{name}' is required: {description}"
        return f"'{name}' does not fit: {description}"


class Asked(Question):
    """What all questions about a translation have."""

    source: str = Field(default="auto", description='the language of the text, such as "en"; "auto" finds out')
    target: str = Field(description='the language to translate into, such as "fr"')
    model: str | None = Field(default=None, description="the name of the model to use; null lets the server choose")


class Translate(Asked):
    """The body of `POST /api/v1/translate`."""

    text: Texts = Field(description="a text, or a list of texts")
    format: Literal["text", "html"] = Field(default="text", description='"text" or "html"')
    explain: bool = Field(default=False, description="true or false: tell confidence and word alignment too")
    alternatives: int = Field(default=0, ge=0, description="how many other translations to give: a whole number")
    prefix: str | None = Field(default=None, description="a text that the translation must begin with, or null")
    glossary: str | None = Field(default=None, description="the ID of a glossary of one's own, or null")
    protect: bool = Field(
        default=True, description="true or false: keep addresses, placeholders, @mentions, #tags and emoji as they are"
    )
    sentences: bool = Field(default=True, description="true or false: translate sentence by sentence")


class Complete(Asked):
    """The body of `POST /api/v1/complete`."""

    text: str = Field(description="the text that is translated")
    prefix: str = Field(default="", description="the beginning of the translation; each completion goes on with it")
    count: int = Field(default=5, ge=1, le=20, description="how many completions to give: a whole number from 1 to 20")


class Detect(Question):
    """The body of `POST /api/v1/detect`."""

    text: Texts = Field(description="a text, or a list of texts")
