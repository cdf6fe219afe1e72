"""What who takes a patient over reads: the checked sheet, behind a link from an e-mail and a code told by phone. No account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from webside.audit.services import record, record_guess
from webside.chart import selectors, services
from webside.chart.codes import AheadStanding
from webside.chart.engines import paper
from webside.chart.forms import CodeForm
from webside.core import clock

SHEET = "chart.transfer-sheet.read"
PDF = "chart.transfer-sheet.download"
GROUND = "link that was sent ahead"

LASTS = timedelta(hours=1)
"""So long a browser that said the code isn't asked again; the link itself may end before."""

_MAY = "sent_ahead"
_PROBLEM = "sent_ahead.problem"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def opened(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Ask for the code, then show the sheet as it was checked last. Looking changes nothing.

    By POST: say the code, or (``do=close``) forget it in this browser.
    """
    link = _link_or_404(request, token)
    here = reverse("chart:sent-ahead", args=[slug, token])
    standing = selectors.ahead_standing(link)
    if not _opens(request, link, standing):
        return _over(request, standing)
    if request.method == "POST":
        if request.POST.get("do") == "close":
            _forget(request, link)
        else:
            _say_code(request, link, token)
        return HttpResponseRedirect(here)
    if not _may(request, link):
        problem = request.session.pop(_PROBLEM, "") if _PROBLEM in request.session else ""
        return render(request, "chart/ahead_code.html", {
            "form": CodeForm(problem=problem), "link": link, "sign_in_url": "",
        })  # fmt: skip
    sheet = selectors.Sheet.as_checked(link.transfer)
    _note(request, link, SHEET)
    context = {
        "sheet": sheet, "link": link, "transfer": link.transfer, "zone": request.tenant.timezone,  # type: ignore[attr-defined]
        "pdf_url": reverse("chart:sent-ahead-pdf", args=[slug, token]), "language": selectors.SHEET_LANGUAGE,
        "sign_in_url": "",  # it would carry this page's address into another
    }  # fmt: skip
    return render(request, "chart/ahead_sheet.html", context)


@never_cache
@require_safe
def opened_pdf(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Give the sheet as a tagged PDF (PDF/UA-1) to a browser that said the code; lead others to where it is asked for."""
    link = _link_or_404(request, token)
    if not _opens(request, link, selectors.ahead_standing(link)) or not _may(request, link):
        return HttpResponseRedirect(reverse("chart:sent-ahead", args=[slug, token]))
    sheet = selectors.Sheet.as_checked(link.transfer)
    if sheet is None:
        raise Http404
    _note(request, link, PDF)
    zone = request.tenant.timezone  # type: ignore[attr-defined]
    content = paper.sheet_pdf(sheet, zone=zone)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="sent-ahead.pdf"'
    return response


def _link_or_404(request: HttpRequest, token: str) -> Any:
    """Return the link of a token; unknown ones, and another clinic's, are no page at all."""
    link = selectors.ahead_by_hash(services.ahead_hash(token))
    if link is None:
        record_guess("chart.transfer.guess-ahead", actor=request.actor, target_type="TransferLink")  # type: ignore[attr-defined]
        raise Http404
    return link


def _opens(request: HttpRequest, link: Any, standing: AheadStanding) -> bool:
    """Whether a link opens here: who reads already reads on, however often others get the code wrong."""
    return standing is AheadStanding.OPEN or (standing is AheadStanding.TRIED and _may(request, link))


def _over(request: HttpRequest, standing: AheadStanding) -> HttpResponse:
    return render(request, "chart/ahead_over.html", {"standing": standing.value, "sign_in_url": ""}, status=410)


def _say_code(request: HttpRequest, link: Any, token: str) -> None:
    form = CodeForm(request.POST)
    if not form.is_valid():
        request.session[_PROBLEM] = str(form.errors["code"][0])
        return
    actor = request.actor  # type: ignore[attr-defined]
    if services.open_ahead(actor=actor, link=link, token=token, code=form.cleaned_data["code"]):
        request.session.cycle_key()  # whoever planted the session's id doesn't come in with it
        request.session[_MAY] = request.session.get(_MAY, {}) | {str(link.id): (clock.now() + LASTS).isoformat()}
    elif link.tries_left:
        request.session[_PROBLEM] = _("That isn’t the code. Look at it again, or ask who called you.")


def _may(request: HttpRequest, link: Any) -> bool:
    until = request.session.get(_MAY, {}).get(str(link.id))
    return until is not None and clock.now() < datetime.fromisoformat(until)


def _forget(request: HttpRequest, link: Any) -> None:
    kept = dict(request.session.get(_MAY, {}))
    kept.pop(str(link.id), None)
    request.session[_MAY] = kept


def _note(request: HttpRequest, link: Any, name: str) -> None:
    record(
        name, actor=request.actor, target=link.transfer, target_label=link.name, ground=GROUND,  # type: ignore[attr-defined]
        patient_id=link.transfer.patient_id,
    )  # fmt: skip
