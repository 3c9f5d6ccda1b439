"""/v2/translate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from calque.formats.reader import Rules
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.server import body, wording
from calque.server.deepl import asking, spec
from calque.server.deepl.glossaries import glossary_of
from calque.server.desk import Told
from calque.server.presence import unless_gone
from calque.server.refusal import Refusal
from calque.server.wording import Wording

router = APIRouter(tags=["DeepL"])
TAGS = ("splitting_tags", "non_splitting_tags", "ignore_tags")
NEVER = {
    "style_id": "there are no style rules",
    "translation_memory_id": "there is no translation memory",
    "translation_memory_threshold": "there is no translation memory",
    "custom_instructions": "a translation model takes no instructions",
}
KNOWN = (
    "text", "source_lang", "target_lang", "context", "show_billed_characters", "split_sentences",
    "preserve_formatting", "formality", "model_type", "glossary_id", "glossary_ids", "tag_handling",
    "tag_handling_version", "outline_detection", "enable_beta_languages", *TAGS,
)  # fmt: skip
MODELS = ("quality_optimized", "prefer_quality_optimized", "latency_optimized")


@router.post("/v2/translate", openapi_extra=spec.TRANSLATE)
async def translate(request: Request) -> JSONResponse:
    """Translate one text or several."""
    call = await asking.asked(request, KNOWN, ("text", "glossary_ids", *TAGS), NEVER)
    fields, serve = call.fields, request.app.state.serve
    texts = body.texts(asking.need(fields, "text"), "text", serve.texts, serve.characters)
    source = asking.source(request, fields.get("source_lang"))
    target = asking.target(request, asking.need(fields, "target_lang"))
    check_formality(fields)
    billed = body.truth(body.given(fields, "show_billed_characters", False), "show_billed_characters")
    wanted = _wording(request, call, source, target)
    split = asking.one_of(
        str(body.given(fields, "split_sentences", _usual(wanted))), "split_sentences", "0", "1", "nonewlines"
    )
    one_line = split != "1" and wanted.rules is None  # of markup white space is collapsed anyway
    asked = tuple(map(_without_lines, texts)) if one_line else texts
    with request.app.state.gate.entered(call.key, sum(map(len, texts)), call.address):
        told = await unless_gone(request, wording.tell(request.app.state.desk, asked, source, target, wanted))
    return JSONResponse({"translations": _answers(fields, texts, told, billed)})


def _usual(wanted: Wording) -> str:
    return "1" if wanted.rules is None or wanted.rules.xml else "nonewlines"


def _without_lines(text: str) -> str:
    return " ".join(line for line in text.splitlines() if line.strip()) if text.strip() else text


def _answers(
    fields: Mapping[str, Any], texts: Sequence[str], told: Sequence[Told], billed: bool
) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    for text, one in zip(texts, told, strict=True):
        answer: dict[str, Any] = {"detected_source_language": one.source.upper(), "text": one.translation.text}
        if billed:
            answer["billed_characters"] = len(text)
        if fields.get("model_type"):
            answer["model_type_used"] = str(fields["model_type"]).removeprefix("prefer_")
        answers.append(answer)
    return answers


def check_formality(fields: Mapping[str, Any]) -> None:
    """That no tone is asked for that a model cannot give; what is only preferred may be left out.

    Raises:
        Refusal: invalid.
    """
    known = ("default", "prefer_less", "prefer_more", "less", "more")
    wanted = asking.one_of(body.given(fields, "formality", "default"), "formality", *known)
    if wanted in ("less", "more"):
        raise Refusal("invalid", f"'formality' is not supported for this language: ask for 'prefer_{wanted}'")


def _wording(request: Request, call: asking.Asked, source: str, target: str) -> Wording:
    fields = call.fields
    handling: dict[str, bool] = {}
    if str(body.given(fields, "split_sentences", "")) == "0":
        handling["sentences"] = False
    if body.truth(body.given(fields, "preserve_formatting", False), "preserve_formatting"):
        handling["normalise"] = False
    body.truth(body.given(fields, "enable_beta_languages", False), "enable_beta_languages")
    body.text(body.given(fields, "context", ""), "context")
    fast = asking.one_of(body.given(fields, "model_type", MODELS[0]), "model_type", *MODELS) == MODELS[-1]
    return Wording(
        search=Search(beam=1) if fast else None,
        handling=Handling.of(handling) if handling else None,
        glossary=glossary_of(request, call, source, target),
        rules=_rules(fields),
    )


def _rules(fields: Mapping[str, Any]) -> Rules | None:
    """How markup is seen; None where texts have none.

    Raises:
        Refusal: invalid.
    """
    kind = body.text(body.given(fields, "tag_handling", ""), "tag_handling")
    version = body.given(fields, "tag_handling_version", None)
    if version is not None:
        asking.one_of(version, "tag_handling_version", "v1", "v2")
    splitting, whole, ignored = (frozenset(asking.names(fields.get(name, []), name)) for name in TAGS)
    outline = body.truth(body.given(fields, "outline_detection", True), "outline_detection")
    if not kind:
        return None
    kind = asking.one_of(kind, "tag_handling", "html", "xml")
    return Rules(xml=kind == "xml", splitting=splitting, whole=whole, ignored=ignored, outline=outline)
