"""How we reach you: her own page, by link without her record, and the front desk's; and what the log says of channels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from webside.audit.models import AuditEvent
from webside.core import frames
from webside.core.actor import system
from webside.integrations.sms.stand_in import StandIn
from webside.notifications import ports, services
from webside.notifications.codes import Choice, MessageKind
from webside.notifications.models import ContactPreference
from webside.testing.cast import sign_in
from webside.testing.texts import carrier

REACH = "/o/larkspur/how-we-reach-you/"
LOG = "/o/larkspur/messages-sent/"
CHOSEN = {
    "phone": "(845) 555-0199", "reminders": "sms", "changes": "both", "language": "es", "timezone": "America/Chicago",
    "quiet_from": "22:30", "quiet_until": "06:15",
}  # fmt: skip


@pytest.fixture
def sms(tmp_path: Path) -> Iterator[StandIn]:
    with carrier(tmp_path / "texts") as stand_in:
        yield stand_in


def preference(cast: Any) -> ContactPreference:
    with cast.as_(cast.grace_user):
        cast.liz.refresh_from_db()
        return ContactPreference.objects.get(patient=cast.liz)


def test_she_chooses_and_it_is_in_the_trail(cast: Any) -> None:
    client = sign_in(Client(), cast.liz_user)
    page = client.get(REACH).content.decode()
    assert "your clinician is ready" in page and "(845) 555-0142" in page
    assert client.post(REACH, CHOSEN).status_code == 302
    row = preference(cast)
    assert (row.reminders, row.changes) == (Choice.SMS, Choice.BOTH)
    assert (row.quiet_from, row.quiet_until) == (time(22, 30), time(6, 15))
    assert (cast.liz.phone, cast.liz.language, cast.liz.timezone) == ("(845) 555-0199", "es", "America/Chicago")
    client.post(REACH, CHOSEN)
    with cast.as_(cast.admin_user):
        rows = AuditEvent.objects.filter(action="notifications.preference.change").order_by("sequence")
        assert [bool(each.changes) for each in rows] == [True, False]
        assert rows[0].changes["quiet_from"] == ["21:00:00", "22:30:00"] and rows[0].patient_id == cast.liz.id


def test_what_cannot_be_read_is_asked_again_with_what_was_typed(cast: Any) -> None:
    client = sign_in(Client(), cast.liz_user)
    page = client.post(REACH, CHOSEN | {"phone": "845-555"}, follow=True).content.decode()
    assert "no number that we can text" in page and "845-555" in page and 'value="22:30"' in page
    with cast.as_(cast.grace_user):
        assert not ContactPreference.objects.exists()


def test_the_front_desk_does_it_for_her_and_others_find_nothing(cast: Any) -> None:
    address = f"{REACH}{cast.liz.id}/"
    client = sign_in(Client(), cast.grace_user)
    assert "How we reach Liz Moreno" in client.get(address).content.decode()
    assert client.post(address, CHOSEN).status_code == 302 and preference(cast).reminders == Choice.SMS
    for user in (cast.liz_user, cast.maya_user, cast.admin_user, cast.marcus_user, cast.mallory_user):
        assert sign_in(Client(), user).get(address).status_code == 404
        assert sign_in(Client(), user).post(address, CHOSEN).status_code == 404
    for user in (cast.grace_user, cast.maya_user):
        assert sign_in(Client(), user).get(REACH).status_code == 404
    assert Client().get(REACH).status_code == 404


def test_a_stop_is_said_on_her_page_and_on_the_front_desks(cast: Any, sms: StandIn) -> None:
    actor = system("text message service", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        services.receive_text(actor=actor, carrier_id="SM1", number="+18455550142", body="STOP")
    hers = sign_in(Client(), cast.liz_user).get(REACH).content.decode()
    assert "The person asked for no more texts" in hers and "text START to (518) 555-0100" in hers
    desk = sign_in(Client(), cast.grace_user).get(f"{REACH}{cast.liz.id}/").content.decode()
    assert "asked for no more texts" in desk


def text(cast: Any, to: str) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("test", cast.larkspur.id)):
        services.send_sms(template="notifications/text_help", to=to, context={}, kind=MessageKind.ANSWER,
                          idempotency_key=uuid4().hex)  # fmt: skip


def test_the_log_says_in_plain_words_what_is_wrong_and_what_to_do(cast: Any, sms: StandIn) -> None:
    client = sign_in(Client(), cast.grace_user)
    for number in ("500-555-0009", "500-555-0001", "845-555"):
        text(cast, number)
    services.send_due_texts()
    page = client.get(LOG).content.decode()
    for words in ("The number is a landline", "Call the person at this number", "There is no such number",
                  "We have no number that takes texts", "from (518) 555-0100", "Text: answer to a text"):  # fmt: skip
        assert words in page
    assert "Send again" in page
    only = client.get(f"{LOG}?channel=email").content.decode()
    assert "landline" not in only
    assert "no number that takes texts" in client.get(f"{LOG}?status=withheld&channel=sms").content.decode()


def test_the_log_says_that_the_carrier_is_away_and_when_it_is_back(cast: Any, sms: StandIn) -> None:
    client = sign_in(Client(), cast.grace_user)
    text(cast, "845-555-0142")
    sms.away = True
    services.send_due_texts()
    page = client.get(LOG).content.decode()
    assert "Text messages: nothing leaves since" in page and "1 message waits and leaves by itself" in page
    assert "The service did not answer" in page
    sms.away = False
    text(cast, "845-555-0143")
    services.send_due_texts()
    assert "nothing leaves since" not in client.get(LOG).content.decode()
    ports.lend_sms(None)
    assert "no sender configured" in client.get(LOG).content.decode()


def test_the_front_desk_takes_care_of_a_text(cast: Any, sms: StandIn) -> None:
    from webside.outbox.services import deliver_due

    actor = system("text message service", cast.larkspur.id)
    with frames.begin(tenant_id=cast.larkspur.id, actor=actor):
        row = services.receive_text(actor=actor, carrier_id="SM1", number="+18455550188", body="<b>Where</b> is it?")
    deliver_due()
    client = sign_in(Client(), cast.grace_user)
    page = client.get("/o/larkspur/texts/").content.decode()
    assert "&lt;b&gt;Where&lt;/b&gt; is it?" in page and "Unknown number" in page
    assert "1 text from somebody waits for an answer" in client.get("/o/larkspur/home/desk/").content.decode()
    client.post(f"/o/larkspur/texts/{row.id}/done/")
    assert "Nobody waits for an answer" in client.get("/o/larkspur/texts/").content.decode()
    assert "Grace Lin" in client.get("/o/larkspur/texts/?show=all").content.decode()
