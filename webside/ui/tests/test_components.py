"""The tags: what they draw, that people's words are escaped, that labels, hints and errors are tied together."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django import forms
from django.forms.boundfield import BoundWidget
from django.forms.renderers import TemplatesSetting
from django.http import Http404
from django.test import RequestFactory
from django.utils import translation

from webside.core.decisions import Reason
from webside.core.said import Said
from webside.ui.forms import HintedRadioSelect, WebsideRenderer
from webside.ui.paging import page_of
from webside.ui.templatetags._html import icon_names, icon_svg, safe_href
from webside.ui.templatetags._people import initials
from webside.ui.views.gallery import ERROR_PAGES, PAGES, parts, patterns

Draw = Callable[..., str]
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"

# Every tag, with people's words in each place that takes them.
SOURCES = [
    '{% clinic_words said %}{% language "es" %}{% clinic_words said %}{% endlanguage %}',
    "{% btn href=x title=x %}{{ x }}{% endbtn %}",
    '{% btn variant="plain icon" icon="close" data_x=x %}{{ x }}{% endbtn %}',
    "{% submit x name=x %}",
    "{% back x x %}",
    "{% kbd x %}",
    "{% tabs items x %}",
    "{% chips items x %}",
    "{% dialog id='d' title=x %}{{ x }}{% enddialog %}",
    '{% icon "check" label=x %}',
    "{% tag x %}",
    '{% state "info" x %}',
    "{% count 3 x %}",
    "{% notice title=x %}{{ x }}{% endnotice %}",
    "{% panel title=x %}{{ x }}{% endpanel %}",
    "{% window title=x eyebrow=x %}{{ x }}{% endwindow %}",
    "{% empty x %}{{ x }}{% endempty %}",
    "{% emergency x number=x %}{{ x }}{% endemergency %}",
    "{% saved x %}",
    "{% decision answer title=x codes=True %}",
    "{% emergency_card card %}",
    "{% emergency_card card folded=True %}",
    '{% emergency_card card "patient" %}',
    "{% gates items x %}",
    "{% checks items x %}",
    "{% task_list items x %}",
    "{% facts pairs %}",
    "{% figures items %}",
    "{% table caption=x filter=x export=x %}<tr><td>{{ x }}</td></tr>{% endtable %}",
    "{% timeline items label=x %}",
    "{% progress 1 2 x %}",
    "{% pages page kept %}",
    "{% pages page kept x %}",
    "{% avatar x src=x %}",
    "{% person x sub=x url=x %}",
    "{% message x when=x %}{{ x }}{% endmessage %}",
    '{% quality "good" x %}',
    '{% ctl "mic" x title=x %}',
    "{% field form.name hint=x label=x title=x %}",
    "{{ form.name|field }}",
    "{{ form.name|control }}",
    "{{ form.where|field }}",
    "{{ form.agree|field }}",
    "{% form_errors form title=x %}",
    "{{ form }}",
    "{{ x|tel }}",
    "{{ x|fours }}",
    "{% field_group label=x for_=x hint=x error=x %}{{ x }}{% endfield_group %}",
    '{% slot_picker "slot" groups days=days legend=x zone=x %}',
    '{% panels "test.none" %}',
]


class _Form(forms.Form):
    name = forms.CharField(label=EVIL, help_text="A hint", max_length=3)
    where = forms.ChoiceField(label=EVIL, choices=[(EVIL, EVIL)], widget=HintedRadioSelect(hints={EVIL: EVIL}))
    agree = forms.BooleanField(label=EVIL)


def _evil() -> dict[str, Any]:
    entry = {"text": EVIL, "code": EVIL, "source": EVIL, "url": "javascript:alert(1)"}
    item = {
        **entry, "name": EVIL, "value": EVIL, "note": EVIL, "label": EVIL, "title": EVIL, "who": EVIL, "when": EVIL,
        "hint": EVIL, "strong": EVIL, "url_text": EVIL, "count": EVIL, "tone": "success", "state": "done",
        "weekday": EVIL, "number": EVIL, "time": EVIL,
    }  # fmt: skip
    return {
        "x": EVIL,
        "said": Said(EVIL, "en"),
        "items": [item],
        "pairs": [(EVIL, EVIL, EVIL)],
        "answer": {"allowed": False, "reasons": [entry, EVIL], "fixes": [entry], "not_checked": [entry]},
        "card": dict.fromkeys(("name", "age", "address", "phone", "nearby", "dispatch", "notes", "call"), EVIL),
        "groups": [{"title": EVIL, "slots": [item]}],
        "days": [item],
        "page": page_of(range(90), "2", per_page=30),
        "kept": {"show": EVIL, EVIL: "x"},
        "form": _Form({"name": EVIL, "where": "no"}),
    }


@pytest.mark.parametrize("source", SOURCES)
def test_no_tag_lets_html_of_people_through(source: str, draw: Draw) -> None:
    html = draw(source, **_evil())
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert not re.search(r"""\son\w+=(?!alert\(1\)&gt;)""", re.sub(r'"[^"]*"', '""', html)), html
    # Addresses may lead anywhere but into a script.
    assert not re.search(r'href="\s*javascript:', html, re.IGNORECASE)


def test_every_tag_is_in_the_list_above() -> None:
    from webside.ui.templatetags.ui import register

    drawn = {name for source in SOURCES for name in re.findall(r"{%\s*(\w+)", source)}
    without_words = {
        "import_map",
        "behavior_modules",
        "behavior_texts",
        "when",
        "zone_name",
        "kind_tag",
        "mark",
        "undo_offered",
    }
    assert set(register.tags) - drawn - without_words == set()


@pytest.mark.parametrize("part", [*parts(), *PAGES, *ERROR_PAGES])
def test_every_page_of_the_gallery_is_drawn(part: str, rf: RequestFactory) -> None:
    response = patterns(rf.get(f"/patterns/{part}/", {"theme": "dark", "density": "compact"}), part)
    assert response.status_code == (int(part[-3:]) if part in ERROR_PAGES else 200)
    assert b"</html>" in response.content


def test_a_part_that_is_not_there(rf: RequestFactory) -> None:
    with pytest.raises(Http404):
        patterns(rf.get("/patterns/nothing/"), "nothing")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JaVa\tScript:alert(1)", "data:text/html,x", "\x01javascript:x"]
)
def test_an_address_never_runs_a_script(url: str) -> None:
    assert safe_href(url) == "#"


@pytest.mark.parametrize(
    "url", ["/o/larkspur/", "#main", "https://example.org/?a=javascript:", "tel:911", "mailto:a@b.example"]
)
def test_ordinary_addresses_stay(url: str) -> None:
    assert safe_href(url) == url


class TestButtons:
    """``{% btn %}``"""

    def test_it_is_a_button_unless_it_leads_somewhere(self, draw: Draw) -> None:
        assert draw("{% btn %}Book{% endbtn %}") == '<button type="button" class="ws-btn">Book</button>'
        assert draw('{% btn href="/x/" variant="secondary l" %}See{% endbtn %}') == (
            '<a href="/x/" class="ws-btn ws-btn--secondary ws-btn--l">See</a>'
        )

    def test_a_button_with_a_name_sends_its_form(self, draw: Draw) -> None:
        assert 'type="submit"' in draw('{% btn name="action" value="sign" %}Sign{% endbtn %}')

    def test_attributes_of_htmx_and_data(self, draw: Draw) -> None:
        html = draw('{% btn hx_post="/x/" data_key_b="1" disabled=True aria_pressed=None %}X{% endbtn %}')
        assert 'hx-post="/x/" data-key-b="1" disabled' in html
        assert "aria-pressed" not in html

    def test_an_icon_button_keeps_its_name(self, draw: Draw) -> None:
        assert '<span class="ws-vh">Close</span>' in draw(
            '{% btn variant="plain icon" icon="close" %}Close{% endbtn %}'
        )

    def test_a_key_is_shown_and_set(self, draw: Draw) -> None:
        html = draw('{% btn key="s" %}Sign{% endbtn %}')
        assert 'data-key="s"' in html
        assert '<kbd class="ws-kbd" aria-hidden="true">s</kbd>' in html


class TestWordsAndStates:
    """Kinds, states, decisions."""

    @pytest.mark.parametrize("kind", ["telemedicine", "telehealth", "telecare"])
    def test_a_kind_is_word_icon_and_colour(self, kind: str, draw: Draw) -> None:
        html = draw("{% kind_tag kind %}", kind=kind)
        assert kind.capitalize() in html
        assert icon_svg(kind) in html
        assert f"ws-tag--{kind}" in html

    def test_a_state_has_an_icon_always(self, draw: Draw) -> None:
        for tone in ("success", "warning", "danger", "info", "muted"):
            assert "<svg" in draw("{% state tone 'x' %}", tone=tone)

    def test_an_icon_and_the_mark_are_drawn_in_the_page(self, draw: Draw) -> None:
        for html in (draw('{% icon "check" %}'), draw('{% mark "wss-mark" %}')):
            assert "<path" in html and 'aria-hidden="true"' in html
            assert "<use" not in html, "a sprite is a document of its own, loaded before the page is painted"

    def test_an_unknown_tone_or_icon_is_an_error(self, draw: Draw) -> None:
        with pytest.raises(ValueError, match="tone"):
            draw('{% state "purple" "x" %}')
        with pytest.raises(LookupError, match="no icon"):
            draw('{% icon "unicorn" %}')

    def test_zero_is_not_counted(self, draw: Draw) -> None:
        assert draw('{% count 0 "new messages" %}') == ""

    def test_a_decision_shows_reason_source_mend_and_what_is_not_checked(self, draw: Draw) -> None:
        reason = Reason(code="licence.missing", text="No licence for Connecticut.", source="State file CT")
        html = draw(
            "{% decision answer codes=True %}",
            answer={"allowed": False, "reasons": [reason], "fixes": ["Hand over"], "not_checked": ["A prior visit"]},
        )
        for words in (
            "No licence for Connecticut.",
            "State file CT",
            "licence.missing",
            "Hand over",
            "A prior visit",
            "Not checked",
        ):
            assert words in html

    def test_codes_are_for_staff(self, draw: Draw) -> None:
        reason = Reason(code="licence.missing", text="Not licensed there.", source="")
        assert "licence.missing" not in draw("{% decision a %}", a={"allowed": False, "reasons": [reason]})

    def test_not_checked_never_looks_like_fine(self, draw: Draw) -> None:
        html = draw("{% decision a %}", a={"allowed": True, "reasons": [], "not_checked": ["The register"]})
        assert "is-warning" in html
        assert "Nothing stands against it" not in html

    def test_what_the_emergency_card_lacks_is_said(self, draw: Draw) -> None:
        html = draw('{% emergency_card card "clinician" %}', card={"name": "Liz"})
        assert "Not known. Ask now." in html
        assert "No number given" in html
        assert "Nobody named" in html
        own = draw('{% emergency_card card "patient" %}', card={"name": "Liz"})
        assert own.count("Not said yet") == 2
        assert "Ask now" not in own, "this is said to the clinician"

    def test_911_is_said_to_answer_where_the_clinician_is(self, draw: Draw) -> None:
        card = {"name": "Liz", "address": "1 Main Street, Burlington VT 05401", "town": "Burlington, VT"}
        html = draw('{% emergency_card card "clinician" %}', card=card)
        assert 'href="tel:911"' in html and "Call 911</a>" in html
        assert "911 answers where you are. Say the address, and ask to be put through to 911 in Burlington, VT." in html
        assert "put through" not in draw('{% emergency_card card "patient" %}', card=card)

    def test_what_is_folded_says_place_number_and_where_911_is_asked_for(self, draw: Draw) -> None:
        card = {"name": "Liz", "address": "1 Main Street, Burlington VT 05401", "town": "Burlington, VT", "phone": "1"}
        html = draw("{% emergency_card card folded=True %}", card=card)
        line = html[: html.index("</summary>")]
        assert "1 Main Street" in line and "ask for 911 in Burlington, VT" in line and 'href="tel:911"' in line
        assert "Nobody named" in html, "all else is there, with one press"
        unknown = draw("{% emergency_card card folded=True %}", card={"record_phone": "845-555-0142"})
        line = unknown[: unknown.index("</summary>")]
        assert "Place not known. Ask now." in line and "845-555-0142 (not confirmed today)" in line

    def test_what_only_the_record_says_is_marked_and_for_the_clinician(self, draw: Draw) -> None:
        card = {"name": "Liz", "record_phone": "845-555-0142", "record_address": "41 Wall Street, Kingston NY"}
        html = draw('{% emergency_card card "clinician" %}', card=card)
        assert "from the record, not confirmed today" in html and "845-555-0142" in html
        assert "Home in the record, not confirmed today: 41 Wall Street" in html and "Not known. Ask now." in html
        assert "911 where the patient is" in html, "nobody is sent to a town that nobody confirmed"
        own = draw('{% emergency_card card "patient" %}', card=card)
        assert "845-555-0142" not in own and own.count("Not said yet") == 2

    def test_a_place_that_helps_is_named_with_its_phone(self, draw: Draw) -> None:
        card = {"name": "Liz", "site": "Kingston School (school)", "site_phone": "845-555-0170"}
        for audience in ("clinician", "patient"):
            html = draw(f'{{% emergency_card card "{audience}" %}}', card=card)
            assert "Kingston School (school)" in html and "845-555-0170" in html
        assert "<dt>Place</dt>" not in draw("{% emergency_card card %}", card={"name": "Liz"})

    def test_a_language_is_named_as_people_do(self, draw: Draw) -> None:
        assert draw("{{ a|language }}, {{ b|language }}", a="en", b="xx") == "English, xx"

    def test_each_line_becomes_a_paragraph_and_stays_text(self, draw: Draw) -> None:
        assert draw("{{ text|paragraphs }}", text="One.\n\nTwo <b>.") == "<p>One.</p><p>Two &lt;b&gt;.</p>"

    def test_a_gap_in_pairs_is_shown(self, draw: Draw) -> None:
        html = draw("{% facts pairs %}", pairs=[("Referral", None), ("Copay", 0)])
        assert "not known" in html
        assert "<dd>0</dd>" in html


class TestTables:
    """What a row needs to stand as a block on a phone comes with it, not with a script."""

    HEADS = (
        '<thead><tr><th>Who</th><th data-sort="number">Said &quot;yes&quot;</th>'
        '<th data-sort="no"><span class="ws-vh">Do</span></th></tr></thead>'
    )

    def _drawn(self, draw: Draw, rows: str, *, heads: str = HEADS, told: str = "") -> str:
        return draw(f'{{% load ui %}}{{% table caption="People" {told} %}}{heads}<tbody>{rows}</tbody>{{% endtable %}}')

    def test_a_cell_bears_the_words_of_its_column(self, draw: Draw) -> None:
        drawn = self._drawn(
            draw, '<tr><th scope="row">Moreno</th><td class="is-num">3</td><td><a href="/">x</a></td></tr>'
        )
        assert '<td data-label="Said &quot;yes&quot;" class="is-num">3</td>' in drawn
        assert '<th scope="row">Moreno</th>' in drawn
        assert '<td><a href="/">x</a></td>' in drawn  # its head is for screen readers alone
        assert " data-stacked>" in drawn

    def test_each_row_counts_its_cells_anew_and_one_that_is_too_long_breaks_nothing(self, draw: Draw) -> None:
        drawn = self._drawn(draw, "<tr><td>a</td><td>1</td><td>b</td><td>c</td></tr>\n<tr><td>d</td><td>2</td></tr>")
        assert re.findall(r"data-label=[^>]+>(.)", drawn) == ["1", "2"]

    def test_an_empty_cell_is_left_out(self, draw: Draw) -> None:
        drawn = self._drawn(draw, '<tr><td>a</td><td class="is-num">\n</td><td></td></tr>')
        assert drawn.count(" data-empty") == 2

    def test_two_columns_heads_over_several_and_the_pages_wish_leave_rows_rows(self, draw: Draw) -> None:
        two = "<thead><tr><th>Who</th><th>Age</th></tr></thead>"
        over = '<thead><tr><th>Who</th><th colspan="2">Age</th><th>Do</th></tr></thead>'
        rows = "<tr><td>a</td><td>1</td></tr>"
        for drawn in (self._drawn(draw, rows, heads=two), self._drawn(draw, rows, heads=over),
                      self._drawn(draw, rows, told="stack=False")):  # fmt: skip
            assert "data-stacked" not in drawn
            assert "data-label" not in drawn

    def test_only_a_column_that_sorts_says_so(self, draw: Draw) -> None:
        drawn = self._drawn(draw, "<tr><td>a</td><td>1</td></tr>", told="sort=True")
        assert drawn.count('aria-sort="none"') == 2
        assert '<th data-sort="no"><span' in drawn
        assert "aria-sort" not in self._drawn(draw, "<tr><td>a</td><td>1</td></tr>")


class _Contact(forms.Form):
    phone = forms.CharField(label="Phone", help_text="We call you here.")
    note = forms.CharField(label="Note", required=False)
    where = forms.ChoiceField(
        label="Where?", choices=[("home", "At home")], widget=HintedRadioSelect(hints={"home": "218 Alder Street"})
    )


class TestFields:
    """``{% field %}``"""

    def test_label_hint_and_control_are_tied(self, draw: Draw) -> None:
        html = draw("{% field form.phone %}", form=_Contact())
        assert '<label class="ws-label" for="id_phone">Phone</label>' in html
        assert 'id="id_phone_helptext"' in html
        assert 'aria-describedby="id_phone_helptext"' in html
        assert 'class="ws-input"' in html

    def test_an_error_is_tied_too_and_the_text_stays(self, draw: Draw) -> None:
        form = _Contact({"phone": "", "note": "typed"})
        html = draw("{% field form.phone %}{% field form.note %}", form=form)
        assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
        assert 'aria-invalid="true"' in html
        assert 'id="id_phone_error"' in html
        assert 'value="typed"' in html

    def test_nothing_points_at_a_hint_that_is_not_there(self, draw: Draw) -> None:
        html = draw('{% field form.phone hint="" %}', form=_Contact())
        assert "helptext" not in html

    def test_a_hint_of_the_page_replaces_the_forms(self, draw: Draw) -> None:
        html = draw('{% field form.note hint="Short is fine." %}', form=_Contact())
        assert 'aria-describedby="id_note_helptext"' in html
        assert "Short is fine." in html

    def test_what_may_be_left_out_says_so(self, draw: Draw) -> None:
        assert "(if you like)" in draw("{% field form.note %}", form=_Contact())
        assert "(if you like)" not in draw("{% field form.phone %}", form=_Contact())

    def test_choices_are_a_fieldset_with_their_hints(self, draw: Draw) -> None:
        html = draw("{% field form.where %}", form=_Contact())
        assert "<fieldset" in html
        assert "<legend" in html
        assert "218 Alder Street" in html

    def test_attributes_reach_the_control(self, draw: Draw) -> None:
        html = draw('{% field form.phone autocomplete="tel" data_x="1" class_="ws-input--code" %}', form=_Contact())
        assert 'autocomplete="tel"' in html
        assert 'data-x="1"' in html
        assert 'class="ws-input ws-input--code"' in html

    @pytest.mark.parametrize(
        ("widget", "value"),
        [
            *((widget(), value) for widget in (forms.TextInput, forms.EmailInput, forms.URLInput, forms.NumberInput,
                                               forms.TelInput, forms.Textarea, forms.HiddenInput, forms.CheckboxInput)
              for value in (None, "", 0, 7, EVIL)),
            (forms.DateInput(), date(2026, 11, 26)),
            (forms.PasswordInput(render_value=True), EVIL),
            (forms.RadioSelect(choices=[("a", "A"), (EVIL, EVIL)]), EVIL),
            (forms.CheckboxSelectMultiple(choices=[("a", "A"), ("b", EVIL)]), ["b"]),
            (forms.Select(choices=[("", "None"), (None, "Unknown"), (1, 1), ("a", "A"), (EVIL, EVIL)]), EVIL),
            (forms.Select(choices=[(EVIL, [("a", "A"), ("b", EVIL)]), ("c", "C")]), "b"),
            (forms.SelectMultiple(choices=[("a", "A"), (EVIL, EVIL)]), ["a", EVIL]),
        ],
        ids=lambda given: type(given).__name__ if isinstance(given, forms.Widget) else None,
    )  # fmt: skip
    @pytest.mark.parametrize(
        "attrs", [{}, {"id": "x", "required": True, "placeholder": False, "rows": 3, "data-say": EVIL}]
    )
    def test_a_control_is_what_djangos_template_makes_of_it(self, widget: forms.Widget, value: Any, attrs: Any) -> None:
        ours, theirs = WebsideRenderer(), TemplatesSetting()
        assert widget.render("who<", value, attrs, ours) == widget.render("who<", value, attrs, theirs)
        for mine, django in zip(
            widget.subwidgets("who<", value, attrs), widget.subwidgets("who<", value, attrs), strict=True
        ):
            for wrap in (False, True):
                drawn = [
                    BoundWidget(widget, data, renderer).tag(wrap) for data, renderer in ((mine, ours), (django, theirs))
                ]
                assert drawn[0] == drawn[1]

    def test_whole_forms_of_django_look_like_ours(self, draw: Draw) -> None:
        html = draw("{{ form }}", form=_Contact())
        assert len(re.findall(r'class="ws-field[ "]', html)) == 3

    def test_the_summary_leads_to_each_field(self, draw: Draw) -> None:
        html = draw("{% form_errors form %}", form=_Contact({}))
        assert 'href="#id_phone"' in html
        assert 'href="#id_where_0"' in html
        assert 'data-behavior="focus-errors"' in html

    def test_no_summary_without_errors(self, draw: Draw) -> None:
        assert draw("{% form_errors form %}", form=_Contact()).strip() == ""


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [("(845) 555-0199", "8455550199"), ("+1 845.555.0199", "+18455550199"), ("845-555-0199 x12", "8455550199;ext=12")],
)
def test_a_phone_number_calls(draw: Draw, phone: str, dialled: str) -> None:
    assert draw("{{ phone|tel }}", phone=phone) == f'<a class="ws-nowrap" href="tel:{dialled}">{phone}</a>'


def test_a_secret_stands_in_groups_of_four(draw: Draw) -> None:
    assert draw("{{ secret|fours }}", secret="JBSWY3DPEH") == "JBSW Y3DP EH"


def test_a_value_is_found_under_a_key_of_the_page(draw: Draw) -> None:
    assert (
        draw("{{ m|lookup:k }}-{{ m|lookup:7 }}-{{ m|lookup:'no' }}-{{ none|lookup:k }}", m={"a": 1, "7": 2}, k="a")
        == "1-2--"
    )


def test_a_slot_that_was_chosen_stays_chosen(draw: Draw) -> None:
    groups = [{"title": "", "slots": [{"value": 7, "time": "3:20 pm"}, {"value": 8, "time": "3:40 pm"}]}]
    html = draw('{% slot_picker "slot" groups chosen=8 %}', groups=groups)
    assert re.search(r'value="8" required checked', html)
    assert html.count("checked") == 1


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Dr. Amara Osei", "AO"),
        ("Nina Petrov, RN", "NP"),
        ("Ruth", "R"),
        ("", "?"),
        ("«»", "?"),
        ("Tomás de la Herrera", "TH"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_sprite_has_the_icons_that_states_and_kinds_need() -> None:
    assert {"check", "warn", "stop", "info", "clock", "close", "telemedicine", "telehealth", "telecare"} <= icon_names()


def test_a_moment_is_machine_readable_and_follows_the_clock(draw: Draw) -> None:
    html = draw('{% when moment zone="America/New_York" %}', moment=datetime(2031, 3, 2, 20, 0, tzinfo=UTC))
    assert 'datetime="2031-03-02T15:00:00-05:00"' in html
    assert 'data-behavior="local-time"' in html
    assert 'data-zone="America/New_York"' in html
    assert re.search(r'data-now="\d{10}"', html), "what time it is, the server says"
    assert "data-start" not in html
    begins = draw('{% when moment style="distance" start=True %}', moment=datetime(2031, 3, 2, 20, 0, tzinfo=UTC))
    assert "data-start" in begins


def test_words_of_modules_are_sent_only_where_they_differ(draw: Draw) -> None:
    assert draw("{% behavior_texts %}") == ""
    with translation.override("es"):
        assert 'type="application/json"' in draw("{% behavior_texts %}")
