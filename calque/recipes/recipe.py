"""The base of all recipes: frozen, and nothing unknown gets in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from calque.errors import RecipeError, nearest

Part = TypeVar("Part", bound="Recipe")


class Recipe(BaseModel):
    """A frozen set of settings. Build one from untrusted keys with `of`, which answers in plain sentences."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    exclusive: ClassVar[frozenset[str]] = frozenset()  # settings of which one displaces the others

    @field_validator("*", mode="before")
    @classmethod
    def _nothing_is_converted(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        annotation = cls.model_fields[str(info.field_name)].annotation
        kinds = {annotation, *get_args(annotation)}
        if isinstance(value, bool) and bool not in kinds:
            raise ValueError("true and false are no value of this setting")
        if isinstance(value, str) and kinds & {int, float} and str not in kinds:
            raise ValueError("a number is wanted, without quotes")
        if not isinstance(value, bool) and bool in kinds and str not in kinds:
            raise ValueError("true or false is wanted, without quotes")
        return value

    @classmethod
    def of(cls, settings: Mapping[str, Any], where: str = "recipe") -> Self:
        """The recipe with these settings.

        Args:
            settings: field name to value, such as a parsed TOML file.
            where: what to name as the place of a mistake, such as the file's path.

        Raises:
            RecipeError: a key is unknown (the nearest known one is named), a required one is missing, or a value does
                not fit; all mistakes are in one message.
        """
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            raise RecipeError(f"{where}: " + "; ".join(cls._sentences(error))) from None

    def part(self, kind: type[Part]) -> Part:
        """Those settings that `kind`, from which this recipe inherits, has."""
        return kind.model_validate({name: getattr(self, name) for name in kind.model_fields})

    @classmethod
    def _sentences(cls, error: ValidationError) -> list[str]:
        sentences = []
        for mistake in error.errors(include_url=False):
            name = ".".join(str(part) for part in mistake["loc"])
            if mistake["type"] == "extra_forbidden":
                sentences.append(f"unknown setting '{name}'{nearest(name, cls.model_fields)}")
            elif mistake["type"] == "missing":
                sentences.append(f"'{name}' is required: {cls.model_fields[name].description}")
            elif mistake["type"] == "string_pattern_mismatch":
                sentences.append(f"'{name}' = {mistake['input']!r}: not a {cls.model_fields[name].description}")
            elif mistake["type"] == "tuple_type":
                sentences.append(f"'{name}' = {mistake['input']!r}: a text or a list of texts is wanted")
            elif not name:
                sentences.append(mistake["msg"].removeprefix("Value error, "))
            else:
                message = mistake["msg"].removeprefix("Value error, ")
                sentences.append(f"'{name}' = {mistake['input']!r}: {message[0].lower()}{message[1:]}")
        return sentences
