"""The shape of what the endpoint takes and gives, from which its OpenAPI description is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator


class _Exact(BaseModel):
    """An object without further fields."""

    model_config = ConfigDict(extra="forbid")


class Article(_Exact):
    """An article to read."""

    text: str = Field(description="The article, plain text.", examples=["قصف الجيش السوري مدينة إدلب"])
    id: Annotated[str, Field(coerce_numbers_to_str=True)] | None = Field(
        None, description="Comes back with the record; by default the article's number in the request."
    )

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("empty; nothing to read")
        return text


def _one_or_many(value: object) -> str:
    return "many" if isinstance(value, list) else "one"


Articles = Annotated[
    Annotated[Article, Tag("one")] | Annotated[list[Article], Tag("many"), Field(min_length=1)],
    Discriminator(_one_or_many),
]
"""What a request holds: one article or several."""


class Actor(_Exact):
    """An entry of the register of actors."""

    id: str
    ar: str
    en: str
    kind: str
    country: str | None
    wikidata: str | None


class Place(_Exact):
    """An entry of the gazetteer."""

    id: str
    ar: str
    en: str
    kind: str
    country: str
    lat: float
    lon: float


class Count(_Exact):
    """How many of what."""

    value: float | None = Field(description="The number stated; null where only bounds are known.")
    low: float | None
    high: float | None
    exact: bool
    role: str | None = Field(description="What befell or is the counted.")
    of: str | None
    of_span: tuple[int, int] | None
    of_mention: int | None


class Mention(_Exact):
    """A mention: ``text[start:end]``, counted in Unicode code points."""

    start: int
    end: int
    label: str
    text: str
    score: float
    name: str | None = None
    actor: Actor | None = None
    place: Place | None = None
    count: Count | None = None


class Record(_Exact):
    """An article with its mentions, as ``marsad extract`` writes it."""

    id: str
    text: str
    meta: dict[str, Any]
    mentions: list[Mention]


class Problem(BaseModel):
    """What went wrong, in one line."""

    detail: str


class Health(BaseModel):
    """That the server is up, and what it allows."""

    status: Literal["ok"] = "ok"
    labels: list[str]
    characters: int = Field(description="The most characters in one request.")
    timeout: float = Field(description="Seconds after which a request is given up.")
