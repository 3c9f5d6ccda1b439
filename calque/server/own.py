"""calque's own API, `/api/v1`: what the others lack (docs/api.md)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request
from starlette.datastructures import State
from starlette.responses import JSONResponse

from calque.corpus import language
from calque.formats.reader import Rules
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.server import answer, body, desk, examples
from calque.server.health import bearer
from calque.server.presence import unless_gone
from calque.server.question import Asked, Complete, Detect, Question, Translate
from calque.server.refusal import Refusal
from calque.server.terms import terms
from calque.server.wording import Wording, tell

if TYPE_CHECKING:
    from pydantic import BaseModel

    from calque.recipes.serve import Serve

Some = TypeVar("Some", bound=Question)
SHORT = frozenset({"source", "target", "model", "glossary"})  # fields with the name of something
router = APIRouter(prefix="/api/v1", tags=["calque"])


@router.post("/translate", **examples.of(Translate, answer.Translations, "translate", (*examples.TRANSLATING, 404)))
async def translate(request: Request) -> JSONResponse:
    """Translate a text, or a list of texts."""
    asked = await _asked(request, Translate)
    state = request.app.state
    wanted = _wanted(asked, state.serve)
    with state.gate.entered(bearer(request), wanted.characters, body.address(request)) as who:
        told = await unless_gone(request, _tell(state, wanted, asked, who.name))
    first = told[0].model if told else None
    return _answered(
        answer.Translations(
            translations=[answer.TranslationAnswer.of(one) for one in told],
            model=None if first is None else answer.ModelAnswer.of(first),
        )
    )


@router.post("/complete", **examples.of(Complete, answer.Completions, "complete", examples.TRANSLATING))
async def complete(request: Request) -> JSONResponse:
    """Ways to go on with a beginning of a translation, the likeliest first."""
    asked = await _asked(request, Complete)
    state = request.app.state
    wanted, prefix = _completed(asked, state.serve), asked.prefix
    with state.gate.entered(bearer(request), wanted.characters, body.address(request)):
        found = await unless_gone(request, state.desk.complete(wanted, asked.count))
    completions = [answer.CompletionAnswer.of(one, prefix) for one in found.translations]
    return _answered(answer.Completions(completions=completions, model=answer.ModelAnswer.of(found.model)))


@router.post("/detect", **examples.of(Detect, answer.Detections, "detect", examples.TRANSLATING))
async def detect(request: Request) -> JSONResponse:
    """Which of the languages that are read each text is in."""
    asked = await _asked(request, Detect)
    state = request.app.state
    texts = body.texts(asked.text, "text", state.serve.texts, state.serve.characters)
    with state.gate.entered(bearer(request), 0, body.address(request)):
        found = await unless_gone(request, state.desk.detect(texts))
    return _answered(answer.Detections(detections=[answer.Detected.of(one) for one in found]))


@router.get("/models", **examples.of(None, answer.Models, "models"))
async def models(request: Request) -> JSONResponse:
    """The models that are served."""
    state = request.app.state
    state.gate.who(bearer(request), body.address(request))
    served = [
        answer.ServedModel(**answer.ModelAnswer.of(model).model_dump(), ready=state.desk.ready)
        for model in state.desk.polyglot.models
    ]
    return _answered(answer.Models(models=served))


@router.get("/languages", **examples.of(None, answer.Languages, "languages"))
async def languages(request: Request) -> JSONResponse:
    """From which language into which; the way may go through a third."""
    state = request.app.state
    state.gate.who(bearer(request), body.address(request))
    found = [
        answer.LanguageAnswer(code=code, name=language.name(code), targets=list(targets))
        for code, targets in state.desk.polyglot.languages().items()
    ]
    return _answered(answer.Languages(languages=found))


@router.get("/usage", **examples.of(None, answer.UsageAnswer, "usage", (*examples.KEY, 503)))
async def usage(request: Request) -> JSONResponse:
    """What this key has used in this month, and what fits into a request."""
    state = request.app.state
    used = state.gate.usage(state.gate.who(bearer(request), body.address(request)))
    return _answered(
        answer.UsageAnswer(
            used=used.characters,
            allowed=used.limit,
            requests=used.requests,
            month=used.month,
            text_limit=state.serve.characters,
            file_limit=state.serve.file_bytes,
        )
    )


async def _asked(request: Request, question: type[Some]) -> Some:
    """What a request asks. Of whoever has no key nothing is read.

    Raises:
        Refusal: no_key, wrong_key, bad_request, invalid, too_slow.
    """
    request.app.state.gate.who(bearer(request), body.address(request))
    return question.of(body.parse(await body.read(request)))


def _wanted(asked: Translate, serve: Serve) -> desk.Request:
    """The desk's request.

    Raises:
        Refusal: invalid, too_large.
    """
    if asked.alternatives > serve.alternatives:
        raise Refusal("invalid", f"'alternatives' must be a whole number from 0 to {serve.alternatives}")
    if asked.prefix is not None and isinstance(asked.text, list) and len(asked.text) != 1:
        raise Refusal("invalid", "'prefix' goes with one text, and 'text' is a list of several")
    _code(asked)
    _check_plain(asked)
    handling = Handling(explain=asked.explain, protect=asked.protect, sentences=asked.sentences)
    best = asked.alternatives + 1
    return desk.Request(
        texts=body.texts(asked.text, "text", serve.texts, serve.characters),
        source=asked.source,
        target=asked.target,
        model=asked.model,
        search=Search(beam=max(serve.beam, best), n_best=best) if best > 1 else None,
        handling=handling,
        prefix=None if asked.prefix is None else _text(asked.prefix, "prefix", serve),
    )


def _completed(asked: Complete, serve: Serve) -> desk.Request:
    """The desk's request.

    Raises:
        Refusal: invalid, too_large.
    """
    text = _text(asked.text, "text", serve)
    if len(text) > serve.complete_characters:
        raise Refusal(
            "too_large",
            f"'text' has {len(text)} characters: translations of at most {serve.complete_characters} are completed",
        )
    prefix = _text(asked.prefix, "prefix", serve) if asked.prefix else ""
    _code(asked)
    return desk.Request((text,), asked.source, asked.target, asked.model, prefix=prefix)


def _tell(state: State, wanted: desk.Request, asked: Translate, owner: str) -> Coroutine[Any, Any, list[desk.Told]]:
    """The translations, with markup or a glossary where they are asked for."""
    if asked.format == "text" and asked.glossary is None:
        return state.desk.tell(wanted)  # type: ignore[no-any-return]
    worded = Wording(
        model=wanted.model,
        search=wanted.search,
        handling=wanted.handling,
        glossary=None
        if asked.glossary is None
        else terms(state.jobs.store, owner, (asked.glossary,), wanted.source, wanted.target),
        rules=Rules() if asked.format == "html" else None,
    )
    return tell(state.desk, wanted.texts, wanted.source, wanted.target, worded)


def _check_plain(asked: Translate) -> None:
    """That nothing is asked for with markup or a glossary that only a plain text has.

    Raises:
        Refusal: invalid.
    """
    if asked.format == "html" and (asked.explain or asked.alternatives or asked.prefix is not None):
        raise Refusal("invalid", "'explain', 'alternatives' and 'prefix' go with the format \"text\"")
    if asked.glossary is not None and (asked.alternatives or asked.prefix is not None):
        raise Refusal("invalid", "'alternatives' and 'prefix' cannot go with a glossary")


def _code(asked: Asked) -> Asked:
    """The question, when its short fields are such."""
    for name, value in asked:
        if name in SHORT and value is not None:
            body.code(value, name)
    return asked


def _text(value: str, name: str, serve: Serve) -> str:
    return body.texts(value, name, 1, serve.characters)[0]


def _answered(found: BaseModel) -> JSONResponse:
    return JSONResponse(found.model_dump(exclude_none=False))
