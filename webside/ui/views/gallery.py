"""The pattern gallery: every component, what it is for, how it is written, in each theme and density."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from webside.core import clock
from webside.ui.forms import HintedCheckboxSelectMultiple, HintedRadioSelect
from webside.ui.paging import page_of
from webside.ui.registry import NavCount, NavLink
from webside.ui.templatetags._html import icon_names
from webside.ui.views import errors

EXAMPLES = Path(__file__).resolve().parent.parent / "data" / "patterns.yaml"
PAGES = {
    "page-patient": "ui/patterns/page_patient.html",
    "page-staff": "ui/patterns/page_staff.html",
    "page-visit": "ui/patterns/page_visit.html",
    "page-beside": "ui/patterns/page_beside.html",
    "page-plain": "ui/patterns/page_plain.html",
}
ERROR_PAGES = tuple(f"page-error-{status}" for status in errors.TEXTS)


@dataclass(frozen=True, slots=True)
class Example:
    """One pattern: when to use it, and the template source that draws it."""

    name: str
    use: str
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """A page of the gallery."""

    slug: str
    title: str
    examples: tuple[Example, ...]


@lru_cache(maxsize=1)
def parts() -> dict[str, Part]:
    """Return the gallery's parts in order, from ``data/patterns.yaml``."""
    raw = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    return {
        part["slug"]: Part(part["slug"], part["title"], tuple(Example(**example) for example in part["examples"]))
        for part in raw
    }


class SampleForm(forms.Form):
    """Every kind of field once."""

    name = forms.CharField(label="Your name")
    phone = forms.CharField(
        label="Phone number",
        help_text="If the video stops and doesn’t come back, we call you here.",
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    state = forms.ChoiceField(label="State", choices=[("OR", "Oregon"), ("WA", "Washington")])
    where = forms.ChoiceField(
        label="Where are you right now?",
        help_text="An ambulance could find you, and the law goes by where you are.",
        choices=[("home", "At home"), ("else", "Somewhere else")],
        widget=HintedRadioSelect(
            hints={"home": "218 Alder Street, Portland, Oregon", "else": "With family, at work, on the road"}
        ),
    )
    needs = forms.MultipleChoiceField(
        label="What would help you in the visit?",
        required=False,
        choices=[("captions", "Captions"), ("interpreter", "An interpreter")],
        widget=HintedCheckboxSelectMultiple(),
    )
    story = forms.CharField(label="What is going on?", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agree = forms.BooleanField(label="I agree to have this visit by video")


def _nav(area: str) -> list[NavLink]:
    here = reverse("ui:pattern-list")
    if area == "patient":
        rows: list[tuple[str, str, NavCount | None]] = [
            ("Home", "home", None),
            ("Visits", "calendar", None),
            ("Messages", "message", NavCount(1, "new message")),
            ("Health", "heart", None),
            ("More", "more", None),
        ]
        keys, split = "     ", 9
    else:
        rows = [
            ("My day", "day", NavCount(4, "to see")),
            ("Alerts", "bell", NavCount(1, "by 3:32", "danger")),
            ("Results", "flask", NavCount(2, "abnormal", "warning")),
            ("Messages", "message", NavCount(1, "late", "warning")),
            ("Notes", "note", NavCount(3, "unsigned")),
            ("Patients", "people", None),
            ("Schedule", "calendar", None),
            ("Queue", "queue", NavCount(7, "waiting")),
        ]
        keys, split = "darmnpsq", 5
    return [
        NavLink(
            label=label,
            icon=icon,
            url=f"{here}#{label.lower().replace(' ', '-')}",
            key=keys[index].strip() if index < len(keys) else "",
            group=1 if index < split else 2,
            bar=index < 5,
            current=index == 0,
            count=count,
        )
        for index, (label, icon, count) in enumerate(rows)
    ]


def _facts() -> dict[str, Any]:
    """Return what the examples draw. All people are invented."""
    now = clock.now()
    refused = SampleForm(
        {"name": "", "phone": "12", "state": "OR", "where": "", "story": "I can’t sleep"}, auto_id="refused_%s"
    )
    refused.add_error("phone", "Give a number with ten digits, like (503) 555-0142.")
    return {
        "now": now,
        "soon": now + timedelta(minutes=12),
        "tomorrow": now + timedelta(days=1, hours=2),
        "long_ago": now - timedelta(days=400),
        "form": SampleForm(initial={"where": "home", "phone": "(503) 555-0142"}, auto_id="sample_%s"),
        "refused": refused,
        "tasks": [
            {"name": "Questions before the visit", "state": "done"},
            {"name": "Camera, sound and network", "state": "done"},
            {"name": "Check in", "state": "now", "url": "#check-in", "note": "1 minute"},
            {"name": "See Dr. Osei", "state": "blocked", "hint": "Opens when you have checked in"},
        ],
        "pairs": [
            ("Payer", "Hudson Mutual PPO", "active today"),
            ("Place", "At home, Kingston NY"),
            ("Referral", None),
        ],
        "figures": [
            {"name": "Waiting now", "value": 7, "note": "of them 2 urgent"},
            {"name": "Longest wait, urgent", "value": "19", "note": "minutes, above the goal of 15", "tone": "danger"},
            {"name": "Inside the shown range", "value": "84 %", "note": "of 61 today, goal 80 %", "url": "#definition"},
        ],
        "happened": [
            {"when": now - timedelta(minutes=8), "icon": "check", "title": "Signed", "text": "Visit note, version 21"},
            {
                "when": now - timedelta(hours=2),
                "icon": "warn",
                "title": "Overrode",
                "text": "Identity",
                "tone": "warning",
            },
            {"when": now - timedelta(days=2), "icon": "camera", "title": "Video visit", "who": "Dr. Amara Osei"},
        ],
        "refusal": {
            "allowed": False,
            "reasons": [
                {
                    "code": "licence.missing",
                    "text": "No licence for Connecticut. Yours: New York, New Jersey.",
                    "source": "Conn. Gen. Stat. § 20-9, state file CT, 2026-01-01",
                }
            ],
            "fixes": [{"text": "Hand over to Dr. Samuel Ortiz, licensed in Connecticut", "url": "#hand-over"}],
            "not_checked": [
                {
                    "code": "exception.unconfirmed",
                    "text": "Whether a temporary allowance still holds: a person must check.",
                    "source": "low confidence",
                }
            ],
        },
        "approval": {
            "allowed": True,
            "reasons": [
                {"code": "licence.ok", "text": "Licence for New York, active to 2027-06-30", "source": "state file NY"}
            ],
            "fixes": [],
            "not_checked": [],
        },
        "card": {
            "name": "Liz Moreno",
            "age": 57,
            "address": "41 Wall Street, Apt 2, Kingston NY 12401",
            "town": "Kingston, NY",
            "said_at": now - timedelta(minutes=3),
            "phone": "845-555-0142",
            "nearby": "Rafael Moreno (spouse), in the next room",
            "dispatch": "Ulster County",
        },
        "gates": [
            {"tone": "success", "label": "May treat in NY", "text": "yes", "note": "licence to 2027-06-30"},
            {"tone": "success", "label": "Consent", "text": "given", "note": "3:14 pm"},
            {"tone": "warning", "label": "Identity", "text": "no document seen"},
            {"tone": "muted", "label": "Insurance", "text": "not checked"},
        ],
        "checks": [
            {"tone": "success", "text": "At home, 41 Wall Street, Kingston NY"},
            {"tone": "warning", "text": "Allergy list last confirmed 14 months ago", "url": "#allergies"},
            {"tone": "danger", "strong": "Consent is missing.", "text": "She is being asked.", "note": "3:10 pm"},
        ],
        "page": page_of(range(412), "3"),
        "tabs": [
            {"text": "Everything", "url": "#all", "count": 14, "current": True},
            {"text": "Visits", "url": "#visits", "count": 4},
            {"text": "Notes", "url": "#notes", "count": 0},
        ],
        "days": [
            {
                "url": "#23",
                "weekday": "Today",
                "number": 23,
                "note": "9 free",
                "current": True,
                "label": "Monday, November 23",
            },
            {"url": "#24", "weekday": "Tue", "number": 24, "note": "14 free", "label": "Tuesday, November 24"},
            {"url": "", "weekday": "Wed", "number": 25, "note": "Closed", "label": "Wednesday, November 25"},
        ],
        "slots": [
            {"title": "Before noon", "slots": [{"value": "1", "time": "10:40 am", "who": "Nina Petrov, RN"}]},
            {
                "title": "Afternoon",
                "slots": [
                    {"value": "2", "time": "1:00 pm", "who": "Nina Petrov, RN", "disabled": True},
                    {"value": "3", "time": "3:20 pm", "who": "Dr. Osei"},
                ],
            },
        ],
        "icons": sorted(icon_names()),
    }


def _rendered(part: Part, request: HttpRequest, context: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "example": example,
            "id": example.name.lower().replace(" ", "-").replace(",", ""),
            "html": engines["django"].from_string(example.source).render(context, request),
        }
        for example in part.examples
    ]


@require_safe
def patterns(request: HttpRequest, part: str = "") -> HttpResponse:
    """Show one part of the gallery, or a sample page; ``?theme=`` and ``?density=`` choose how."""
    look = {
        "theme": request.GET.get("theme") if request.GET.get("theme") in ("light", "dark") else "",
        "density": "compact" if request.GET.get("density") == "compact" else "",
    }
    if part in PAGES:
        nav = _nav("patient" if part == "page-patient" else "staff")
        return render(request, PAGES[part], {**_facts(), **look, "nav": nav, "search_url": "#search"})
    if part in ERROR_PAGES:
        return errors.error_page(request, int(part.rpartition("-")[2]))
    known = parts()
    shown = known.get(part) if part else next(iter(known.values()))
    if shown is None:
        raise Http404
    return render(
        request,
        "ui/patterns/gallery.html",
        {
            **look,
            "part": shown,
            "parts": known.values(),
            "examples": _rendered(shown, request, _facts()),
            "pages": [*PAGES, *ERROR_PAGES],
            "nav": [],
            "title": _("Patterns"),
        },
    )
