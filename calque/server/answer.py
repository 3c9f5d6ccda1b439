"""What calque's own API answers, as OpenAPI tells it and as it is made from records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from calque.text.words import words

if TYPE_CHECKING:
    from calque.records import Alignment, Translation
    from calque.server.desk import Told
    from calque.server.models import Detection, Model


class ModelAnswer(BaseModel):
    """A model that is served."""

    name: str
    version: str = Field(description="a digest of what decides how it translates")
    source: str
    target: str
    engine: str = Field(description="what computes, in words")

    @classmethod
    def of(cls, model: Model) -> ModelAnswer:
        """The answer about a model."""
        return cls(
            name=model.name, version=model.version, source=model.source, target=model.target, engine=model.engine
        )


class Detected(BaseModel):
    """In which language a text is."""

    language: str
    confidence: float = Field(description="0 to 1")

    @classmethod
    def of(cls, found: Detection) -> Detected:
        """The answer about a detection."""
        return cls(language=found.language, confidence=round(found.confidence, 4))


class Alternative(BaseModel):
    """Another translation."""

    text: str
    score: float


class AlignmentAnswer(BaseModel):
    """Which words go together: words as [start, end) in characters, those of the target with their confidence."""

    source: list[tuple[int, int]]
    target: list[tuple[int, int, float | None]]
    links: list[tuple[int, int]] = Field(description="places in `source` and in `target`")

    @classmethod
    def of(cls, found: Alignment) -> AlignmentAnswer:
        """The answer about an alignment."""
        return cls(
            source=[(word.start, word.end) for word in found.source],
            target=[(word.start, word.end, rounded(word.confidence)) for word in found.target],
            links=list(found.links),
        )


class TranslationAnswer(BaseModel):
    """A translation of one text."""

    text: str
    source: str = Field(description="the language that it was translated from")
    detected: Detected | None = Field(default=None, description='where the source was "auto"')
    score: float = Field(description="log-probability per token")
    confidence: float | None = Field(default=None, description="0 to 1, calibrated; with `explain`")
    alternatives: list[Alternative] = []
    alignment: AlignmentAnswer | None = Field(default=None, description="with `explain`")
    warnings: list[str] = []
    model: str | None = Field(default=None, description="the name of the model; null where the text was only copied")

    @classmethod
    def of(cls, told: Told) -> TranslationAnswer:
        """The answer about a translation."""
        said, detected, model = told.translation, told.detected, told.model
        return cls(
            text=said.text,
            source=told.source,
            detected=None if detected is None else Detected.of(detected),
            score=round(said.score, 4),
            confidence=rounded(said.confidence),
            alternatives=[Alternative(text=text, score=round(score, 4)) for text, score in said.alternatives],
            alignment=None if said.alignment is None else AlignmentAnswer.of(said.alignment),
            warnings=list(said.warnings),
            model=None if model is None else model.name,
        )


class Translations(BaseModel):
    """The translations of all texts, in their order; `model` is that of the first."""

    translations: list[TranslationAnswer]
    model: ModelAnswer | None


class CompletionAnswer(BaseModel):
    """A way to go on with a translation."""

    text: str = Field(description="the whole translation")
    next: str = Field(description="the word after the beginning")
    score: float = Field(description="log-probability per token")
    confidence: float | None = Field(default=None, description="0 to 1: how likely the next word is")

    @classmethod
    def of(cls, found: Translation, prefix: str) -> CompletionAnswer:
        """The answer about a translation that goes on with a beginning. A word that was begun counts as the next."""
        behind = (found.text[start:end] for start, end in words(found.text) if end > len(prefix))
        return cls(
            text=found.text,
            next=next(behind, ""),
            score=round(found.score, 4),
            confidence=rounded(found.confidence),
        )


class Completions(BaseModel):
    """Ways to go on, the likeliest first."""

    completions: list[CompletionAnswer]
    model: ModelAnswer


class Detections(BaseModel):
    """The language of each text, in their order."""

    detections: list[Detected]


class ServedModel(ModelAnswer):
    """A model, and whether it translates now."""

    ready: bool


class Models(BaseModel):
    """All models."""

    models: list[ServedModel]


class LanguageAnswer(BaseModel):
    """A language, and into which it is translated."""

    code: str
    name: str
    targets: list[str]


class Languages(BaseModel):
    """All languages that are read."""

    languages: list[LanguageAnswer]


class UsageAnswer(BaseModel):
    """What a key has used in a month, and what fits into a request."""

    used: int = Field(description="characters")
    allowed: int | None = Field(description="characters; null: any number")
    requests: int
    month: str = Field(description="YYYY-MM, UTC")
    text_limit: int = Field(description="most characters of a request")
    file_limit: int = Field(description="most bytes of a file")


class Fault(BaseModel):
    """What went wrong."""

    code: str
    message: str


class Error(BaseModel):
    """The body of every answer that is no success."""

    error: Fault


def rounded(value: float | None) -> float | None:
    """To four places; what is not there stays so."""
    return None if value is None else round(value, 4)
