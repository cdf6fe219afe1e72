"""Turning a visit into an emergency or into care in person: beside the call, as a page of its own, and the sheet to send ahead.

Beside the call (``beside`` in the form, by htmx) the answer is this part alone, so that the call and what is typed elsewhere
stay. Everywhere else a form leads back to the page; a refused one is shown again with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_safe

from webside.audit.services import record
from webside.chart import policies, selectors, services
from webside.chart.codes import AheadStanding, TransferKind, TransferOutcome
from webside.chart.engines import paper
from webside.chart.forms import AheadForm, CloseForm, ContactForm, TransferForm
from webside.chart.views._doors import age, back_to, encounter_or_404, refuse
from webside.ui.kept import Kept, ask_again, carried, carry, forget, kept_for
from webside.ui.undo import undo

READ = "chart.transfer.read"
CHANGE = "chart.transfer.change"
SHEET = "chart.transfer-sheet.read"
PDF = "chart.transfer-sheet.download"


@gzip_page  # beside a call every byte competes with the call; see visits.views.room
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def turn(request: HttpRequest, slug: str, encounter_id: UUID) -> HttpResponse:
    """Show what a visit turned into and what there is to do about it; ``do`` in a form says what happened."""
    changing = request.method == "POST"
    found = encounter_or_404(request, encounter_id, CHANGE if changing else READ)
    with timezone.override(found.tenant.timezone):
        if changing:
            return _do(request, found)
        record(READ, actor=request.actor, target=found, patient_id=found.patient_id,  # type: ignore[attr-defined]
               ground=selectors.ground_of(request.actor, found))  # type: ignore[attr-defined]  # fmt: skip
        return _show(request, found)


def _beside(request: HttpRequest) -> bool:
    return bool(request.htmx) and "1" in (request.GET.get("beside"), request.POST.get("beside"))  # type: ignore[attr-defined]


def _show(
    request: HttpRequest,
    encounter: Any,
    *,
    said: str = "",
    problem: str = "",
    refused: Form | None = None,
    of: str = "",
) -> HttpResponse:
    """Draw it. ``refused``: a form with what was typed and what is wrong; ``of``: the transfer, or kind, that it is of."""
    actor = request.actor  # type: ignore[attr-defined]
    may = policies.can_transfer(actor, encounter)
    found = selectors.transfers_of(encounter)
    beside = _beside(request)
    context = {
        "encounter": encounter,
        "patient": encounter.patient,
        "age": age(encounter.patient.birth_date),
        "zone": encounter.tenant.timezone,
        "may_transfer": may,
        "turned": [_shown(actor, encounter, each, refused if of == str(each.id) else None) for each in found],
        "kinds": {each.kind for each in found},
        "begin": refused if of == TransferKind.IN_PERSON else TransferForm(kind=TransferKind.IN_PERSON),
        "began_wrong": of == TransferKind.IN_PERSON,
        "said": said,
        "fresh": request.POST.get("do", ""),
        "problem": problem,
        "beside": beside,
    }
    template = "chart/_transfer.html" if beside else "chart/transfer.html"
    return render(request, template, context, status=422 if refused is not None or problem else 200)


def _shown(actor: Any, encounter: Any, transfer: Any, refused: Form | None) -> dict[str, Any]:
    """Return a transfer as the page shows it: its forms, with what was typed where one was refused."""
    open_ = transfer.closed_at is None
    emergency = transfer.kind == TransferKind.EMERGENCY
    initial = {name: getattr(transfer, name) for name in TransferForm(kind=transfer.kind).fields}
    key = str(transfer.id)
    return {
        "transfer": transfer,
        "open": open_,
        "emergency": emergency,
        "what": selectors.what_of(transfer),
        "outcome": selectors.words_of(selectors.OUTCOMES, transfer.outcome),
        "caller": selectors.words_of(selectors.CALLERS, transfer.called_by),
        "contacts": list(transfer.contacts.all()),
        "to_say": selectors.to_say(actor, encounter, transfer) if emergency and open_ else [],
        "form": _or_refused(TransferForm(kind=transfer.kind, initial=initial), refused),
        "contact_form": _or_refused(ContactForm(of=key), refused),
        "close_form": _or_refused(CloseForm(of=key), refused),
        "wrong": type(refused).__name__ if refused is not None else "",
        "contact_key": uuid4().hex,
    }


def _or_refused(form: Form, refused: Form | None) -> Form:
    """Return the form of this kind that was refused, with what was typed, or the one that nobody has touched."""
    return refused if refused is not None and isinstance(refused, type(form)) else form


# --------------------------------------------------------------------------------------------------------------- forms


def _do(request: HttpRequest, encounter: Any) -> HttpResponse:
    what = _DOERS.get(request.POST.get("do", "") or request.GET.get("do", ""))
    if what is None or not policies.can_transfer(request.actor, encounter):  # type: ignore[attr-defined]
        refuse(request, CHANGE, "Encounter", encounter.id)
    try:
        return what(request, encounter)
    except services.NotAllowed:
        refuse(request, CHANGE, "Encounter", encounter.id)
    except services.Invalid as error:  # about no field of a form
        return _show(request, encounter, problem=" ".join(text for texts in error.errors.values() for text in texts))


def _done(request: HttpRequest, encounter: Any, said: str, back: str = "") -> HttpResponse:
    """Say that it is done, in place or on the page that the form came from. ``back``: a press that takes it back."""
    if _beside(request):
        return _show(request, encounter, said=said)
    messages.success(request, said, extra_tags=undo(back) if back else "")
    return HttpResponseRedirect(back_to(request, _page(request, encounter)))


def _page(request: HttpRequest, encounter: Any) -> str:
    return reverse("chart:transfer", args=[request.tenant.slug, encounter.id])  # type: ignore[attr-defined]


def _own(request: HttpRequest, encounter: Any) -> Any:
    found = None
    with suppress(ValueError):
        found = selectors.transfer_of(
            encounter, UUID(request.POST.get("transfer", "") or request.GET.get("transfer", ""))
        )
    if found is None:
        refuse(request, CHANGE, "Encounter", encounter.id)
    return found


def _emergency(request: HttpRequest, encounter: Any) -> HttpResponse:
    made = services.declare_emergency(actor=request.actor, encounter=encounter)  # type: ignore[attr-defined]
    back = f"{_page(request, encounter)}?do=mistake&transfer={made.id}"
    return _done(request, encounter, _("It is an emergency now. Stay with the patient."), back)


def _in_person(request: HttpRequest, encounter: Any) -> HttpResponse:
    form = TransferForm(request.POST, kind=TransferKind.IN_PERSON)
    kind = TransferKind.IN_PERSON.value
    return _typed(request, encounter, form, kind, lambda draft: services.send_in_person(
        actor=request.actor, encounter=encounter, draft=draft,  # type: ignore[attr-defined]
    ), _("Noted. Now check what is sent ahead."))  # fmt: skip


def _change(request: HttpRequest, encounter: Any) -> HttpResponse:
    transfer = _own(request, encounter)
    form = TransferForm(request.POST, kind=transfer.kind)
    return _typed(request, encounter, form, str(transfer.id), lambda draft: services.change_transfer(
        actor=request.actor, encounter=encounter, transfer=transfer, draft=draft,  # type: ignore[attr-defined]
    ), _("Saved."))  # fmt: skip


def _typed(
    request: HttpRequest, encounter: Any, form: Form, of: str, write: Callable[[Any], object], said: str
) -> HttpResponse:
    """Write what was typed of a transfer, or show it again with what is wrong."""
    if form.is_valid():
        try:
            write(services.TransferDraft(**form.cleaned_data))
        except services.Invalid as error:
            if "" in error.errors:
                raise
            _mark(form, error)
        else:
            return _done(request, encounter, said)
    return _show(request, encounter, refused=form, of=of)


def _mark(form: Form, error: services.Invalid) -> None:
    for name, texts in error.errors.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


def _contact(request: HttpRequest, encounter: Any) -> HttpResponse:
    transfer = _own(request, encounter)
    form = ContactForm(request.POST, of=str(transfer.id))
    if form.is_valid():
        draft = services.ContactDraft(**form.cleaned_data | {"reached": form.cleaned_data["reached"] == "yes"})
        key = request.POST.get("key", "").strip() or uuid4().hex
        try:
            services.note_contact(actor=request.actor, encounter=encounter, transfer=transfer, draft=draft, key=key)  # type: ignore[attr-defined]
        except services.Invalid as error:
            if "" in error.errors:
                raise
            _mark(form, error)
        else:
            said = _("Noted who took over.") if draft.reached else _("Noted that nobody was reached. It stays open.")
            return _done(request, encounter, said)
    return _show(request, encounter, refused=form, of=str(transfer.id))


def _close(request: HttpRequest, encounter: Any) -> HttpResponse:
    transfer = _own(request, encounter)
    form = CloseForm(request.POST, of=str(transfer.id))
    if form.is_valid():
        try:
            services.close_transfer(
                actor=request.actor, encounter=encounter, transfer=transfer,  # type: ignore[attr-defined]
                outcome=TransferOutcome(form.cleaned_data["outcome"]), words=form.cleaned_data["words"],
            )  # fmt: skip
        except services.Invalid as error:
            _mark(form, error)
        else:
            return _done(request, encounter, _("Closed."), _reopening(request, encounter, transfer))
    return _show(request, encounter, refused=form, of=str(transfer.id))


def _reopening(request: HttpRequest, encounter: Any, transfer: Any) -> str:
    return f"{_page(request, encounter)}?do=reopen&transfer={transfer.id}"


def _mistake(request: HttpRequest, encounter: Any) -> HttpResponse:
    transfer = _own(request, encounter)
    actor = request.actor  # type: ignore[attr-defined]
    services.close_transfer(actor=actor, encounter=encounter, transfer=transfer, outcome=TransferOutcome.MISTAKE)
    said = _("Taken back: it goes on as a visit. The trail keeps both.")
    return _done(request, encounter, said, _reopening(request, encounter, transfer))


def _reopen(request: HttpRequest, encounter: Any) -> HttpResponse:
    services.reopen_transfer(actor=request.actor, encounter=encounter, transfer=_own(request, encounter))  # type: ignore[attr-defined]
    return _done(request, encounter, _("It is open again."))


def _called(request: HttpRequest, encounter: Any) -> HttpResponse:
    services.note_call(actor=request.actor, encounter=encounter, transfer=_own(request, encounter))  # type: ignore[attr-defined]
    return _done(request, encounter, _("Noted that you called, and when."))


def _help(request: HttpRequest, encounter: Any) -> HttpResponse:
    services.note_help(actor=request.actor, encounter=encounter, transfer=_own(request, encounter))  # type: ignore[attr-defined]
    return _done(request, encounter, _("Noted that help is there. Hand over to them, and note who they are."))


_DOERS: dict[str, Callable[[HttpRequest, Any], HttpResponse]] = {
    "emergency": _emergency,
    "in-person": _in_person,
    "change": _change,
    "called": _called,
    "help-there": _help,
    "contact": _contact,
    "close": _close,
    "mistake": _mistake,
    "reopen": _reopen,
}


# ----------------------------------------------------------------------------------------------------------- the sheet


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, slug: str, encounter_id: UUID, transfer_id: UUID) -> HttpResponse:
    """Show what is sent ahead, ready for paper and to be read out.

    By POST (``do``): note that it was read and is right, send a link to it, or end one.
    """
    if request.method == "POST":
        name, what = _OF_SHEET.get(request.POST.get("do", ""), ("chart.transfer.check", _check))
        encounter, transfer = _of(request, encounter_id, transfer_id, name)
        page = reverse("chart:transfer-sheet", args=[slug, encounter_id, transfer_id])
        try:
            return what(request, encounter, transfer) or HttpResponseRedirect(page)
        except services.NotAllowed:
            refuse(request, name, "Encounter", encounter_id)
    encounter, transfer = _of(request, encounter_id, transfer_id, SHEET)
    actor = request.actor  # type: ignore[attr-defined]
    ground = selectors.ground_of(actor, encounter)
    record(SHEET, actor=actor, target=transfer, patient_id=encounter.patient_id, ground=ground)
    made = selectors.sheet(actor, encounter, transfer)
    context = {
        "encounter": encounter,
        "patient": encounter.patient,
        "transfer": transfer,
        "sheet": made,
        "language": selectors.SHEET_LANGUAGE,
        "zone": encounter.tenant.timezone,
        "may_transfer": policies.can_transfer(actor, encounter),
        "links": [(each, _code_of(request, each)) for each in selectors.sent_ahead(transfer)],
    }
    if context["may_transfer"] and made.is_checked:
        kept = kept_for(request)
        context["ahead_form"] = AheadForm(kept.data if kept else None, initial=_to_whom(transfer))
        context["ahead_key"] = uuid4().hex
    return render(request, "chart/transfer_sheet.html", context)


def _to_whom(transfer: Any) -> dict[str, str]:
    """Return who is likely to get it: who took over last, else the place where she goes."""
    taken = next((each for each in reversed(transfer.contacts.all()) if each.reached), None)
    named = ", ".join(filter(None, (taken.name, taken.place))) if taken else transfer.place_name
    return {"name": named[:160]}


def _code_of(request: HttpRequest, sent: Any) -> str:
    """Return the code to tell, for as long as this browser keeps it, and nobody has opened the link."""
    if sent.standing is not AheadStanding.OPEN or sent.link.opened_at is not None:
        return ""
    code = carried(request, f"sent-ahead:{sent.link.id}")
    return f"{code[:3]} {code[3:]}" if code else ""


def _check(request: HttpRequest, encounter: Any, transfer: Any) -> None:
    actor, digest = request.actor, request.POST.get("digest", "")  # type: ignore[attr-defined]
    try:
        services.check_sheet(actor=actor, encounter=encounter, transfer=transfer, digest=digest)
    except services.SheetChanged:
        messages.error(request, _("It reads otherwise by now. Read it again, then press the button."))
    else:
        messages.success(request, _("Noted that you have checked it."))


def _send(request: HttpRequest, encounter: Any, transfer: Any) -> HttpResponse:
    form = AheadForm(request.POST)
    if not form.is_valid():
        return HttpResponseRedirect(ask_again(request, Kept.of(form)).url + "#ahead")
    slug = request.tenant.slug  # type: ignore[attr-defined]
    here = reverse("chart:transfer-sheet", args=[slug, encounter.id, transfer.id])
    try:
        made = services.send_ahead(
            actor=request.actor, encounter=encounter, transfer=transfer, **form.cleaned_data,  # type: ignore[attr-defined]
            link_to=lambda token: reverse("chart:sent-ahead", args=[slug, token]),
            key=request.POST.get("key", "").strip()[:40] or uuid4().hex,
        )  # fmt: skip
    except services.NotChecked:
        messages.error(request, _("It reads otherwise by now. Read it again, then press the button."))
    except services.Invalid as error:
        messages.error(request, " ".join(text for texts in error.errors.values() for text in texts))
    else:
        forget(request)
        if made.code:
            carry(request, f"sent-ahead:{made.link.id}", made.code)
            messages.success(request, _("It is on its way. Now call them, and tell them the code below."))
        else:
            messages.info(request, _("It was sent already."))
    return HttpResponseRedirect(f"{here}#ahead")


def _end(request: HttpRequest, encounter: Any, transfer: Any) -> None:
    try:
        services.end_ahead(
            actor=request.actor, encounter=encounter, transfer=transfer,  # type: ignore[attr-defined]
            link_id=UUID(request.POST.get("link", "")),
        )  # fmt: skip
    except (ValueError, ObjectDoesNotExist):
        refuse(request, "chart.transfer.end-ahead", "Transfer", transfer.id)
    messages.success(request, _("Ended. The link opens nothing any more."))


_OF_SHEET: dict[str, tuple[str, Callable[[HttpRequest, Any, Any], HttpResponse | None]]] = {
    "send": ("chart.transfer.send-ahead", _send),
    "end": ("chart.transfer.end-ahead", _end),
}


@never_cache
@require_safe
def sheet_pdf(request: HttpRequest, slug: str, encounter_id: UUID, transfer_id: UUID) -> HttpResponse:
    """Give the sheet as a tagged PDF (PDF/UA-1). It says whether somebody has checked it."""
    encounter, transfer = _of(request, encounter_id, transfer_id, PDF)
    actor = request.actor  # type: ignore[attr-defined]
    made = selectors.sheet(actor, encounter, transfer)
    record(PDF, actor=actor, target=transfer, patient_id=encounter.patient_id,
           ground=selectors.ground_of(actor, encounter))  # fmt: skip
    zone = encounter.tenant.timezone
    response = HttpResponse(paper.sheet_pdf(made, zone=zone), content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="sent-ahead.pdf"'
    return response


def _of(request: HttpRequest, encounter_id: UUID, transfer_id: UUID, action: str) -> tuple[Any, Any]:
    encounter = encounter_or_404(request, encounter_id, action)
    transfer = selectors.transfer_of(encounter, transfer_id)
    if transfer is None:
        refuse(request, action, "Transfer", transfer_id)
    return encounter, transfer
