"""The chat: one line per key, for the two people only."""

from __future__ import annotations

import pytest

from webside.testing.cast import Cast
from webside.visits import selectors, services
from webside.visits.models import ChatMessage
from webside.visits.tests import factories


def test_the_same_key_writes_one_line(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.liz_user) as liz:
        first = services.write_message(actor=liz, visit=visit, text=" It is 172 ", client_key="k1")
        again = services.write_message(actor=liz, visit=visit, text=" It is 172 ", client_key="k1")
        assert first == again
        assert [line.text for line in selectors.chat_of(visit)] == ["It is 172"]
    with cast.as_(cast.maya_user) as maya:
        with pytest.raises(ValueError, match="another line"):
            services.write_message(actor=maya, visit=visit, text="Mine", client_key="k1")
        services.write_message(actor=maya, visit=visit, text="Thank you", client_key="k2")
        assert [line.author.role for line in selectors.chat_of(visit)] == ["patient", "clinician"]


def test_nobody_else_writes_and_nothing_after_the_end(cast: Cast) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.daniel_user) as daniel, pytest.raises(services.NotAllowed):
        services.write_message(actor=daniel, visit=visit, text="Hello", client_key="k")
    with cast.as_(cast.liz_user) as liz:
        services.write_message(actor=liz, visit=visit, text="Before", client_key="k")
    with cast.as_(cast.maya_user) as maya:
        services.end_visit(actor=maya, visit=visit)
    with cast.as_(cast.liz_user) as liz:
        ended = selectors.visit(liz, visit.id)
        # An answer that was lost on its way may be asked for again even then.
        assert services.write_message(actor=liz, visit=ended, text="Before", client_key="k").text == "Before"
        with pytest.raises(services.WrongStage):
            services.write_message(actor=liz, visit=ended, text="After", client_key="k3")
        assert ChatMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "key"), [("", "k"), ("   ", "k"), ("x" * 2001, "k"), ("Hello", ""), ("Hello", "k" * 41)]
)
def test_what_is_no_message_is_refused(cast: Cast, text: str, key: str) -> None:
    visit = factories.admitted(cast)
    with cast.as_(cast.liz_user) as liz, pytest.raises(ValueError, match="not a message"):
        services.write_message(actor=liz, visit=visit, text=text, client_key=key)
