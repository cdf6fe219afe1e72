"""The app ``visits``."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    """The virtual room of an appointment."""

    name = "webside.visits"

    def ready(self) -> None:
        """Register gates, the room, handlers, where links lead, the sweep and the words of the trail."""
        from webside.audit import sentences
        from webside.chart import registry as chart
        from webside.core import files, loops, timers
        from webside.core.actor import Role
        from webside.scheduling import registry
        from webside.ui import texts as words
        from webside.ui.registry import NavItem, register
        from webside.visits import consumers, gates, handlers, lean, panels, selectors, services, tasks, texts
        from webside.visits.codes import OVER
        from webside.visits.views import destination

        gates.register()
        handlers.register()
        chart.register_beside(selectors.looks_into, selectors.writes_in)
        chart.register_present(selectors.present_in)
        chart.register_whereabouts(selectors.whereabouts_in)
        lean.register()
        consumers.register()
        files.owned_by("visits.SharedFile", "content", "preview")
        words.register(texts.TEXTS)
        registry.register_destination(destination.of_link)
        registry.register_room(destination.of_room)
        registry.register_seat(destination.of_person)
        registry.register_way_by_phone(handlers.way_by_phone)
        registry.register_under_way(selectors.has_begun)
        registry.register_closed(Q(visit__status__in=OVER))
        loops.register("visits.signals", tasks.drop_stale_signals, every=60)
        timers.register(services.HELP_TIMER, services.alarm_when_due)
        timers.register(services.HAND_OVER_TIMER, services.look_after_hand_over)
        timers.register(services.PHONE_TIMER, services.look_when_due)
        panels.register()
        register(NavItem("staff", _("Asked for help"), "hand", "visits:help-list", order=11,
                         roles=frozenset({Role.COORDINATOR})))  # fmt: skip
        sentences.register(
            {
                "visits.devices.check": _("checked camera, microphone and network"),
                "visits.safe-start.save": _("filled in the check-in"),
                "visits.safe-start.complete": _("checked in for a visit"),
                "visits.visit.hand-over": _("gave a visit to a colleague who may hold it"),
                "visits.hand-over.ask": _("asked a colleague to go on with a visit"),
                "visits.hand-over.take": _("went on with a visit that a colleague handed over"),
                "visits.hand-over.decline": _("said no to a visit that a colleague wanted to hand over"),
                "visits.hand-over.withdraw": _("took back that a colleague goes on with a visit"),
                "visits.hand-over.overdue": _("told who hands a visit over that nobody has answered"),
                "visits.hand-over.read": _("read why a colleague hands a visit over"),
                "visits.hand-over.refuse": _("was refused what a colleague asks of another"),
                "visits.visit.admit": _("let the patient in"),
                "visits.visit.start": _("met in the call"),
                "visits.visit.hold": _("asked the patient back to the waiting room"),
                "visits.team.meet": _("opened the room for the care team, without the patient"),
                "visits.team.part": _("ended the care team’s meeting without the patient"),
                "visits.apart.ask": _("asked the patient whether family may be with the team without the patient"),
                "visits.apart.answer": _("said whether family may be with the team without the patient"),
                "visits.apart.withdraw": _("took back that family may be with the team without the patient"),
                "visits.visit.end": _("ended a visit"),
                "visits.visit.fail": _("ended a visit that did not work"),
                "visits.visit.noshow": _("noted that the patient did not come"),
                "visits.visit.read": _("looked at a visit"),
                "visits.visit.refuse": _("was refused a visit"),
                "visits.identity.confirm": _("saw the patient’s identity on a document"),
                "visits.gate.answer": _("went on past a check of a visit"),
                "visits.site.add": _("added a place that helps with visits"),
                "visits.site.change": _("changed what is known of a place that helps with visits"),
                "visits.site.close": _("let a place help with visits no more"),
                "visits.site.reopen": _("let a place help with visits again"),
                "visits.site.refuse": _("was refused the places that help with visits"),
                "visits.chat.write": _("wrote in the chat of a visit"),
                "visits.follow-up.propose": _("proposed when to meet again"),
                "visits.follow-up.book": _("booked the visit that was proposed to follow"),
                "visits.survey.answer": _("said how a visit was"),
                "visits.help.ask": _("said that something is wrong with a visit"),
                "visits.help.take": _("took a request for help"),
                "visits.help.answer": _("answered a request for help"),
                "visits.help.alarm": _("told more people of a request for help that was still open"),
                "visits.help.read": _("read what people said is wrong"),
                "visits.help.refuse": _("was refused the requests for help"),
                "visits.phone.take": _("called the number of the clinic’s visits"),
                "visits.phone.dial": _("dialled the code of a visit"),
                "visits.phone.call": _("asked that somebody is called for a visit"),
                "visits.phone.place": _("had a call made for a visit"),
                "visits.phone.answer": _("picked up a call for a visit"),
                "visits.phone.press": _("pressed a key in a call for a visit"),
                "visits.phone.move": _("came into a visit by phone, or left it"),
                "visits.phone.status": _("told how a call of a visit fared"),
                "visits.phone.admit": _("let a caller into a visit"),
                "visits.phone.reason": _("said why a visit has no picture"),
                "visits.phone.hang-up": _("ended a call of a visit"),
                "visits.phone.turn": _("had a call sent elsewhere"),
                "visits.phone.look": _("asked how a call stands"),
                "visits.file.send": _("sent a file in a visit"),
                "visits.file.preview": _("was shown a small picture of what was sent in a visit"),
                "visits.file.read": _("opened a file that was sent in a visit"),
                "visits.file.remove": _("took back a file that they had sent in a visit"),
                "visits.file.refuse": _("was refused a file of a visit"),
                "visits.picture.show": _("showed a picture to everybody in a visit"),
                "visits.picture.hide": _("put the picture of a visit away"),
                "visits.picture.draw": _("drew on the picture of a visit"),
                "visits.picture.undo": _("took back what they had drawn on a picture"),
                "visits.picture.clear": _("cleared what was drawn on a picture"),
                "visits.keeping.ask": _("asked to keep a picture of a visit in the chart"),
                "visits.keeping.answer": _("answered whether a picture of a visit stays in the chart"),
                "visits.keeping.withdraw": _("took back that a picture of a visit stays in the chart"),
                "visits.keeping.refuse": _("was refused a question about a picture of a visit"),
                "visits.waiting-words.change": _("changed what people read while they wait"),
                "visits.waiting-words.refuse": _("was refused what people read while they wait"),
                "visits.seat.invite": _("asked somebody into a visit"),
                "visits.seat.invite-again": _("asked somebody into a visit again"),
                "visits.seat.take": _("opened the link of an invitation"),
                "visits.seat.admit": _("let somebody in who was asked into a visit"),
                "visits.seat.send-out": _("asked somebody back to the lobby"),
                "visits.seat.remove": _("took somebody out of a visit"),
                "visits.seat.permit": _("changed what somebody may do in a visit"),
                "visits.screen.show": _("began or ended to show their screen in a visit"),
                "visits.captions.read": _("asked to read what is said in a visit"),
                "visits.captions.stop": _("read no more what is said in a visit"),
                "visits.captions.answer": _("said whether their voice may be written down in a visit"),
                "visits.captions.refuse": _("was refused the captions of a visit"),
                "visits.seat.ask-away": _("asked that somebody leaves a visit"),
                "visits.seat.part": _("left, and so who may not stay without the patient"),
                "visits.seat.read": _("opened the page of a visit they were asked into"),
                "visits.seat.guess": _("tried a link to a visit that nobody was sent"),
                "visits.seat.refuse": _("was refused a seat in a visit"),
            }
        )
