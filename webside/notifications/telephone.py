"""How numbers are written, how long a text is, and what one word of an answer means. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers

from webside.notifications.codes import Reply

# ---------------------------------------------------------------------------------------------- numbers


def e164(written: str, region: str = "US") -> str:
    """Return a number as networks write it (+18455550142), or nothing for what is none.

    An extension can't be texted: a number with one is none for us.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return ""
    if number.extension or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


COSTLY = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN, phonenumbers.PhoneNumberType.PAGER,
    }
)  # fmt: skip
"""Kinds of numbers at which somebody earns by being called."""


def is_affordable(number: str, regions: Collection[str]) -> bool:
    """Whether a number in E.164 form is one of these countries, and nobody earns by its being called or texted.

    Anybody may type a number into a form: what is dialled by it is paid by the clinic.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    known = phonenumbers.region_code_for_number(parsed) in regions
    return known and phonenumbers.number_type(parsed) not in COSTLY


def shown(number: str) -> str:
    """Return a number in E.164 form as people of its country write it."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    here = parsed.country_code == 1
    form = phonenumbers.PhoneNumberFormat.NATIONAL if here else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def masked(number: str) -> str:
    """Return the last four digits of a number, enough to know one's own."""
    return f"•••-{number[-4:]}" if number else ""


# ----------------------------------------------------------------------------------- the length of a text

# 3GPP TS 23.038, 6.2.1: the default alphabet; each of the second line takes two places.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_TWICE = frozenset("^{}\\[~]|€")
PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "}
)
PLACES = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
"""Places in a text that stands alone, and in each part of a longer one."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is on its way: its alphabet, the places it takes, and the parts that it is paid for."""

    alphabet: str
    places: int
    parts: int


def length(text: str) -> Length:
    """Return how long a text is. One letter outside GSM-7 makes all of it UCS-2, more than twice as dear."""
    if all(letter in GSM7 or letter in GSM7_TWICE for letter in text):
        alphabet, places = "GSM-7", len(text) + sum(letter in GSM7_TWICE for letter in text)
    else:
        alphabet, places = "UCS-2", len(text.encode("utf-16-be")) // 2
    alone, each = PLACES[alphabet]
    return Length(alphabet, places, 1 if places <= alone else -(-places // each))


def plain(text: str) -> str:
    """Return a text with the letters of GSM-7 where that changes no word: typographic signs, and accents it lacks."""
    straight = text.translate(PLAIN)
    return "".join(_plain(letter) for letter in straight)


def _plain(letter: str) -> str:
    if letter in GSM7 or letter in GSM7_TWICE:
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base in GSM7 else letter


# ------------------------------------------------------------------------------------- the word of an answer

# 47 CFR 64.1200(a)(10)(i) names stop, quit, end, revoke, opt out, cancel and unsubscribe. CANCEL as a whole word is
# therefore a STOP, though it may be meant for the visit: the answer says how a visit is cancelled.
_WORDS = {
    Reply.STOP: "stop stopall quit end revoke optout opt-out cancel unsubscribe alto parar",
    Reply.START: "start unstop empezar",
    Reply.HELP: "help info ayuda",
    Reply.CONFIRM: "1 y yes si confirm ok",
    Reply.CANCEL: "2 c",
}
_REPLIES = {word: reply for reply, words in _WORDS.items() for word in words.split()}
_TWO_WORDS = {"opt out": Reply.STOP, "stop all": Reply.STOP, "no mas": Reply.STOP}


def reply(text: str) -> Reply:
    """Return what a text means, if it is one of the words that we offered or that the law names; else OTHER.

    Nothing is guessed from a sentence: "can't stop coughing" ends nothing.
    """
    bare = unicodedata.normalize("NFD", text.casefold())
    words = re.findall(r"[a-z0-9-]+", "".join(letter for letter in bare if not unicodedata.combining(letter)))
    if len(words) == 1:
        return _REPLIES.get(words[0], Reply.OTHER)
    return _TWO_WORDS.get(" ".join(words), Reply.OTHER)
