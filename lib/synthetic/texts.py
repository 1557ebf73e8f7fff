"""Short texts that Faker makes, as classification tasks: a function of (kind, split, seed).

Faker is an optional package; it is imported when texts are made, so the kinds can be told without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faker import Faker

_TRIES = 200  # draws for one text that no other split or row holds


class TooFewTexts(ValueError):
    """Faker has fewer different texts of a class than were asked for."""


@dataclass(frozen=True)
class TextClass:
    """A class: its name in prompts, the locale of its texts, and what makes one from a Faker of that locale."""

    name: str
    make: Callable[[Faker], str]
    locale: str = "en_US"


@dataclass(frozen=True)
class TextKind:
    """A task. templates: prompts with {} for the class name."""

    classes: tuple[TextClass, ...]
    templates: tuple[str, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.classes)


def _line(text: str) -> str:
    return " ".join(text.split())


def _made(method: str) -> Callable[[Faker], str]:
    """What a method of Faker's gives, on one line."""
    return lambda fake: _line(str(getattr(fake, method)()))


def _by_place(method: str, places: Mapping[str, str]) -> tuple[TextClass, ...]:
    """A class for each place or language -> locale."""
    return tuple(TextClass(name, _made(method), locale) for name, locale in places.items())


def _file(category: str) -> Callable[[Faker], str]:
    return lambda fake: f"{fake.word()}_{fake.file_name(category=category)}"


_PHRASES = (
    "{name}",
    "{capital}",
    "{capital}, {name}",
    "a flight to {capital}",
    "news from {name}",
    "a street in {capital}",
)


def _of_continent(continent: str, fake: Faker) -> str:
    """A phrase on a country of the continent or on its capital, from Faker's own list of countries."""
    from faker.providers.date_time import Provider

    countries = [country for country in Provider.countries if country.continent == continent]
    country = fake.random_element(countries)
    return fake.random_element(_PHRASES).format(name=country.name, capital=country.capital)


def _continents(*names: str) -> tuple[TextClass, ...]:
    return tuple(TextClass(name, partial(_of_continent, name)) for name in names)


KINDS = {
    "records": TextKind(
        (
            TextClass("a job title", _made("job")),
            TextClass("a company", _made("company")),
            TextClass("a street address", _made("street_address")),
            TextClass("a person", _made("name")),
            TextClass("an advertising slogan", _made("catch_phrase")),
            TextClass("a city", _made("city")),
            TextClass("a bank account number", _made("iban")),
            TextClass("a telephone number", _made("phone_number")),
            TextClass("a web page", _made("uri")),
            TextClass("an e-mail address", _made("email")),
        ),
        ("{}", "this is {}", "the name or number of {}"),
    ),
    "names": TextKind(
        _by_place(
            "name",
            {
                "Italy": "it_IT",
                "Germany": "de_DE",
                "France": "fr_FR",
                "Spain": "es_ES",
                "Poland": "pl_PL",
                "Finland": "fi_FI",
                "Turkey": "tr_TR",
                "India": "en_IN",
            },
        ),
        ("a person from {}", "a name from {}", "the name of somebody who was born in {}"),
    ),
    "addresses": TextKind(
        _by_place(
            "street_address",
            {
                "Brazil": "pt_BR",
                "Germany": "de_DE",
                "France": "fr_FR",
                "Italy": "it_IT",
                "the Netherlands": "nl_NL",
                "Sweden": "sv_SE",
                "the United States": "en_US",
                "Mexico": "es_MX",
            },
        ),
        ("a street in {}", "an address in {}", "a house in {}"),
    ),
    "sentences": TextKind(
        _by_place(
            "sentence",
            {
                "Danish": "da_DK",
                "German": "de_DE",
                "English": "en_US",
                "Spanish": "es_ES",
                "French": "fr_FR",
                "Italian": "it_IT",
                "Dutch": "nl_NL",
                "Polish": "pl_PL",
            },
        ),
        ("{}", "a sentence in {}", "{} words"),
    ),
    "files": TextKind(
        (
            TextClass("music", _file("audio")),
            TextClass("a photograph", _file("image")),
            TextClass("an office document", _file("office")),
            TextClass("plain text", _file("text")),
            TextClass("a film", _file("video")),
        ),
        ("a file with {}", "a file that holds {}"),
    ),
    "continents": TextKind(
        _continents("Africa", "Asia", "Europe", "North America", "Oceania", "South America"),
        ("{}", "a place in {}", "a country in {}"),
    ),
}


def make(kind: str, *, train: int, test: int, seed: int) -> dict[str, list[tuple[str, int]]]:
    """Split -> (text, label) of each row; row i is of class i modulo C, and no text stands there twice.

    Texts of test depend on (kind, seed) and their number; those of train leave them out. Raises TooFewTexts.
    """
    classes = KINDS[kind].classes
    columns = {"test": [], "train": []}
    for label, entry in enumerate(classes):
        seen: set[str] = set()
        for split, total in (("test", test), ("train", train)):
            rows = len(range(label, total, len(classes)))
            texts = _distinct(entry, f"{kind} {split} {seed} {label}", seen)
            columns[split].append(list(islice(texts, rows)))
    totals = {"train": train, "test": test}
    return {
        split: [(columns[split][row % len(classes)][row // len(classes)], row % len(classes)) for row in range(total)]
        for split, total in totals.items()
    }


def _distinct(entry: TextClass, seed: str, seen: set[str]) -> Iterator[str]:
    """Texts of a class that are not in `seen`, which grows."""
    from faker import Faker

    fake = Faker(entry.locale, use_weighting=False)
    fake.seed_instance(seed)
    while True:
        for _ in range(_TRIES):
            text = entry.make(fake)
            if text not in seen:
                break
        else:
            raise TooFewTexts(f"{entry.name}: {len(seen)} different texts and no more; ask for fewer")
        seen.add(text)
        yield text
