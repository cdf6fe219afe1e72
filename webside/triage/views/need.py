"""A person says what she needs and sees what fits, side by side; who is in danger sees what to do, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.dateformat import format as django_format
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webside.core import clock
from webside.scheduling import selectors as scheduling
from webside.scheduling.forms import slot_value
from webside.scheduling.views._times import time_text
from webside.scheduling.views.booking import SAID
from webside.scheduling.views.places import Place, place_of
from webside.triage import selectors
from webside.triage.codes import Language
from webside.triage.forms import NeedForm
from webside.triage.rules.facts import ChooserAnswer
from webside.ui import when
from webside.ui.kept import Kept, ask_again, carry, kept_for


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def need(request: HttpRequest, slug: str) -> HttpResponse:
    """Take what somebody says, and answer it on a page that Back can show.

    Her words stand in no address. They are kept sealed for half an hour, for the form that books, and then forgotten.
    """
    if request.method == "POST":
        place_of(request)  # a place that she says is remembered
        return ask_again(request, Kept.of(NeedForm(request.POST)))
    kept = kept_for(request)
    form = NeedForm(kept.data if kept else None)
    if kept is None or not form.is_valid():
        return render(request, "triage/need.html", {"form": form})
    text = form.cleaned_data["text"]
    place = place_of(request)
    found = selectors.answer(request.actor, text, state=place.state.code if place.state else "")  # type: ignore[attr-defined]
    # English is also what is taken for what says neither; Spanish is meant.
    spoken = Language.SPANISH if found.answer.language is Language.SPANISH else get_language()
    with translation.override(spoken):
        if found.answer.red_flags:
            carry(request, SAID, "")
            return render(request, "triage/emergency.html", _emergency(found.answer, text))
        carry(request, SAID, text)
        return _side_by_side(request, slug, found, text, place)


def _side_by_side(request: HttpRequest, slug: str, found: selectors.Answer, text: str, place: Place) -> HttpResponse:
    zone = place.zone or request.tenant.timezone  # type: ignore[attr-defined]
    return render(
        request,
        "triage/need.html",
        {
            "form": NeedForm(initial={"text": text}),
            "found": found,
            "place": place,
            "states": scheduling.states(clock.now().date()),
            "zone": zone,
            "now": clock.now(),
            "choices": [_card(slug, each, place, zone) for each in found.choices],
        },
    )


def _card(slug: str, choice: selectors.Choice, place: Place, zone: str) -> dict[str, Any]:
    """Return a choice as the page draws it, with where each time leads."""
    url = reverse("scheduling:service-detail", args=[slug, choice.service.id])
    return {
        "choice": choice,
        "url": f"{url}?{place.query()}" if place.known else url,
        "names": [person.display_name for person in choice.people],
        "now_url": reverse("scheduling:queue-join", args=[slug, choice.service.id]) if choice.service.on_demand else "",
        "times": [
            {
                "day": _day(slot.start, zone),
                "time": time_text(slot.start, zone),
                "url": f"{url}?{place.query(slot=slot_value(slot.start, slot.practitioner.id), day='')}"
                if place.known
                else url,
            }
            for slot in choice.times
        ],
    }


def _day(moment: datetime, zone: str) -> str:
    """Return "Today", "Tomorrow" or "Thu, Dec 3"."""
    here, now = when.local(moment, zone), when.local(clock.now(), zone)
    near = (here.date() - now.date()).days in (0, 1)
    return capfirst(when.day(here, now) if near else django_format(here, pgettext("short date with weekday", "D, M j")))


def _emergency(answer: ChooserAnswer, text: str) -> dict[str, Any]:
    """Return what the page in danger says: what to do first, then the rest, and the words it rests on."""
    first, *more = answer.now
    return {
        "answer": answer,
        "first": first,
        "more": more,
        "said": " ".join(text.split())[:240],
        "words": list(dict.fromkeys(flag.words for flag in answer.red_flags)),
        "form": NeedForm(initial={"text": text}),
    }
