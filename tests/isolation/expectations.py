"""Who gets in where. **This table is the heart of the matrix: every route, topic and lean route has its row.**

A row names a route and says, for GET and for POST, who of Larkspur gets in and with which status (GET 200 and
POST 302 where nothing else stands there). Whoever is not named is refused: a page says 404, as if nothing were
there. A method for which nothing is said is answered with 405.

``at`` says which of the visits is meant (``tests/isolation/world.py`` knows how each of them stands); ``ids``
names the thing for a part of the address where its name differs. ``{…}`` in ``query`` and ``body`` is a thing of
the clinic that is asked about: from another clinic it is a foreign id, and the answer must be the same as for one
that nobody has. Bodies are such that the request works for whoever gets in: what refuses the others is the guard.

A new route? Add its row, in the words above, under its app. Ask yourself for each person whether they should get
in; do not copy what the test tells you.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from webside.testing.cast import agreed

GUESTS = "visitor guest link rosa_link"
PATIENTS = "liz rosa"
CARE = "maya daniel priya"
OFFICE = "grace marcus ingrid admin"
ACTING = "ana booker"
"""Act for Liz: her daughter with all there is to give, and somebody who books for her and no more."""
DELEGATES = f"delegate {ACTING} over ended"
"""Also the daughter before she has chosen for whom she acts; one whose time has run out, one whom Liz has ended."""
OUT = "over ended"
SIGNED_IN = f"{PATIENTS} {CARE} {OFFICE} {DELEGATES}"
EVERYBODY = f"{GUESTS} {SIGNED_IN}"

ROLES = {"maya", "grace", "marcus", "ingrid", "admin"}
"""Whose roles "every" holds at Northgate: she gets in at home wherever one of them gets in at Larkspur."""


@dataclass(frozen=True, slots=True)
class Row:
    """A route, what is asked of it, and who gets in with which status, by method."""

    route: str
    allowed: dict[str, dict[str, int]]
    note: str = ""
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    at: str = ""
    identified: bool = False
    """Whether who came by a link has said the date of birth: a link alone opens nothing that was said or written."""

    def __str__(self) -> str:
        return f"{self.route} ({self.note})" if self.note else self.route

    def thing_for(self, part: str) -> str:
        """Return the name of the thing that stands for a part of the address."""
        if part in self.ids:
            return self.ids[part]
        staged = self.at and part in ("visit_id", "encounter_id", "appointment_id")
        return f"{self.at}_{part}" if staged else part


def _who(text: str, usual: int) -> dict[str, int]:
    """Read "liz maya:409" into names and statuses."""
    found = {}
    for word in text.split():
        name, _, status = word.partition(":")
        found[name] = int(status or usual)
    return found


def each(names: str, status: int) -> str:
    """Give several people one status: ``each("liz link", 302)``."""
    return " ".join(f"{name}:{status}" for name in names.split())


def row(route: str, get: str | None = None, post: str | None = None, **more: object) -> Row:
    """Make a row; see the head of this module."""
    allowed = {}
    if get is not None:
        allowed["GET"] = _who(get, 200)
    if post is not None:
        allowed["POST"] = _who(post, 302)
    return Row(route, allowed, **more)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------- the pages

SERVICE = {
    "name": "Theirs", "issuer": "http://localhost:9", "client_id": "webside", "secret": "x", "domains": "theirs.example",
}  # fmt: skip
SAML_SERVICE = {
    "name": "Theirs", "issuer": "theirs", "sign_in_url": "https://theirs.example/", "certificates": "none",
    "domains": "theirs.example",
}  # fmt: skip
ACCOUNTS = [
    row("accounts:second-factor", get=f"{SIGNED_IN} {each(GUESTS, 302)}"),
    # What a page asks about its own browser: of a visitor it says that nobody is signed in.
    row("accounts:session", get=EVERYBODY, post=each(EVERYBODY, 200)),
    row("accounts:session-end", post=each(EVERYBODY, 204)),
    row("accounts:session-back", get=f"{SIGNED_IN} {each(GUESTS, 302)}"),
    row("accounts:device-list", get=f"{SIGNED_IN} {each(GUESTS, 302)}"),
    row("accounts:device-end-others", post=EVERYBODY),
    # Another person's browser looks like one that is signed out already; a visitor is led to the sign-in.
    row("accounts:device-end", post=EVERYBODY),
    # A bearer's page: whoever holds the token of the mail sees who invited whom.
    # Nobody takes it while signed in as somebody else.
    row("accounts:invitation-accept", get=EVERYBODY, post=f"{GUESTS} {each(SIGNED_IN, 422)}",
        ids={"token": "invitation_token"}, body={"password": "an-unguessable-passphrase-7"}),
    # A clinic's service for signing in: the address of its page is given to the staff, and anybody may know it. The one of
    # the tests doesn't answer.
    row("accounts:sso", get=EVERYBODY, post=each(EVERYBODY, 422), body={"email": "nobody@elsewhere.example"}),
    row("accounts:sso-provider", get=EVERYBODY),
    row("accounts:sso-begin", get=each(EVERYBODY, 502)),
    row("openid_connect_callback", get=each(EVERYBODY, 502)),
    # The same of one that speaks SAML: what this installation is to it is public, and nobody has asked for an answer.
    row("accounts:sso-provider", get=EVERYBODY, ids={"provider_id": "saml_provider_id"}, note="SAML"),
    row("accounts:sso-begin", get=each(EVERYBODY, 302), ids={"provider_id": "saml_provider_id"}, note="SAML"),
    row("accounts:sso-finish", get=each(EVERYBODY, 502), ids={"provider_id": "saml_provider_id"}),
    row("accounts:sso-metadata", get=EVERYBODY, ids={"provider_id": "saml_provider_id"}),
    row("accounts:sso-list", get="admin"),
    row("accounts:sso-add", get="admin", post="admin:422", body=SERVICE),
    row("accounts:sso-add-saml", get="admin", post="admin:422", body=SAML_SERVICE),
    row("accounts:sso-detail", get="admin", post="admin:422", body=SERVICE),
    row("accounts:sso-detail", get="admin", post="admin:422", body=SAML_SERVICE, ids={"provider_id": "saml_provider_id"},
        note="SAML"),
    row("accounts:sso-end", post="admin"),
    row("accounts:staff-list", get="admin"),
    row("accounts:staff-invite", get="admin", post="admin",
        body={"name": "Ada", "email": "ada@example.test", "roles": "biller"}),
    row("accounts:staff-detail", get="admin", post="admin", body={"roles": "biller", "active": "on"}),
    row("accounts:invitation-revoke", post="admin"),
]  # fmt: skip

REALTIME = [
    row("realtime:ticket-mint", post="liz:200 link:200 maya:200 ana:200", at="room", note="the room",
        body={"topic": "visit:{room_visit_id}"}),
    row("realtime:ticket-mint", post="liz:200 link:200 maya:200 grace:200 ana:200", at="room", note="news of a visit",
        body={"topic": "visit-news:{room_visit_id}"}),
    row("realtime:ticket-mint", post="maya:200 grace:200", note="a day", body={"topic": "day:{practitioner_id}"}),
    row("realtime:ticket-mint", post="grace:200", note="a clinic", body={"topic": "tenant:{tenant_id}"}),
    row("realtime:ticket-mint", post=each(f"liz {CARE} grace {ACTING}", 200), note="the line",
        body={"topic": "queue:{tenant_id}"}),
]  # fmt: skip

REACH = {
    "phone": "845-555-0142", "reminders": "email", "changes": "both", "language": "en", "timezone": "America/New_York",
    "quiet_from": "22:00", "quiet_until": "07:00",
}  # fmt: skip
BROWSER = {
    "endpoint": "http://127.0.0.1:9/push/another", "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
}  # fmt: skip
"""What a browser names that has subscribed to pushes; the keys are those of the example in RFC 8291."""
NOTIFICATIONS = [
    row("notifications:message-list", get="grace admin"),
    row("notifications:message-retry", post="grace admin"),
    # What people write to a clinic may tell of their health.
    row("notifications:text-list", get="grace", query={"show": "all"}),
    row("notifications:text-done", post="grace"),
    # By a link she chooses how she is reached, and nothing of her record: see test_reach.py.
    row("notifications:reach", get="liz rosa link rosa_link", post="liz rosa link rosa_link", body=REACH),
    row("notifications:reach-of", get="grace", post="grace", body=REACH),
    # Her own devices. Who acts for others alone has none here, nor has who came by a link.
    row("notifications:device-list", get=f"{each(PATIENTS, 302)} {CARE} {OFFICE}"),
    row("notifications:device-on", post=f"{PATIENTS} {CARE} {OFFICE}", body=BROWSER),
    row("notifications:device-off", post="liz"),
    row("notifications:device-try", post="liz"),
    # Whoever is not signed in is led to that, whatever stands behind; then it opens for whom it was sent to.
    row("notifications:push-open", get=f"{each(GUESTS, 302)} liz:302", ids={"message_id": "push_id"}),
    row("notifications:event-list", get="admin"),
    row("notifications:event-retry", post="admin"),
    row("notifications:timer-retry", post="admin"),
    row("notifications:job-retry", post="admin"),
]

LICENCE = {
    "state": "NY", "licence_type": "full", "compact": "", "number": "NY-77", "status": "active",
    "period_start": "2025-01-01", "period_end": "2027-12-31", "verified_with": "state board",
}  # fmt: skip
COMPLIANCE = [
    row("compliance:trail", get="ingrid"),
    row("compliance:trail", get="ingrid", note="of one patient", query={"patient": "{patient_id}"}),
    row("compliance:trail", get="ingrid", note="of one person", query={"who": "{colleague_user_id}"}),
    row("compliance:trail-find", post="ingrid:200", body={"words": "nobody of this name"}),
    row("compliance:trail-verify", post="ingrid"),
    row("compliance:trail-state", get="ingrid"),
    row("compliance:trail-csv", get="ingrid"),
    row("compliance:trail-csv", get="ingrid", note="of one patient", query={"patient": "{patient_id}"}),
    row("compliance:trail-csv", get="ingrid", note="of one person", query={"who": "{colleague_user_id}"}),
    row("compliance:disclosures", get="ingrid"),
    row("compliance:overrides", get="ingrid"),
    row("compliance:override-review", post="ingrid", body={"verdict": "justified", "note": "Fine."}),
    row("compliance:consents", get="ingrid"),
    row("compliance:licences", get="ingrid admin"),
    row("compliance:licence-add", get="ingrid", post="ingrid", body=LICENCE),
    row("compliance:licence-detail", get="ingrid", post="ingrid", body=LICENCE),
    row("compliance:credentialing-set", get="ingrid", post="ingrid",
        body={"credentialed_until": "2027-12-31", "lists": "clear"}),
]  # fmt: skip

DELEGATE = {
    "name": "Ben Ortega", "email": "ben@example.test", "relation": "FRND", "scopes": "appointments", "lasts": "30",
}  # fmt: skip
GUARDIAN = {
    "name": "Ben Ortega", "email": "ben@example.test", "relation": "GUARD", "scopes": "appointments", "basis": "court",
    "evidence": "Order 12 of the court of Ulster County", "last_day": "2031-01-01",
}  # fmt: skip
PEOPLE = [
    row("people:acting", get=f"{PATIENTS} {CARE} {OFFICE} delegate {OUT} " + each(f"{GUESTS} {ACTING}", 302)),
    row("people:acting-begin", post="delegate"),
    row("people:acting-stop", post=EVERYBODY),
    # A bearer's page, as that of staff: it says a given name and what would be given. Nobody takes it as somebody else.
    row("people:delegation-accept", get=EVERYBODY, post=f"{GUESTS} {each(SIGNED_IN, 422)}",
        ids={"token": "delegation_token"}, body={"password": "an-unguessable-passphrase-7"}),
    row("people:delegation-end", post="liz delegate grace"),
    row("people:delegate-list", get=PATIENTS),
    row("people:delegate-add", get=PATIENTS, post=PATIENTS, body=DELEGATE),
    row("people:covering-list", get="maya daniel grace", post="maya grace daniel:422",
        body={"absent": "{practitioner_id}", "cover": "{other_practitioner_id}", "starts_at": "2031-01-01T10:00",
              "ends_at": "2031-01-02T10:00"}),
    row("people:covering-end", post="maya grace"),
    row("people:guardian-list", get="grace", post="grace", body=GUARDIAN),
]  # fmt: skip

BOOKING = {"slot": "{slot}", "state": "NY", "zone": "America/New_York", "key": "0199aaaa-0000-7000-8000-000000000001"}
VISITOR = BOOKING | {
    "given": "Nora", "family": "Quist", "birth_date": "1988-02-29", "email": "nora@example.test",
    "phone": "518-555-0161", "reason_text": "A rash", "consent": agreed("telehealth"),
}  # fmt: skip
SAID = "the date of birth was said"
TO_HER_APPOINTMENT = f"liz link maya grace {ACTING}"
MAY_BOOK = f"{GUESTS} {PATIENTS} {CARE} {OFFICE} delegate {ACTING}"
CALLED = {"entry_id": "called_entry_id"}
LIMITS = {"minutes_before": "5", "minutes_after": "10", "most_a_day": "", "notice_hours": "2", "furthest_days": ""}
WISH = {"until": "2031-01-01", "notice_hours": "24", "weekdays": "2"}
SCHEDULING = [
    row("scheduling:service-detail", get=EVERYBODY),
    # Who acts for somebody and may not book for her books for nobody: least of all for herself, by mistake.
    row("scheduling:appointment-book", get=MAY_BOOK, query=BOOKING, note="the form"),
    # Staff who don't book for others are told how a booking is made.
    row("scheduling:appointment-book", post=f"visitor guest link rosa_link liz rosa grace delegate {ACTING} "
        + each("maya daniel priya marcus ingrid admin", 200), body=VISITOR),
    row("scheduling:appointment-detail", get=TO_HER_APPOINTMENT, at="coming"),
    row("scheduling:appointment-detail", get=TO_HER_APPOINTMENT, at="coming", identified=True, note=SAID),
    row("scheduling:appointment-move", get=TO_HER_APPOINTMENT, post=TO_HER_APPOINTMENT, at="coming", body=BOOKING),
    row("scheduling:appointment-undo-move", post=TO_HER_APPOINTMENT, at="coming"),
    row("scheduling:appointment-cancel", post=TO_HER_APPOINTMENT, at="coming", body={"reason": "Better"}),
    row("scheduling:appointment-restore", post=TO_HER_APPOINTMENT, at="cancelled"),
    row("scheduling:appointment-close", post="link", at="coming"),
    row("scheduling:appointment-calendar", get=TO_HER_APPOINTMENT, at="coming"),
    row("scheduling:appointment-people", get=TO_HER_APPOINTMENT, post=TO_HER_APPOINTMENT, at="coming",
        body={"do": "guest", "role": "other", "name": "Al Reyes", "email": "al@example.test"}),
    row("scheduling:appointment-people", post=TO_HER_APPOINTMENT, at="coming", note="a colleague",
        body={"do": "colleague", "practitioner": "{other_practitioner_id}", "role": "nurse"}),
    row("scheduling:person-remove", post=TO_HER_APPOINTMENT, at="coming"),
    # A bearer's link, of somebody from outside: it says when, and nothing of the patient.
    row("scheduling:person-link", get=EVERYBODY, ids={"token": "person_token"}),
    # A bearer's link; whoever is signed in as somebody else is told so and gets no further.
    row("scheduling:link-open", get=f"{each('visitor guest link rosa_link liz maya grace ana booker', 302)} "
        + each("rosa daniel priya marcus ingrid admin delegate over ended", 403)),
    row("scheduling:answer", get=f"visitor guest link rosa_link liz ana booker {each('maya grace', 302)} "
        + each("rosa daniel priya marcus ingrid admin delegate over ended", 403),
        post="visitor guest link rosa_link liz ana booker maya grace "
        + each("rosa daniel priya marcus ingrid admin delegate over ended", 403),
        body={"do": "confirm"}),
    row("scheduling:appointment-confirm", post=TO_HER_APPOINTMENT, at="coming"),
    row("scheduling:schedule", get=f"{CARE} grace"),
    row("scheduling:schedule", get=f"{CARE} grace", note="of one practitioner", query={"who": "{practitioner_id}"}),
    row("scheduling:hours", get=f"{CARE} grace admin"),
    row("scheduling:hours", get=f"{CARE} grace admin", note="of one practitioner", query={"who": "{practitioner_id}"}),
    row("scheduling:hours-add", post=f"{CARE} grace admin",
        body={"weekdays": "6", "starts_at": "05:00", "ends_at": "06:00", "valid_from": "2031-01-01",
              "who": "{practitioner_id}"}),
    row("scheduling:hours-undo", post=f"{CARE} grace admin", body={"who": "{practitioner_id}"}),
    row("scheduling:hours-end", post="maya grace admin", body={"last_day": "2031-01-01"}),
    row("scheduling:on-call", get=f"{CARE} grace admin"),
    row("scheduling:on-call-plan", post="maya grace admin daniel:422 priya:422",
        body={"who": "{practitioner_id}", "starts": "2031-01-01T20:00", "ends": "2031-01-02T08:00", "weeks": "1"}),
    row("scheduling:on-call-change", post="maya grace admin", body={"do": "remove"}),
    row("scheduling:on-call-change", post="maya", body={"do": "offer"}, note="offered to colleagues"),
    row("scheduling:on-call-change", post="maya", body={"do": "confirm"}, note="said yes to"),
    row("scheduling:on-call-hours", post="grace admin",
        body={"weekdays": "3", "starts_at": "05:00", "ends_at": "06:00"}),
    row("scheduling:on-call-hours-remove", post="grace admin"),
    # What the clinic's own site may frame says the same to everybody; where, an administrator says.
    row("portal:embed", get=EVERYBODY),
    row("portal:embed", get=EVERYBODY, note="of one state", query={"state": "NY"}),
    row("portal:embed-script", get=EVERYBODY),
    row("portal:described", get="admin"),
    row("portal:describe", get="admin", post="admin",
        body={"specialty": "Family doctor", "languages": "es", "gender": "female", "about": ""}),
    row("portal:languages", get="admin"),
    row("portal:languages-service", get="admin", post="admin", body={"es_name": "Consulta"}),
    row("portal:languages-person", get="admin", post="admin", body={"es_specialty": "Medicina"}),
    row("portal:embed-sites", get="admin"),
    row("portal:embed-site-add", post="admin", body={"address": "https://new.clinic.example"}),
    row("portal:embed-site-remove", post="admin"),
    # Calendars kept elsewhere: one's own, and an administrator for anybody. Not the front desk: an address opens all.
    row("scheduling:calendar-list", get=f"{CARE} admin"),
    row("scheduling:calendar-list", get=f"{CARE} admin", note="of one practitioner", query={"who": "{practitioner_id}"}),
    row("scheduling:calendar-add", post=f"{CARE} admin",
        body={"address": "https://calendar.example/new.ics", "who": "{practitioner_id}"}),
    row("scheduling:calendar-read", post="maya admin"),
    row("scheduling:calendar-remove", post="maya admin"),
    row("scheduling:time-off-add", post=f"{CARE} grace",
        body={"start": "2031-01-01T10:00", "end": "2031-01-01T11:00", "reason": "Away", "who": "{practitioner_id}"}),
    row("scheduling:time-off-remove", post="maya grace"),
    row("scheduling:appointment-noshow", post="maya grace", at="late"),
    row("scheduling:link-send", post="maya grace", at="coming"),
    # Who is in line already is led to her place; staff who put nobody in line are told how a booking is made.
    row("scheduling:queue-join", get=f"{GUESTS} rosa delegate {CARE} {OFFICE} liz:302 " + each(ACTING, 302),
        query={"state": "NY"}, note="the form"),
    row("scheduling:queue-join", get=f"{GUESTS} rosa delegate {CARE} {OFFICE} liz:302 " + each(ACTING, 302),
        query={"state": "NY", "patient": "{patient_id}"}, note="for one patient"),
    row("scheduling:queue-join", post=f"{GUESTS} liz rosa grace delegate {ACTING} "
        + each("maya daniel priya marcus ingrid admin", 200), body=VISITOR | {"reason_text": "A cough", "signs": "none"}),
    row("scheduling:queue-entry", get=f"liz grace:302 {ACTING}"),
    row("scheduling:queue-entry", get="maya:302 grace:302", ids=CALLED, note="called"),
    row("scheduling:queue-answer", post="liz ana"),
    row("scheduling:queue-leave", post=f"liz grace {ACTING}"),
    row("scheduling:queue-return", post=f"liz grace {ACTING}"),
    row("scheduling:queue-notify", post=f"liz grace {ACTING}", body={"wanted": "1"}),
    row("scheduling:queue-call-back", post=f"liz grace {ACTING}", body={"phone": "845-555-0142", "window": "soon"}),
    row("scheduling:queue-take", post="maya", body={"reason": "In pain"}),
    row("scheduling:queue-let-go", post="maya grace", ids=CALLED, body={"outcome": "back", "reason": "A fire alarm"}),
    row("scheduling:queue-hand-over", post="maya grace", ids=CALLED,
        body={"to": "{practitioner_id}", "reason": "My shift ends"}),
    row("scheduling:queue-order", post="grace", body={"what": "urgency", "urgency": "soon", "reason": "Spoke to her"}),
    row("scheduling:queue-note-call", post="grace", body={"outcome": "reached", "reason": "Is well"}),
    # One's own visits in one's own calendar: who gives care, and a patient herself; the address is its bearer's.
    row("scheduling:feed-list", get=f"{PATIENTS} {CARE}"),
    row("scheduling:feed-renew", post=PATIENTS, body={"whose": "patient"}, note="a patient's"),
    row("scheduling:feed-renew", post=CARE, body={"whose": "practitioner"}, note="a practitioner's"),
    row("scheduling:feed-end", post=PATIENTS, body={"whose": "patient"}, note="a patient's"),
    row("scheduling:feed-end", post=CARE, body={"whose": "practitioner"}, note="a practitioner's"),
    row("scheduling:feed", get=EVERYBODY, ids={"token": "feed_token"}),
    row("scheduling:series-book", get=f"{PATIENTS} {ACTING}", query=BOOKING, note="the form"),
    row("scheduling:series-book", get=f"{PATIENTS} {ACTING} grace", query=BOOKING | {"patient": "{patient_id}"},
        note="for one patient"),
    row("scheduling:series-book", post=f"{PATIENTS} {ACTING}", body=BOOKING | {"every": "weekly", "count": "2"}),
    row("scheduling:series-cancel", post=TO_HER_APPOINTMENT, at="coming"),
    row("scheduling:limits", get="grace admin"),
    row("scheduling:limits-change", get="grace admin", post="grace admin", body=LIMITS),
    # Who waits for a time that becomes free. Who is signed in and gives care is told how it is done, as with a booking.
    row("scheduling:waitlist-join", get=MAY_BOOK, query={"state": "NY"}, note="the form"),
    row("scheduling:waitlist-join", post=f"{GUESTS} liz rosa grace delegate {ACTING} "
        + each("maya daniel priya marcus ingrid admin", 200), body=VISITOR | WISH),
    row("scheduling:waitlist-join", get=TO_HER_APPOINTMENT, query={"visit": "{coming_appointment_id}"},
        note="for an earlier time"),
    row("scheduling:waitlist-entry", get=f"liz grace:302 {ACTING}"),
    row("scheduling:waitlist-answer", post=f"liz grace {ACTING}", body={"do": "decline", "offer": "{offer_id}"}),
    # A bearer's link, as that of a reminder.
    row("scheduling:waitlist-open", ids={"token": "wait_token"}, body={"do": "decline", "offer": "{offer_id}"},
        get=f"{GUESTS} liz {ACTING} grace:302 "
        + each("rosa maya daniel priya marcus ingrid admin delegate over ended", 403),
        post=f"{GUESTS} liz {ACTING} grace "
        + each("rosa maya daniel priya marcus ingrid admin delegate over ended", 403)),
    row("scheduling:waitlist", get="grace"),
    row("scheduling:waitlist-offer", get="grace", post="grace", body={"slot": "{slot}"}),
    row("scheduling:waitlist-remove", post="grace", body={"reason": "Was seen elsewhere"}),
    row("scheduling:queue", get=CARE),
    row("scheduling:queue-next", post=CARE),
    row("scheduling:queue-duty", post=CARE, body={"on": "0"}),
    row("scheduling:queue-beat", get="maya:204 " + each("daniel priya", 200)),
]  # fmt: skip

NOTE = {"plan": "Another plan", "version": "{room_revision}", "note_key": "tests"}
CHART = [
    row("chart:patient-list", get=CARE, post=each(CARE, 200), body={"q": "nobody"}),
    row("chart:note-list", get=CARE),
    row("chart:patient-detail", get="maya"),
    row("chart:emergency-open", get="maya daniel", post="maya:422 daniel:422",
        body={"record_number": "nobody", "reason": "Found unconscious, no time to ask"}),
    row("chart:emergency-list", get="ingrid"),
    row("chart:emergency-review", post="ingrid", body={"finding": "justified"}),
    row("chart:emergency-end", post="daniel ingrid"),
    row("chart:list-add", post="maya", body={"text": "Penicillin", "more": "hives"}),
    row("chart:list-end", post="maya", body={"entry": "{allergy_id}"}),
    row("chart:list-restore", post="maya", body={"entry": "{allergy_id}"}),
    row("chart:list-confirm", post="maya"),
    row("chart:vitals-add", post="maya", body={"systolic": "120", "diastolic": "80", "source": "said",
                                               "encounter": "{room_encounter_id}"}),
    row("chart:document-content", get="maya", ids={"document_id": "chart_document_id"}),
    row("chart:document-content", get="maya", ids={"document_id": "chart_document_id"}, query={"small": ""}, note="small"),
    # Her plan: who treats her writes it; she and who reads summaries for her see it; each owner marks what is hers.
    row("chart:plan-list", get="maya", post="maya", body={"title": "Sleep well again"}),
    row("chart:plan-list", get="maya", query={"beside": "1"}, headers={"HX-Request": "true"}, note="beside a call"),
    row("chart:plan-detail", get="maya"),
    row("chart:plan-change", post="maya", body={"do": "take"}),
    row("chart:plan-step-add", post="maya", body={"text": "Walk each day", "owner": "patient"}),
    row("chart:plan-step-change", post="maya", body={"text": "Walk twice a day", "owner": "patient"}),
    row("chart:plan-step-mark", post="maya", body={"done": "{step_id}"}),
    row("chart:to-do", get=f"{CARE} {OFFICE}"),
    row("chart:to-do-mark", post="grace", body={"done": "{step_id}"}, note="of who works here"),
    row("chart:to-do-mark", post="liz", body={"done": "{patient_step_id}"}, note="of the patient"),
    row("chart:to-do-mark", post="ana", body={"done": "{delegate_step_id}"}, note="of who acts for her"),
    row("chart:plan-own", get="liz rosa ana"),
    # What a visit turned into, and what is sent ahead: for who writes in its note.
    row("chart:transfer", get="maya", post="maya", at="room", body={"do": "emergency"}),
    row("chart:transfer", get="maya", at="room", query={"beside": "1"}, headers={"HX-Request": "true"}, note="beside a call"),
    row("chart:transfer-sheet", get="maya", post="maya", at="room", body={"digest": "another"}),
    row("chart:transfer-sheet-pdf", get="maya", at="room"),
    row("chart:transfer-sheet", post="maya", at="room", note="send it ahead", body={
        "do": "send", "name": "Intake", "email": "intake@kingston.example", "key": "one-form",
    }),
    row("chart:transfer-sheet", post="maya", at="room", body={"do": "end", "link": "{ahead_id}"}, note="end a link"),
    # A bearer's page: whoever holds the link is asked for the code, which was told by phone.
    row("chart:sent-ahead", get=EVERYBODY, post=each(EVERYBODY, 302), ids={"token": "ahead_token"},
        body={"code": "{ahead_code}"}),
    row("chart:sent-ahead-pdf", get=each(EVERYBODY, 302), ids={"token": "ahead_token"}),
    row("chart:encounter-detail", get="maya", at="room"),
    row("chart:encounter-detail", get="maya", at="ended", note="signed"),
    row("chart:note-save", get="maya:302", post="maya", at="room", body=NOTE),
    row("chart:note-save", get="maya:302", post="maya:200", at="room", body=NOTE, headers={"X-Autosave": "1"}, note="by itself"),
    row("chart:diagnosis-change", post="maya:200", at="room", body={"remove": "{room_diagnosis_id}"}),
    row("chart:diagnosis-search", post="maya:200", at="room", body={"q": "diabetes"}),
    row("chart:encounter-finish", post="maya", at="room"),
    row("chart:encounter-sign", get="maya", post="maya", at="ready", body={"version": "{ready_revision}"}),
    row("chart:encounter-override", post="maya", at="ready",
        body={"gate": "patient_summary", "reason": "She reads well"}),
    row("chart:addendum-add", post="maya", at="ended", body={"text": "One more thing"}),
    row("chart:encounter-summary", get="liz link:302 maya ana", at="ended"),
    row("chart:encounter-summary", get="liz link maya ana", at="ended", identified=True, note=SAID),
    row("chart:encounter-summary", get="liz link maya ana", at="ready", identified=True, note="not signed yet"),
    row("chart:encounter-summary-pdf", get="liz link:302 maya ana", at="ended"),
    row("chart:encounter-summary-pdf", get="liz link maya ana", at="ended", identified=True, note=SAID),
    # Asked of a link alone; whoever else may read the summary is led to it.
    row("chart:summary-who", get="liz:302 link maya:302 ana:302", post="liz link maya ana", at="ended",
        body={"birth_date": "04/18/1969"}),
]  # fmt: skip

HELPING = {
    "name": "Rondout House", "kind": "nursing_home", "address_line": "12 Creek Lane", "city": "Port Ewen", "state": "NY",
    "postal_code": "12466", "phone": "845-555-0180",
}  # fmt: skip
SAFE_START = {
    "identity_confirmed": "on", "location": "home", "phone": "845-555-0142", "near": "no",
    "agrees": agreed("visit", "telehealth"),
    "version": "new", "address_line": "9 Pine Street", "city": "Kingston", "state": "NY", "postal_code": "12401",
}  # fmt: skip
HERS = "liz link ana"
BOTH = "liz link maya ana"
REASON = {"gate": "identity_document", "reason": "I know her"}
KIN = {"name": "Ana", "role": "family", "relation": "sibling"}
INTERPRETER = {"name": "Ana", "role": "interpreter"}
WRONG = {"words": "The sound is gone", "phone": "845-555-0142", "key": "tests"}
VISITS = [
    row("visits:visit-room", get=BOTH, at="room"),
    row("visits:visit-room", get="liz:302 link:302 maya ana:302", at="waiting", note="before the door"),
    row("visits:visit-where", get=BOTH, at="room"),
    row("visits:visit-chat", get="liz link:302 maya ana", at="ended", note="afterwards"),
    row("visits:visit-chat", get=BOTH, at="ended", identified=True, note=SAID),
    row("visits:visit-chat", get=BOTH, post=BOTH, at="room", body={"text": "Hello", "key": "tests"}),
    row("visits:visit-sending", post=each(BOTH, 200), at="room",
        body={"key": "0b0e7d8c-6c43-4f0e-9a51-5d6f0e9d2b11", "name": "a.pdf", "size": "9"}),
    # A form is no part of a file: what refuses the others is the guard.
    row("visits:visit-sending-part", post="maya:422", at="room", query={"from": "0"}),
    row("visits:visit-file", get=BOTH, at="room"),
    row("visits:visit-file", get=BOTH, at="room", ids={"shared_id": "picture_id"}, query={"small": ""}, note="small"),
    row("visits:visit-file-remove", post="maya", at="room"),
    row("visits:visit-picture", get=BOTH, post=each(BOTH, 200), at="room",
        body={"do": "show", "picture": "{picture_id}"}),
    row("visits:visit-keeping", get=BOTH, post="maya", at="room",
        body={"do": "ask", "which": "{picture_id}", "site": "left arm"}),
    row("visits:visit-keeping", post=HERS, at="room", body={"do": "agree", "which": "{question_id}"}, note="agree"),
    # This clinic has no recogniser: nobody can read, and saying no is all that anybody can answer.
    row("visits:visit-captions", get=BOTH, post=each(BOTH, 200), at="room", body={"do": "decline"}),
    row("visits:visit-captions", get="liz:302 link:302 maya ana:302", at="waiting", note="before the door"),
    row("visits:visit-stopped", get=BOTH, at="stopped"),
    row("visits:visit-hand-over", post=BOTH, at="stopped",
        body={"practitioner": "{practitioner_id}", "start": "2031-01-01T10:00:00+00:00"}),
    # Who may go on is asked by the visit's clinician; what was asked is for her and the colleague, whose page it is.
    row("visits:visit-colleagues", get="maya", post="maya", at="waiting",
        body={"to": "{other_practitioner_id}", "words": "I must leave"}),
    row("visits:visit-colleagues", get="maya", at="room", query={"part": "state"}, note="what became of it"),
    row("visits:visit-who", get=HERS, at="room"),
    row("visits:hand-over", get="maya daniel"),
    row("visits:hand-over", post="maya", body={"do": "withdraw"}, note="taken back"),
    row("visits:hand-over", post="daniel", body={"do": "decline", "answer": "I am in surgery"}, note="a no"),
    row("visits:visit-ended", get="liz:302 link:302 maya ana:302", at="ended"),
    row("visits:visit-ended", get=BOTH, at="ready", note="not signed yet"),
    row("visits:visit-prepare", get=HERS, post=HERS, at="planned", body={"verdict": "ok"}),
    row("visits:visit-check-in", get=HERS, post=HERS, at="planned", body=SAFE_START),
    row("visits:visit-place", post="liz:200 link:200 ana:200", at="planned", body=SAFE_START),
    row("visits:visit-card", get=HERS, at="planned"),
    row("visits:visit-waiting", get=HERS, at="waiting"),
    row("visits:visit-line", get=HERS, at="waiting"),
    row("visits:visit-door", get="maya", at="waiting"),
    row("visits:visit-gates", get="maya", at="waiting"),
    row("visits:visit-emergency-card", get="maya", at="waiting"),
    row("visits:visit-admit", post="maya", at="waiting"),
    row("visits:visit-hold", post="maya", at="room"),
    row("visits:visit-team", get="maya", post="maya", at="waiting", body={"do": "meet"}),
    row("visits:visit-team", get="maya", at="room", query={"part": "note"}, note="the note"),
    row("visits:visit-team", post="maya", at="room", body={"do": "part"}, note="ended"),
    row("visits:visit-apart", get=HERS, post="maya", at="room", body={"do": "ask", "seat": "{kin_seat_id}"}),
    row("visits:visit-apart", post=HERS, at="room", body={"do": "agree", "seat": "{kin_seat_id}"}, note="her yes"),
    row("visits:visit-apart", post=HERS, at="room", body={"do": "withdraw", "seat": "{kin_seat_id}"}, note="taken back"),
    row("visits:visit-end", post="maya", at="room"),
    row("visits:visit-fail", post="maya", at="room"),
    row("visits:visit-noshow", post="maya", at="late"),
    row("visits:visit-identity", post="maya", at="waiting"),
    row("visits:visit-answer", post="maya", at="waiting", body=REASON),
    row("visits:visit-people", get=BOTH, at="room"),
    row("visits:visit-ask", get="maya", post=each(BOTH, 200), at="room", body=KIN),
    row("visits:visit-ask", post=f"{HERS} maya:200", at="room", body=INTERPRETER, note="a patient asks family only"),
    row("visits:visit-alone", post=HERS, at="room"),
    *(row("visits:visit-seat", post="maya", at="room", body={"do": do}, note=do) for do in ("lobby", "permit", "remove")),
    row("visits:visit-seat", post="maya", at="room", ids={"seat_id": "lobby_seat_id"}, body={"do": "admit"}),
    row("visits:visit-seat", post="maya:200", at="room", body={"do": "again"}, note="again"),
    row("visits:visit-seat", post=HERS, at="room", body={"do": "ask-away"}, note="ask-away"),
    row("visits:visit-phone", get=BOTH, post=BOTH, at="room", body={"do": "call-me", "key": "isolation"}),
    row("visits:visit-phone", post="maya", at="room", body={"do": "admit", "call": "{call_id}"}, note="letting in"),
    row("visits:visit-phone", post=BOTH, at="room", body={"do": "hang-up", "call": "{call_id}"}, note="hanging up"),
    row("visits:visit-help", get=HERS, post=HERS, at="room", body=WRONG),
    row("visits:visit-help", get=HERS, at="ready", note="afterwards"),
    row("visits:visit-help", get=HERS, at="ready", identified=True, note=SAID),
    row("visits:visit-survey", get=HERS, post=HERS, at="ready", body={"call": "5", "purpose": "4"}),
    row("visits:visit-report", get=BOTH, at="ready"),
    row("visits:visit-propose", post="maya", at="ready", body={"days": "14"}),
    row("visits:visit-book-again", post="liz link ana", at="ready", body={"start": "2031-01-01T10:00:00+00:00"}),
    row("visits:waiting-words", get="admin"),
    row("visits:waiting-words-change", get="admin", post="admin", body={"text_en": "Sit down", "do": "keep"}),
    row("visits:help-list", get="grace"),
    row("visits:help-take", post="grace"),
    row("visits:help-answer", post="grace", body={"answer": "Called her"}),
    row("visits:site-list", get="grace admin"),
    row("visits:site-add", get="grace admin", post="grace admin", body=HELPING),
    row("visits:site-change", get="grace admin", post="grace admin", ids={"site_id": "place_id"}, body=HELPING),
    *(row(f"visits:site-{do}", post="grace admin", ids={"site_id": "place_id"}) for do in ("close", "reopen")),
    # A bearer's link: whoever holds it may take the seat, once; it says nothing of the patient.
    row("visits:seat-join", get=EVERYBODY, post=each(EVERYBODY, 302), ids={"token": "join_token"}),
    row("visits:seat", get="guest"),
    row("visits:seat", get="guest", ids={"seat_id": "lobby_seat_id"}, note="in the lobby"),
    row("visits:seat-where", get="guest"),
    row("visits:seat-people", get="guest"),
    row("visits:seat-people", get="guest:302", ids={"seat_id": "lobby_seat_id"}, note="from the lobby"),
    row("visits:seat-chat", get="guest", post="guest", body={"text": "Hello", "key": "tests"}),
    row("visits:seat-chat", get="guest:302", post="guest:302", ids={"seat_id": "lobby_seat_id"}, note="from the lobby",
        body={"text": "Hello", "key": "tests"}),
    row("visits:seat-ticket", post="guest:200"),
    row("visits:seat-ticket", post="guest:200", query={"voice": ""}, note="for her voice"),
    row("visits:seat-captions", get="guest", post="guest:200", body={"do": "decline"}),
    row("visits:seat-captions", get="guest:302", post="guest:302", ids={"seat_id": "lobby_seat_id"}, note="from the lobby",
        body={"do": "decline"}),
    row("visits:seat-sending", post="guest:200",
        body={"key": "0b0e7d8c-6c43-4f0e-9a51-5d6f0e9d2b12", "name": "a.pdf", "size": "9"}),
    row("visits:seat-sending", post="guest:302", ids={"seat_id": "lobby_seat_id"}, note="from the lobby"),
    row("visits:seat-sending-part", post="guest:422", ids={"upload_key": "guest_upload_key"}, query={"from": "0"}),
    row("visits:seat-file", get="guest"),
    row("visits:seat-file", get="guest:302", ids={"seat_id": "lobby_seat_id"}, note="from the lobby"),
    row("visits:seat-picture", get="guest", post="guest:200", body={"do": "show", "picture": "{picture_id}"}),
    row("visits:seat-picture", get="guest:302", post="guest:302", ids={"seat_id": "lobby_seat_id"}, note="from the lobby",
        body={"do": "show", "picture": "{picture_id}"}),
    row("visits:seat-file-remove", post="guest", ids={"shared_id": "guest_shared_id"}),
]  # fmt: skip

BILLING = [
    row("billing:claim-list", get="marcus", post="marcus:200", body={"q": "nobody"}),
    row("billing:claim-csv", get="marcus"),
    row("billing:claim-detail", get="marcus"),
    row("billing:claim-review", post="marcus"),
]

NEW_PATIENT = {
    "given": "Ann", "family": "New", "birth_date": "1980-01-01", "phone": "845-555-0101", "email": "ann@example.test",
    "state": "NY", "language": "en",
}  # fmt: skip
PORTAL = [
    row("portal:front", get=EVERYBODY),
    row("portal:start", get=each(EVERYBODY, 302)),
    row("portal:clinic", get=EVERYBODY),
    row("portal:people", get=EVERYBODY),
    row("portal:people", get=EVERYBODY, note="of one state and language", query={"state": "NY", "language": "en"}),
    row("triage:need", get=EVERYBODY, post=EVERYBODY, body={"text": "My sugar is high"}),
    # Public: the clinic as an app, and its page for being offline, the same for everybody.
    row("ui:manifest", get=EVERYBODY),
    row("ui:offline", get=EVERYBODY),
    # Whose access is over is led to the page that says so, with the way back to herself.
    row("portal:home", get=f"{PATIENTS} {CARE} {ACTING} " + each(f"{OFFICE} {GUESTS} delegate {OUT}", 302)),
    row("portal:board", get="grace"),
    row("portal:queue-board", get="grace"),
    row("portal:figures", get="grace ingrid admin"),
    row("portal:figures-csv", get="grace ingrid admin"),
    row("portal:words", get="ingrid admin"),
    row("portal:administration", get="admin"),
    row("portal:record-access", get=PATIENTS),
    row("portal:consent-withdraw", get=f"liz {ACTING}", post=f"liz {ACTING}"),
    row("portal:book-for", get="grace", post="grace", body=NEW_PATIENT),
    row("portal:book-for", get="grace", note="for one patient", query={"patient": "{patient_id}"}),
    row("portal:book-time", get="grace", post="grace", body=BOOKING | {"consent": agreed("telehealth")}),
]

UI = [
    row("ui:pattern-list", get=EVERYBODY),
    row("ui:pattern-detail", get=EVERYBODY),
    row("ui:worker", get=EVERYBODY),
    # Which language this browser is answered in; a GET changes nothing.
    row("set_language", get=each(EVERYBODY, 302), post=EVERYBODY, body={"language": "es"}),
]

HEALTH = [
    row("core:health-live", get=EVERYBODY),
    row("core:health", get=EVERYBODY),
    row("core:health-json", get=each(EVERYBODY, 503)),  # no worker runs beside the tests
]

# allauth's pages are about the account of whoever asks and know of no clinic: what counts is that each is known
# here, and who may use it signed out. The first status is a visitor's, the second that of who is signed in.
ALLAUTH = [
    row(name, get=f"{each(GUESTS, out)} {each(SIGNED_IN, signed_in)}")
    for name, out, signed_in in (
        ("account_login", 200, 302), ("account_logout", 302, 200), ("account_inactive", 200, 200),
        ("account_signup", 200, 302), ("account_reauthenticate", 302, 403), ("account_email", 302, 200),
        ("account_email_verification_sent", 200, 200), ("account_change_password", 302, 302),
        ("account_set_password", 302, 200), ("account_reset_password", 200, 200),
        ("account_confirm_login_code", 302, 302), ("account_confirm_email", 200, 200),
        ("account_reset_password_from_key_done", 200, 200), ("account_reset_password_from_key", 200, 200),
        ("account_reset_password_done", 200, 200), ("mfa_index", 302, 200), ("mfa_authenticate", 302, 302),
        ("mfa_reauthenticate", 302, 403), ("mfa_activate_totp", 302, 200), ("mfa_deactivate_totp", 302, 404),
        ("mfa_view_recovery_codes", 302, 404), ("mfa_generate_recovery_codes", 302, 200),
        ("mfa_download_recovery_codes", 302, 404), ("mfa_list_webauthn", 302, 200), ("mfa_add_webauthn", 302, 200),
        ("mfa_reauthenticate_webauthn", 302, 403), ("mfa_remove_webauthn", 302, 404),
        ("mfa_edit_webauthn", 302, 404), ("mfa_login_webauthn", 302, 302),
    )
]  # fmt: skip

ROWS: list[Row] = [
    *ACCOUNTS, *REALTIME, *PEOPLE, *NOTIFICATIONS, *COMPLIANCE, *SCHEDULING, *CHART, *VISITS, *BILLING, *PORTAL, *UI, *HEALTH,
]  # fmt: skip

OF_NO_CLINIC = frozenset(row.route for row in [*UI, *HEALTH, *ALLAUTH]) | {
    "portal:front", "portal:start", "accounts:second-factor", "accounts:invitation-accept", "accounts:session",
    "accounts:session-end", "accounts:session-back", "accounts:device-list", "accounts:device-end",
    "accounts:device-end-others", "accounts:sso", "accounts:sso-provider", "accounts:sso-begin", "openid_connect_callback",
    "accounts:sso-finish", "accounts:sso-metadata",
}  # fmt: skip
"""Routes under no clinic's path. The invitation's page is its bearer's, whoever that is."""

PUBLIC_IDS = frozenset({
    "scheduling:service-detail", "scheduling:appointment-book", "scheduling:queue-join", "scheduling:waitlist-join",
    "scheduling:series-book",
})  # fmt: skip
"""What a clinic offers is public: an id that is not offered there is a mistake, not an attempt, and not in the trail."""

DEMO_ONLY = frozenset({
    "demo:become", "demo:mail-list", "demo:mail-detail", "demo:mail-attachment", "demo:text-reply", "demo:phone-list",
    "demo:phone-dial", "demo:phone-act",
})  # fmt: skip
"""Addresses that exist in the demo alone, which runs on loopback with invented people."""

# ------------------------------------------------------------------------------------------ what is no page

LEAN = {
    "/api/decide": "a key with the scope decide; rules only, no clinic's data",
    "/api/decide/{name}": "a key with the scope decide; the facts come with the question, none from a clinic",
    "/api/push/{slug:str}/renew": "the token of a browser; its device is looked for in the clinic of the address",
    "/ws": "a ticket: see TOPICS",
    "/ingest/saml/{provider_id:uuid}": "a signed answer of the clinic's own service, once; tests/single_sign_on",
    "/ws/voice": "a ticket for visit-voice, and her own yes: webside/visits/tests/test_captions.py",
    "/ingest/sms/{slug:str}/received": "the carrier's signature over the address, the clinic's slug in it, and the fields",
    "/ingest/sms/{slug:str}/{message_id:uuid}/status": "the same; the message is looked for in the clinic of the address",
    "/ingest/voice/{slug:str}/answer": "the carrier's signature over the address, the clinic's slug in it, and the fields",
    "/ingest/voice/{slug:str}/status": "the same; the call is looked for by the carrier's id in the clinic of the address",
    "/ingest/voice/{slug:str}/moved": "the same, and the visit that the room names must be the call's",
    "/ingest/voice/{slug:str}/{call_id:uuid}/code/{number:int}": "the same; the call is looked for in the clinic of the address",
    "/ingest/voice/{slug:str}/{call_id:uuid}/answered": "the same; the call is looked for in the clinic of the address",
    "/ingest/voice/{slug:str}/{call_id:uuid}/press/{number:int}": "the same; the call is looked for in the clinic of the address",
    "/ingest/voice/{slug:str}/{call_id:uuid}/next": "the same; the call is looked for in the clinic of the address",
    "/ingest/voice/{slug:str}/{call_id:uuid}/wait/{number:int}": "the same; the call is looked for in the clinic of the address",
    "/ingest/voice/{slug:str}/{call_id:uuid}/status": "the same; the call is looked for in the clinic of the address",
}
"""The lean lane's routes and what opens each."""

ATTACKED_BY: dict[str, tuple[str, ...]] = {
    "/api/decide": ("tests/isolation/test_lean.py::test_decide_is_shut_without_a_key_that_holds",),
    "/api/push/": ("webside/notifications/tests/test_push_renewal.py::test_nobody_else_moves_it",),
    "/ws": (
        "tests/isolation/test_lean.py::test_a_forged_ticket_for_a_room_opens_nothing",
        "tests/isolation/test_lean.py::test_a_call_is_not_heard_in_another_clinic",
        "webside/visits/tests/test_captions.py::test_tickets_for_something_else_and_of_others_take_no_voice",
    ),
    "/ingest/saml/": (
        "tests/single_sign_on/test_saml.py::test_another_services_key_signs_nobody_in",
        "tests/single_sign_on/test_saml.py::test_another_clinics_service_signs_nobody_in_here",
    ),
    "/ingest/sms/": (
        "webside/integrations/sms/tests/test_webhooks.py::test_who_cannot_sign_learns_nothing",
        "webside/integrations/sms/tests/test_webhooks.py::test_a_forged_status_changes_nothing",
    ),
    "/ingest/voice/": (
        "webside/integrations/voice/tests/test_webhooks.py::test_who_cannot_sign_learns_nothing",
        "webside/integrations/voice/tests/test_webhooks.py::test_what_is_signed_for_one_clinic_moves_no_call_of_another",
    ),
}
"""The tests that attack the routes of the lean lane, by how their paths begin: a stranger, and another clinic."""

TOPICS = {
    "visit": ("liz link guest maya ana", "room_visit_id"),
    "visit-voice": ("liz link guest maya ana", "room_visit_id"),
    "visit-news": ("liz link maya grace ana", "room_visit_id"),
    "day": ("maya grace", "practitioner_id"),
    "tenant": ("grace", "tenant_id"),
    "queue": ("liz maya daniel priya grace ana booker", "tenant_id"),
}
"""Who of Larkspur gets a ticket for a topic, and which thing it is about. A new topic needs its line here."""

FILE_READERS: dict[str, str] = {
    "webside/chart/services/documents.py": "none: it measures a picture that it has just kept",
    "webside/chart/views/documents.py": "chart:document-content",
    "webside/visits/services/files.py": "none: it measures a picture that it has just kept",
    "webside/visits/services/keeping.py": "none: it copies a picture into the chart",
    "webside/visits/views/files.py": "visits:visit-file and visits:seat-file",
}
"""Modules that read stored files (``core.files.read``), and the route that serves them, which has its rows above."""

# ------------------------------------------------------------------------------------------ who reads what

_HERS = "name address nearby reason instructions addendum medicine chat shared signer wrong"
MAY_READ: dict[str, set[str]] = {
    "liz": set(_HERS.split()) | {"guest", "goal"},
    "link": set(_HERS.split()) - {"signer"} | {"guest"},
    "guest": {"name", "guest", "shared"},
    "delegate": {"name"},
    "ana": set(_HERS.split()) | {"guest", "goal"},
    "booker": {"name", "signer"},
    "maya": set(_HERS.split()) - {"signer", "wrong"}
    | {"guest"}
    | {"subjective", "plan", "diagnosis", "allergy", "timeoff", "calendar", "goal", "colleague", "handing", "sent"},
    "daniel": {"name", "handing"},  # of whom he is asked to take over, and why
    "grace": {"name", "reason", "timeoff", "text", "wrong"},
    "marcus": {"name"},
    "ingrid": {"name", "override", "signer", "staff", "guest"},
    "admin": {"staff", "colleague", "calendar"},
}
"""The kinds of texts of ``canaries.py`` that somebody comes to read on some page; who is not named reads none."""

BEHIND_BIRTH_DATE = {"reason", "instructions", "addendum", "medicine", "wrong"}
"""What a link opens only where the row says that the date of birth was said."""


def may_read(name: str, row: Row) -> set[str]:
    """Return the kinds of texts that somebody may read on a row's page."""
    kinds = MAY_READ.get(name, set())
    if row.route == "visits:seat-join":
        return kinds | {"guest"}  # whoever holds a link reads whom it is for
    return kinds - BEHIND_BIRTH_DATE if name == "link" and not row.identified else kinds


SHOWN_TO_NOBODY = {"cancelled", "file", "ical"}
"""Kinds that are kept and stand on no page."""


def rows_of(routes: Iterable[str]) -> list[Row]:
    """Return the rows of some routes."""
    wanted = set(routes)
    return [row for row in ROWS if row.route in wanted]
