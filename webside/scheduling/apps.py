"""The app ``scheduling``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    """Times that can be booked, and what was booked."""

    name = "webside.scheduling"

    def ready(self) -> None:
        """Register resources, handlers, places in the navigation and the words of the trail."""
        from webside.accounts import doors
        from webside.accounts import registry as accounts
        from webside.audit import sentences
        from webside.compliance import registry as compliance
        from webside.core import loops, timers
        from webside.core.actor import Role
        from webside.notifications import registry as notifications
        from webside.realtime import registry as live
        from webside.scheduling import fhir, handlers, panels, selectors, services, tasks, texts
        from webside.ui import registry as navigation
        from webside.ui import texts as words
        from webside.ui.registry import NavItem

        fhir.register()
        handlers.register()
        panels.register()
        doors.register(selectors.door_stands)
        accounts.on_revoke(services.end_duties_of_user)
        live.register("queue", selectors.hears_queue)
        words.register(texts.TEXTS)
        loops.register(selectors.WATCH, tasks.watch_lines, every=10)
        loops.register(selectors.WAITLIST, tasks.offer_times, every=15)
        loops.register(selectors.CALENDARS, tasks.read_calendars, every=20)
        timers.register(services.OFFER_TIMER, tasks.offer_over)
        timers.register(services.UNANSWERED_TIMER, tasks.unanswered)
        timers.register(services.CALL_TIMER, tasks.message)
        timers.register(services.GAP_TIMER, services.look_when_due)
        timers.register(services.LINE_TIMER, services.reach_again)
        notifications.register_whose(selectors.patient_behind)
        compliance.register_booked(selectors.booked_beyond)
        navigation.register(
            NavItem("staff", _("Schedule"), "calendar", "scheduling:schedule", order=20, key="s",
                    roles=frozenset({Role.CLINICIAN, Role.COACH, Role.COORDINATOR}), group=2),
            NavItem("staff", _("Waiting now"), "queue", "scheduling:queue", order=15, key="w",
                    roles=frozenset({Role.CLINICIAN, Role.COACH})),
            NavItem("staff", _("On call"), "phone", "scheduling:on-call", order=45, group=2, bar=False,
                    roles=frozenset({Role.CLINICIAN, Role.COACH, Role.COORDINATOR, Role.ADMINISTRATOR})),
        )  # fmt: skip
        sentences.register(
            {
                "scheduling.appointment.book": _("booked an appointment"),
                "scheduling.appointment.take": _("took over an appointment from a colleague"),
                "scheduling.appointment.move": _("moved an appointment"),
                "scheduling.appointment.cancel": _("cancelled an appointment"),
                "scheduling.appointment.restore": _("took a cancellation back"),
                "scheduling.appointment.noshow": _("noted that the visit did not take place"),
                "scheduling.appointment.confirm": _("confirmed that the patient comes"),
                "scheduling.appointment.remind": _("reminded of an appointment"),
                "scheduling.appointment.answer": _("took a text for an answer to a reminder"),
                "scheduling.appointment.check-in": _("came to the waiting room"),
                "scheduling.appointment.fulfil": _("noted that the visit took place"),
                "scheduling.appointment.read": _("looked at an appointment"),
                "scheduling.person.add": _("booked one more person for a visit"),
                "scheduling.person.remove": _("took somebody off a booking"),
                "scheduling.person.open": _("opened the invitation to a visit by its link"),
                "scheduling.person.guess": _("tried a link of an invitation that nobody was sent"),
                "scheduling.link.ask": _("had a link to an appointment sent again"),
                "scheduling.link.issue": _("sent a link to an appointment"),
                "scheduling.link.open": _("opened an appointment by its link"),
                "scheduling.link.guess": _("tried a link that nobody was sent"),
                "scheduling.link.close": _("closed an appointment on a computer"),
                "scheduling.hours.add": _("added weekly hours"),
                "scheduling.hours.read": _("looked at weekly hours"),
                "scheduling.hours.end": _("gave weekly hours a last day"),
                "scheduling.hours.reopen": _("let weekly hours go on"),
                "scheduling.exception.add": _("added time off or extra time"),
                "scheduling.exception.remove": _("took back time off or extra time"),
                "scheduling.site.read": _("looked at the sites that may show times"),
                "scheduling.site.add": _("let a site of the clinic show its times"),
                "scheduling.site.remove": _("let a site of the clinic show its times no more"),
                "scheduling.calendar.add": _("let a calendar kept elsewhere block hours"),
                "scheduling.calendar.remove": _("removed a calendar that blocked hours"),
                "scheduling.calendar.ask": _("asked that a calendar kept elsewhere be read now"),
                "scheduling.calendar.look": _("looked at the calendars that block hours"),
                "scheduling.calendar.read": _("read new busy times from a calendar kept elsewhere"),
                "scheduling.calendar.fail": _("could not read a calendar kept elsewhere"),
                "scheduling.calendar.again": _("could read a calendar kept elsewhere again"),
                "scheduling.queue.read": _("looked at the line"),
                "scheduling.queue.join": _("got in line to be seen now"),
                "scheduling.queue.open": _("came back to a place in line by a link"),
                "scheduling.queue.leave": _("left the line"),
                "scheduling.queue.return": _("came back to the same place in line"),
                "scheduling.queue.notify": _("said whether to be told when nearly next"),
                "scheduling.queue.call-back": _("asked to be called instead of waiting"),
                "scheduling.queue.note-call": _("noted what became of a call"),
                "scheduling.queue.order": _("said how urgent somebody in line is"),
                "scheduling.queue.raise": _("found somebody in line more urgent"),
                "scheduling.queue.assign": _("chose by whom somebody in line is seen"),
                "scheduling.queue.remove": _("took somebody out of the line"),
                "scheduling.queue.claim": _("called the next one from the line"),
                "scheduling.queue.answer": _("came when called from the line"),
                "scheduling.queue.release": _("put somebody back in line"),
                "scheduling.queue.noshow": _("noted that somebody called from the line did not come"),
                "scheduling.queue.hand-over": _("gave somebody called from the line to a colleague"),
                "scheduling.queue.unanswered": _("asked whether somebody who was called has come"),
                "scheduling.queue.call": _("asked whether somebody who was called must be sent a message"),
                "scheduling.queue.fail": _("let somebody be called whose visit did not work"),
                "scheduling.queue.shut": _("let somebody be called who waited beyond closing time"),
                "scheduling.queue.set-hours": _("set the hours of a line"),
                "scheduling.series.book": _("booked several visits in one go"),
                "scheduling.series.cancel": _("cancelled a visit of a series and all later ones"),
                "scheduling.feed.renew": _("made an address by which a calendar follows visits"),
                "scheduling.feed.end": _("ended an address by which a calendar followed visits"),
                "scheduling.feed.read": _("let a calendar follow visits"),
                "scheduling.feed.guess": _("tried a calendar’s address that nobody was given"),
                "scheduling.waitlist.read": _("looked at the waiting list"),
                "scheduling.waitlist.join": _("got on the waiting list"),
                "scheduling.waitlist.open": _("opened a place on the waiting list by a link"),
                "scheduling.waitlist.guess": _("tried a link to the waiting list that nobody was sent"),
                "scheduling.waitlist.leave": _("left the waiting list"),
                "scheduling.waitlist.remove": _("took somebody off the waiting list"),
                "scheduling.waitlist.offer": _("held a free time for somebody on the waiting list"),
                "scheduling.waitlist.accept": _("took a time that was held"),
                "scheduling.waitlist.decline": _("left a time that was held to the next one"),
                "scheduling.waitlist.withdraw": _("took back a time that was offered"),
                "scheduling.waitlist.lapse": _("asked whether a time that was held has run out"),
                "scheduling.waitlist.over": _("stopped looking for a time for somebody"),
                "scheduling.waitlist.follow": _("looked whether somebody who booked waits for an earlier time"),
                "scheduling.on-call.read": _("looked at who is on call"),
                "scheduling.on-call.plan": _("planned when somebody is on call"),
                "scheduling.on-call.remove": _("took a stretch on call out of the plan"),
                "scheduling.on-call.confirm": _("said yes to a stretch on call"),
                "scheduling.on-call.offer": _("offered a stretch on call to colleagues"),
                "scheduling.on-call.withdraw": _("kept a stretch on call that was offered"),
                "scheduling.on-call.take": _("took a stretch on call from a colleague"),
                "scheduling.on-call.add-hours": _("said when somebody is to be on call"),
                "scheduling.on-call.remove-hours": _("said when nobody needs to be on call any more"),
                "scheduling.on-call.reach": _("let who is on call be told that something is left undone"),
                "scheduling.duty.start": _("began to take people from the line"),
                "scheduling.duty.end": _("took no more people from the line"),
            }
        )
