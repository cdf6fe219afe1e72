"""What the forms that book or wait share: who a visitor is, why the gates refused, and a key for a form that is sent anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language

from webside.catalog import law
from webside.catalog.gates import Finding
from webside.core.actor import Actor
from webside.scheduling import services

_ABOUT_HER = ("given", "family", "birth_date", "email", "phone")


def visitor_of(actor: Actor, given: Mapping[str, Any]) -> services.VisitorDetails:
    """Return who a visitor says she is, of the cleaned data of her form. We write to her in the language of her page.

    The page of who works here is in their own language, which says nothing of hers.
    """
    page = "" if actor.is_staff else (get_language() or "").partition("-")[0]
    language = page if page in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE.partition("-")[0]
    return services.VisitorDetails(**{name: given[name] for name in _ABOUT_HER}, language=language)


def in_words(findings: Iterable[Finding], *, who: str = "", place: str = "") -> list[dict[str, Any]]:
    """Return why the gates refused, and what helps, as a page keeps and shows it: in the reader's language.

    ``who`` is the clinician's name and ``place`` the state's, where they are known.
    """
    return [law.told_finding(each, who=who, place=place) for each in findings]


def with_new_key(request: HttpRequest) -> QueryDict:
    """Return what was sent with another key: the one it came with has done its work for somebody else."""
    again = request.POST.copy()
    again["key"] = uuid4().hex
    return again
