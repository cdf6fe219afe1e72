"""The demo's telephones: dial a clinic's number, pick up what rings, type, hang up. Nothing is spoken."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from webside.demo import calls
from webside.demo.guard import demo_only
from webside.notifications.telephone import shown

WORKS = ("pick-up", "keys", "hang-up")


@never_cache
@require_GET
@demo_only
def phones(request: HttpRequest) -> HttpResponse:
    """Show the calls that the carrier has, and the telephone that dials."""
    numbers = [{"number": number, "shown": shown(number)} for number in calls.NUMBERS.values()]
    return render(request, "demo/phone_list.html", {"phones": calls.phones(), "numbers": numbers})


@require_POST
@demo_only
def dial(request: HttpRequest) -> HttpResponse:
    """Dial a clinic's number from a telephone."""
    if not calls.dial(request.POST.get("from", ""), request.POST.get("to", "")):
        messages.warning(request, _("It could not be dialled. Enter a whole number. Is the worker running?"))
    return redirect("demo:phone-list")


@require_POST
@demo_only
def act(request: HttpRequest) -> HttpResponse:
    """Do something with a telephone that is in a call."""
    what, sid = request.POST.get("do", ""), request.POST.get("sid", "")
    digits = "".join(letter for letter in request.POST.get("digits", "") if letter in "0123456789*#")
    if what not in WORKS or not calls.act(what, sid, digits[:20]):
        raise Http404
    return redirect("demo:phone-list")
