"""The room on the live lane: who is there, signals between two browsers, numbers of the call.

Nothing is true in memory: a seat remembers its newest socket, and whoever asks goes to the table.
A signalling message is a row until its addressee has it; NOTIFY carries its id. So any two processes
can serve the two sides, and one that dies loses nothing but sockets that come back by themselves.

The protocol is described in ``static/visits/README.md``.
"""

from __future__ import annotations

import asyncio
import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as django_connection

from webside.core import clock, crypto, frames
from webside.core.actor import Actor, ActorKind, Role
from webside.core.ids import uuid7
from webside.people.codes import Scope
from webside.realtime import hub, registry
from webside.realtime.registry import Json, Refused, Visitor
from webside.scheduling import selectors as scheduling
from webside.scheduling.codes import AppointmentStatus
from webside.visits import rules, selectors, services
from webside.visits.codes import MAIN, OVER, WITHIN, ParticipantRole, VisitStatus
from webside.visits.engines import Seat, engine

TOPIC = "visit"
NEWS = "visit-news"
LONGEST_SAMPLE = 30.0
SHORTEST_SAMPLE = 0.5
LONGEST_AWAY = 3600.0
SLACK_SECONDS = 3.0
MOST_SOCKETS = 10
"""Of one person in a room. One is seated; the others are those that it replaces, or whose network is gone."""
UNREAD = frozenset(["bye", "kept"])
"""Items that hold all that is told."""
DIGEST = frozenset(
    [
        "seconds",
        "sound_s",
        "picture_s",
        "rtt_ms",
        "loss_pct",
        "kbps_in",
        "kbps_out",
        "fps",
        "width",
        "height",
        "concealed_pct",
        "freezes",
        "level",
        "relayed",
        "reconnects",
        "broken_s",
    ]
)

_NAME = "CASE WHEN p.attended_by = '' THEN p.name ELSE p.attended_by END"
"""Whom the other side is told of: who sits there, which may be somebody who acts for the patient."""

_SEAT = """
SELECT p.id, p.role, p.name, p.speak, p.show_screen, h.screen_sharing, p.socket_id, p.seen_at, p.admitted_at, p.removed_at,
  v.status, v.engine, v.admitted_at, v.started_at, a.status, lower(a.period), p.captions_since
FROM visits_participant p
JOIN visits_visit v ON v.tenant_id = p.tenant_id AND v.id = p.visit_id
JOIN scheduling_appointment a ON a.tenant_id = v.tenant_id AND a.id = v.appointment_id
JOIN catalog_healthcareservice h ON h.tenant_id = a.tenant_id AND h.id = a.service_id
WHERE p.tenant_id = %(tenant)s AND v.id = %(visit)s
"""
_WHOSE = _SEAT + (
    "AND (p.user_id = %(user)s OR (p.role = 'patient' AND (a.id = %(subject)s OR a.patient_id = %(acts_for)s))"
    " OR (p.id = %(guest)s AND p.role NOT IN ('patient', 'clinician'))) AND p.removed_at IS NULL"
    # Who is one of the two people of a visit sits there, even if somebody asked them in besides.
    " ORDER BY p.role NOT IN ('patient', 'clinician'), p.role LIMIT 1"
)
_BY_PERSON = _WHOSE + " FOR UPDATE OF p"
_BY_SOCKET = _SEAT + "AND p.socket_id = %(socket)s"
INSIDE = (
    "(p.role = 'clinician' OR (p.role = 'patient' AND v.admitted_at IS NOT NULL)"
    " OR (p.role <> 'patient' AND p.admitted_at IS NOT NULL AND p.removed_at IS NULL))"
)
"""Who is in the room: the clinician always, the patient and who was asked in once they were let in. ``p`` and ``v`` as above."""
READS = f"p.captions_since IS NOT NULL AND p.left_at IS NULL AND greatest(p.seen_at, p.captions_since) > %(since)s AND {INSIDE}"
"""Who reads what the others say, and is there: she was heard of since ``since``. ``p`` and ``v`` as above."""
_PEERS = f"""
SELECT p.id, {_NAME}, p.role, p.relation, p.speak, p.show_screen
FROM visits_participant p
JOIN visits_visit v ON v.tenant_id = p.tenant_id AND v.id = p.visit_id
WHERE p.tenant_id = %(tenant)s AND p.visit_id = %(visit)s AND {INSIDE}
"""  # noqa: S608 - own words
_SOMEBODY_READS = f"""
SELECT 1 FROM visits_participant p
JOIN visits_visit v ON v.tenant_id = p.tenant_id AND v.id = p.visit_id
WHERE p.tenant_id = %(tenant)s AND p.visit_id = %(visit)s AND {READS} LIMIT 1
"""  # noqa: S608 - own words
_KEEP_SIGNAL = f"""
INSERT INTO visits_signal (id, tenant_id, visit_id, sender_id, recipient_id, data, created_at, updated_at)
SELECT %(id)s, p.tenant_id, p.visit_id, %(sender)s, p.id, %(data)s, %(now)s, %(now)s
FROM visits_participant p
JOIN visits_visit v ON v.tenant_id = p.tenant_id AND v.id = p.visit_id
WHERE p.tenant_id = %(tenant)s AND p.visit_id = %(visit)s AND p.id = %(to)s AND p.id <> %(sender)s
  AND p.socket_id IS NOT NULL AND {INSIDE}
RETURNING id
"""  # noqa: S608 - own words


@dataclass(frozen=True, slots=True)
class _Seat:
    """A seat in a visit, and where the visit stands."""

    id: UUID
    role: ParticipantRole
    name: str
    speak: bool
    show_screen: bool
    screen_sharing: str
    socket_id: UUID | None
    seen_at: datetime | None
    let_in_at: datetime | None
    removed_at: datetime | None
    status: str
    engine: str
    admitted_at: datetime | None
    started_at: datetime | None
    appointment: str
    start: datetime
    captions_since: datetime | None

    @property
    def closed(self) -> bool:
        """Whether the room is closed for good."""
        return self.status in OVER or self.appointment in (AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW)

    @property
    def may_share(self) -> bool:
        """Whether she may show a screen here."""
        return rules.may_show_screen(self.screen_sharing, role=self.role, seat_allows=self.show_screen)

    @property
    def inside(self) -> bool:
        """Whether she is in the room, and not on her way in: there nobody sees who is in it, nor is seen. As ``INSIDE``."""
        if self.role is ParticipantRole.CLINICIAN:
            return True
        came = self.admitted_at if self.role is ParticipantRole.PATIENT else self.let_in_at
        return came is not None and self.removed_at is None

    def has_newer(self, socket_id: UUID, now: datetime) -> bool:
        """Whether a newer socket than this one sits here, and has been heard of.

        One that is silent doesn't count: after the clock was set back it would look newer for as long.
        """
        if self.socket_id is None or self.seen_at is None or abs(now - self.seen_at) > selectors.PRESENT:
            return False
        return self.socket_id > socket_id

    def may_relay(self, now: datetime) -> bool:
        """Whether this side gets the relay: a patient not before her check-in opens, who may have booked for next year."""
        if self.role not in MAIN:
            return self.inside
        if self.role is ParticipantRole.CLINICIAN or self.status != VisitStatus.PLANNED:
            return True
        opens = rules.check_in_opens(self.start)
        return opens is None or now >= opens


async def _seat(db: Any, query: str, visitor: Visitor) -> _Seat | None:
    actor = visitor.actor
    row = await (
        await db.execute(
            query,
            {
                "tenant": frames.current_tenant_id(),
                "visit": visitor.topic_id,
                # Who acts for another person sits on her side, on no seat of her own.
                "user": actor.user_id if actor.on_behalf is None else None,
                "acts_for": actor.acts_for if actor.may(Scope.VISITS) else None,
                "subject": actor.subject_id if actor.kind is ActorKind.LINK else None,
                "guest": actor.subject_id if actor.kind is ActorKind.GUEST else None,
                "socket": visitor.socket_id,
            },
        )
    ).fetchone()
    return _Seat(row[0], ParticipantRole(row[1]), *row[2:]) if row else None


async def seat_of(db: Any, visitor: Visitor) -> _Seat | None:
    """Return where somebody sits in a visit, by whichever socket."""
    return await _seat(db, _WHOSE, visitor)


async def _say(db: Any, visit_id: UUID, *words: object) -> None:
    await hub.notify(db, f"{TOPIC}:{visit_id}", " ".join(str(word) for word in words))


async def _presence(db: Any, visit_id: UUID, role: ParticipantRole) -> None:
    """Say that somebody's page came or went: of the two people to whoever follows, of who was asked in within the room."""
    if role in MAIN:
        await hub.notify(db, f"{NEWS}:{visit_id}", "presence")
        return
    await _say(db, visit_id, "within", "seats")
    await hub.notify(db, f"{NEWS}:{visit_id}", "seats")


async def _is_outside(db: Any, visitor: Visitor) -> bool:
    """Whether somebody is the patient of a room and not in it: what goes on there is not told to her."""
    seat = await _seat(db, _WHOSE, visitor)
    return seat is not None and seat.role is ParticipantRole.PATIENT and not seat.inside


class VisitRoom:
    """The room of topic ``visit`` (:class:`webside.realtime.registry.Room`)."""

    async def opened(self, db: Any, visitor: Visitor) -> Json:
        """Seat somebody; the newest socket of a person replaces the older one."""
        seat = await _seat(db, _BY_PERSON, visitor)
        if seat is None:
            raise Refused
        now = clock.now()
        if seat.closed or seat.has_newer(visitor.socket_id, now):
            await _say(db, visitor.topic_id, "bye", visitor.socket_id, "ended" if seat.closed else "replaced")
            return {"participant": str(seat.id), "polite": False, "ice_servers": [], "peers": [], "started_at": None}
        who = selectors.attends(visitor.actor)
        # What one person said of captions is no other's answer, who sits there in her place.
        await db.execute(
            "UPDATE visits_participant SET socket_id = %(socket)s, seen_at = %(now)s,"
            " joined_at = coalesce(joined_at, %(now)s), left_at = NULL, updated_at = %(now)s, attended_by = %(who)s::text,"
            " voice = CASE WHEN attended_by = %(who)s::text THEN voice ELSE '' END,"
            " captions_since = CASE WHEN attended_by = %(who)s::text THEN captions_since END WHERE id = %(seat)s",
            {"socket": visitor.socket_id, "now": now, "who": who, "seat": seat.id},
        )
        info = await engine(seat.engine).join(Seat(visitor.topic_id, seat.id), now)
        if seat.inside:
            await _say(db, visitor.topic_id, "joined", seat.id, visitor.socket_id)
        else:
            # Only one's own older window must know of somebody who waits.
            await _say(db, visitor.topic_id, "waits", seat.id, visitor.socket_id)
        await _presence(db, visitor.topic_id, seat.role)
        return {
            "participant": str(seat.id),
            "inside": seat.inside,
            "speak": seat.speak,
            "share": seat.may_share,
            # The patient gives way when both offer at once: a property of the person, not of the socket.
            "polite": seat.role is ParticipantRole.PATIENT,
            "ice_servers": info.ice_servers if seat.may_relay(now) else [],
            "ice_policy": info.ice_policy,
            "peers": await self._peers(db, visitor, seat, now),
            "checks": await self._checks(db, seat),
            "captions": seat.inside and await self._somebody_reads(db, visitor),
            "started_at": seat.started_at.isoformat() if seat.started_at else None,
            # Clocks of patients' machines are wrong more often than one thinks: the page counts on from this.
            "elapsed_s": await self._elapsed(db, visitor, seat.started_at, now) if seat.started_at else None,
        }

    async def _elapsed(self, db: Any, visitor: Visitor, began: datetime, now: datetime) -> float:
        """Return how long a visit has run, without the time in which the team met and the patient waited."""
        row = await (
            await db.execute(
                "SELECT sum(extract(epoch FROM coalesce(ended_at, %(now)s) - greatest(began_at, %(began)s)))::float8"
                " FROM visits_teammeeting WHERE tenant_id = %(tenant)s AND visit_id = %(visit)s"
                " AND coalesce(ended_at, %(now)s) > %(began)s",
                {"now": now, "began": began, "tenant": frames.current_tenant_id(), "visit": visitor.topic_id},
            )
        ).fetchone()
        return float((now - began).total_seconds() - ((row[0] if row else None) or 0.0))

    async def _peers(self, db: Any, visitor: Visitor, seat: _Seat, now: datetime) -> list[Json]:
        if not seat.inside:
            return []
        rows = await (
            await db.execute(
                _PEERS + " AND p.id <> %(own)s AND p.socket_id IS NOT NULL AND p.seen_at > %(since)s ORDER BY p.id",
                {
                    "tenant": frames.current_tenant_id(), "visit": visitor.topic_id, "own": seat.id,
                    "since": now - selectors.PRESENT,
                },
            )
        ).fetchall()  # fmt: skip
        return [_peer(seat, row) for row in rows]

    async def _somebody_reads(self, db: Any, visitor: Visitor) -> bool:
        asked = {
            "tenant": frames.current_tenant_id(),
            "visit": visitor.topic_id,
            "since": clock.now() - selectors.PRESENT,
        }
        row = await (await db.execute(_SOMEBODY_READS, asked)).fetchone()
        return row is not None

    async def _checks(self, db: Any, seat: _Seat) -> list[Json]:
        # Who was away when the other said it, or loaded the page again, must hear it too.
        rows = await (
            await db.execute(
                "SELECT participant_id, peer_id, result FROM visits_codecheck"
                " WHERE tenant_id = %s AND (participant_id = %s OR peer_id = %s)",
                [frames.current_tenant_id(), seat.id, seat.id],
            )
        ).fetchall()
        return [{"participant": str(who), "with": str(peer), "result": result} for who, peer, result in rows]

    async def message(self, db: Any, visitor: Visitor, message: Json) -> None:
        """Handle what a seated socket says; one that lost its seat is told to go."""
        seat = await _seat(db, _BY_SOCKET, visitor)
        if seat is None or seat.closed:
            await _say(db, visitor.topic_id, "bye", visitor.socket_id, "ended" if seat else "replaced")
            return
        match message.get("type"):
            case "alive" | "presence":
                await self._alive(db, seat)
            case "signal":
                await self._signal(db, visitor, seat, message)
            case "stats":
                await self._stats(db, visitor, seat, message)
            case "verified":
                await self._verified(db, visitor, seat, message)
            case "screen":
                await self._screen(visitor, seat, message)
            case "leave":
                await self._leave(db, visitor, seat)

    async def _alive(self, db: Any, seat: _Seat) -> None:
        await db.execute("UPDATE visits_participant SET seen_at = %s WHERE id = %s", [clock.now(), seat.id])

    async def _signal(self, db: Any, visitor: Visitor, seat: _Seat, message: Json) -> None:
        to = _uuid(message.get("to"))
        data = message.get("data")
        if not isinstance(data, dict):
            raise Refused
        if not seat.inside:
            return
        row = await (
            await db.execute(
                _KEEP_SIGNAL,
                {
                    "id": uuid7(),
                    "tenant": frames.current_tenant_id(),
                    "visit": visitor.topic_id,
                    "sender": seat.id,
                    "to": to,
                    "data": json.dumps(data),
                    "now": clock.now(),
                },
            )
        ).fetchone()
        # Without a socket on the other side it is dropped: an old description is worse than none.
        if row is not None:
            await _say(db, visitor.topic_id, "signal", row[0])

    async def _stats(self, db: Any, visitor: Visitor, seat: _Seat, message: Json) -> None:
        """Keep ten seconds of a call in numbers, once, and say so: the page sends them again until it hears it."""
        key, digest = _uuid(message.get("key")), _numbers(message.get("digest"))
        if digest is None:
            raise Refused
        let_in = seat.admitted_at if seat.role in MAIN else seat.let_in_at
        if let_in is None:
            return
        peer = await self._other(db, visitor, seat, message.get("peer"))
        row = await (
            await db.execute(
                "SELECT max(taken_at) FROM visits_qualitysample WHERE participant_id = %s"
                " AND (peer_id = %s OR peer_id IS NULL)",
                [seat.id, peer],
            )
        ).fetchone()
        # A page can't have heard for longer than time has passed: minutes lead to a claim. What it measured while the
        # socket was down comes late and says how late, so it fills the gap and no more. The slack is there once, not
        # once a message: what a sample takes of it lies ahead of the clock, and the next one begins there.
        since = max(row[0] or let_in, let_in)
        ended = clock.now() - timedelta(seconds=_within(_number(message.get("ago_s")), LONGEST_AWAY))
        passed = max(0.0, (ended - since).total_seconds() + SLACK_SECONDS)
        seconds = _within(digest.get("seconds"), min(LONGEST_SAMPLE, passed))
        if seconds >= SHORTEST_SAMPLE:
            taken_at = max(ended, since + timedelta(seconds=seconds))
            await self._keep(db, seat, peer, key, digest, taken_at, seconds)
        await _say(db, visitor.topic_id, "kept", visitor.socket_id, key)
        if seat.started_at is None and (began := await self._both_heard(db, visitor)):
            # The service audits and publishes: it belongs to the page lane, so it runs in a thread.
            await asyncio.to_thread(_start, visitor.actor, visitor.topic_id, began)

    async def _keep(
        self,
        db: Any,
        seat: _Seat,
        peer: UUID,
        key: UUID,
        digest: dict[str, float | None],
        taken_at: datetime,
        seconds: float,
    ) -> None:
        sound, picture = _within(digest.get("sound_s"), seconds), _within(digest.get("picture_s"), seconds)
        now = clock.now()
        await db.execute(
            "INSERT INTO visits_qualitysample (id, tenant_id, participant_id, peer_id, client_key, taken_at, seconds,"
            " sound_seconds, picture_seconds, digest, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, participant_id, client_key) DO NOTHING",
            [
                uuid7(), frames.current_tenant_id(), seat.id, peer, key, taken_at, seconds, sound, picture,
                json.dumps(digest), now, now,
            ],
        )  # fmt: skip

    async def _other(self, db: Any, visitor: Visitor, seat: _Seat, named: object) -> UUID:
        """Return whom a page speaks of: the one named, or the other of the two people where a page names nobody."""
        query = "SELECT id FROM visits_participant WHERE tenant_id = %s AND visit_id = %s AND id <> %s AND "
        found: list[Any] = [frames.current_tenant_id(), visitor.topic_id, seat.id]
        if named is not None:
            row = await (await db.execute(query + "id = %s", [*found, _uuid(named)])).fetchone()
        elif seat.role in MAIN:
            row = await (await db.execute(query + "role = ANY(%s)", [*found, list(MAIN)])).fetchone()
        else:
            row = None
        if row is None:
            raise Refused
        return UUID(str(row[0]))

    async def _both_heard(self, db: Any, visitor: Visitor) -> datetime | None:
        """Return since when both sides have heard the other, by the later one; nothing while one has not."""
        first = await (
            await db.execute(
                "SELECT min(s.taken_at - s.seconds * interval '1 second') FROM visits_qualitysample s"
                " JOIN visits_participant p ON p.tenant_id = s.tenant_id AND p.id = s.participant_id"
                " LEFT JOIN visits_participant q ON q.tenant_id = s.tenant_id AND q.id = s.peer_id"
                " WHERE p.tenant_id = %s AND p.visit_id = %s AND p.role = ANY(%s)"
                " AND (q.id IS NULL OR q.role = ANY(%s)) AND s.sound_seconds > 0 GROUP BY p.role",
                [frames.current_tenant_id(), visitor.topic_id, list(MAIN), list(MAIN)],
            )
        ).fetchall()
        return max(began for (began,) in first) if len(first) == len(MAIN) else None

    async def _verified(self, db: Any, visitor: Visitor, seat: _Seat, message: Json) -> None:
        result = message.get("result")
        if result not in ("same", "different") or not seat.inside:
            raise Refused
        peer, now = await self._other(db, visitor, seat, message.get("with")), clock.now()
        await db.execute(
            "INSERT INTO visits_codecheck (id, tenant_id, participant_id, peer_id, result, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, participant_id, peer_id)"
            " DO UPDATE SET result = excluded.result, updated_at = excluded.updated_at",
            [uuid7(), frames.current_tenant_id(), seat.id, peer, result, now, now],
        )
        await _say(db, visitor.topic_id, "within", "code")
        await _say(db, visitor.topic_id, "verified", seat.id, peer, result)

    async def _screen(self, visitor: Visitor, seat: _Seat, message: Json) -> None:
        """Somebody begins or ends to show a screen. The picture goes from browser to browser; the trail keeps that it did."""
        shown = message.get("on")
        if not isinstance(shown, bool):
            raise Refused
        # Every page knows who may; one that asks all the same is refused, which the trail keeps, and shown by nobody.
        # It audits, so it runs in a thread, as _start does.
        await asyncio.to_thread(_note_screen, visitor.actor, visitor.topic_id, shown)

    async def _leave(self, db: Any, visitor: Visitor, seat: _Seat) -> None:
        now = clock.now()
        await db.execute(
            "UPDATE visits_participant SET socket_id = NULL, seen_at = %s, left_at = %s, updated_at = %s WHERE id = %s",
            [now, now, now, seat.id],
        )
        await _say(db, visitor.topic_id, "left", seat.id, "left")
        await _presence(db, visitor.topic_id, seat.role)
        if seat.role is ParticipantRole.PATIENT and seat.inside:
            # Who may be there only with her goes too. It audits, so it runs in a thread, as _start does.
            await asyncio.to_thread(_part, visitor.actor, visitor.topic_id)

    async def closed(self, db: Any, visitor: Visitor) -> None:
        """Note that a socket has gone without a word; the call itself may go on."""
        row = await (
            await db.execute(
                "UPDATE visits_participant SET socket_id = NULL, updated_at = %s"
                " WHERE tenant_id = %s AND visit_id = %s AND socket_id = %s RETURNING id, role",
                [clock.now(), frames.current_tenant_id(), visitor.topic_id, visitor.socket_id],
            )
        ).fetchone()
        if row is not None:
            await _say(db, visitor.topic_id, "away", row[0])
            await _presence(db, visitor.topic_id, ParticipantRole(row[1]))

    def reads(self, item: str) -> bool:
        """Whether an item is only the name of what is told."""
        return item.partition(" ")[0] not in UNREAD

    async def deliver(self, db: Any, visitor: Visitor, item: str) -> Json | None:
        """Turn an item into what this socket is told."""
        kind, *words = item.split(" ")
        if kind == "bye":
            return {"type": "bye", "reason": words[1]} if words[0] == str(visitor.socket_id) else None
        if kind == "kept":
            return {"type": "kept", "key": words[1]} if words[0] == str(visitor.socket_id) else None
        if kind == "within":
            return None if await _is_outside(db, visitor) else _hint(TOPIC, visitor, words[0])
        if kind == "verified":
            return await self._told_of_check(db, visitor, *words)
        if kind == "caption":
            return await self._told_of_voice(db, visitor, *words)
        if kind == "signal":
            return await self._hand_over(db, visitor, UUID(words[0]))
        return await self._told_of_peer(db, visitor, kind, *words)

    async def _hand_over(self, db: Any, visitor: Visitor, signal_id: UUID) -> Json | None:
        row = await (
            await db.execute(
                "DELETE FROM visits_signal s USING visits_participant p WHERE s.tenant_id = %s AND s.id = %s"
                " AND p.tenant_id = s.tenant_id AND p.id = s.recipient_id AND p.socket_id = %s"
                " RETURNING s.sender_id, s.data",
                [frames.current_tenant_id(), signal_id, visitor.socket_id],
            )
        ).fetchone()
        return {"type": "signal", "from": str(row[0]), "data": row[1]} if row else None

    async def _told_of_voice(self, db: Any, visitor: Visitor, participant: str, sealed: str) -> Json | None:
        """What somebody says is for who asked to read it, and is in the room."""
        seat = await _seat(db, _BY_SOCKET, visitor)
        if seat is None or seat.captions_since is None or not seat.inside or str(seat.id) == participant:
            return None
        return {"type": "caption", "from": participant, **unsealed(visitor.topic_id, sealed)}

    async def _told_of_check(self, db: Any, visitor: Visitor, participant: str, peer: str, result: str) -> Json | None:
        seat = await _seat(db, _BY_SOCKET, visitor)
        if seat is None or not seat.inside or str(seat.id) not in (participant, peer):
            return None
        return {"type": "verified", "participant": participant, "with": peer, "result": result}

    async def _told_of_peer(
        self, db: Any, visitor: Visitor, event: str, participant: str, word: str = ""
    ) -> Json | None:
        seat = await _seat(db, _BY_SOCKET, visitor)
        mine = seat or await _seat(db, _WHOSE, visitor)
        if event == "changed" and seat is not None and str(seat.id) == participant:
            return {"type": "you", "speak": seat.speak, "share": seat.may_share}
        if mine is not None and str(mine.id) == participant:
            # The same person came in on a newer socket: this one is done. What an older one did comes late, and is no news.
            newer = event in ("joined", "waits") and UUID(word) > visitor.socket_id
            return {"type": "bye", "reason": "replaced"} if newer else None
        if seat is None or event == "waits" or not seat.inside:
            return None
        told: Json = {"type": "peer", "event": event, "participant": participant}
        if event not in ("joined", "changed"):
            return {**told, "reason": word} if event == "left" else told
        row = await (
            await db.execute(
                _PEERS + " AND p.id = %(peer)s",
                {"tenant": frames.current_tenant_id(), "visit": visitor.topic_id, "peer": participant},
            )
        ).fetchone()
        return {**told, **_peer(seat, row)} if row else None


def _hint(topic: str, visitor: Visitor, kind: str) -> Json:
    return {"type": "hint", "topic": f"{topic}:{visitor.topic_id}", "kind": kind, "id": str(visitor.topic_id)}


def _peer(seat: _Seat, row: tuple[Any, ...]) -> Json:
    """Return what somebody in the room is told of another one."""
    participant, name, role, relation, speak, show_screen = row
    return {
        "participant": str(participant),
        "name": name,
        "role": role,
        "relation": relation,
        "speak": speak,
        "share": rules.may_show_screen(seat.screen_sharing, role=ParticipantRole(role), seat_allows=show_screen),
        "polite": rules.is_polite(seat.role, seat.id, ParticipantRole(role), participant),
    }


def sealed(visit_id: UUID, told: Json) -> str:
    """Return what was said as a word that may pass through the database: it reads nothing of it."""
    return urlsafe_b64encode(
        crypto.keyring().seal(json.dumps(told, ensure_ascii=False).encode(), place=_place(visit_id))
    ).decode()


def unsealed(visit_id: UUID, word: str) -> Json:
    """Return what :func:`sealed` gave for the same visit."""
    told: Json = json.loads(crypto.keyring().open(urlsafe_b64decode(word), place=_place(visit_id)))
    return told


def _place(visit_id: UUID) -> str:
    return f"caption:{frames.current_tenant_id()}:{visit_id}"


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise Refused from None


def _numbers(raw: object) -> dict[str, float | None] | None:
    """Return the digest with known names and finite numbers only, or nothing if it is none."""
    if not isinstance(raw, dict):
        return None
    return {
        name: value for name, value in raw.items() if name in DIGEST and (value is None or _number(value) is not None)
    }


def _number(value: object) -> float | None:
    """Return a finite number, or nothing for whatever else a page may send."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # an integer of hundreds of digits is no measurement
        return None


def _within(value: float | None, limit: float) -> float:
    return max(0.0, min(float(value or 0.0), limit))


def _part(actor: Actor, visit_id: UUID) -> None:
    try:
        with frames.begin(tenant_id=actor.tenant_id, actor=actor):
            visit = selectors.visit(actor, visit_id)
            if visit is not None:
                services.part_without_patient(actor=actor, visit=visit)
    finally:
        django_connection.close()


def _note_screen(actor: Actor, visit_id: UUID, shown: bool) -> None:
    try:
        with frames.begin(tenant_id=actor.tenant_id, actor=actor), suppress(services.NotAllowed):
            services.note_screen(actor=actor, visit_id=visit_id, shown=shown)
    finally:
        django_connection.close()


def _start(actor: Actor, visit_id: UUID, started_at: datetime) -> None:
    try:
        with frames.begin(tenant_id=actor.tenant_id, actor=actor):
            visit = selectors.visit(actor, visit_id)
            if visit is not None and visit.started_at is None:
                services.start_visit(actor=actor, visit=visit, started_at=started_at)
    finally:
        django_connection.close()


class NewsRoom:
    """Topic ``visit-news``: hears what changes in a visit without being in the room."""

    async def opened(self, db: Any, visitor: Visitor) -> Json:
        """Nothing to add."""
        return {}

    async def message(self, db: Any, visitor: Visitor, message: Mapping[str, Any]) -> None:
        """Nobody talks here."""

    async def closed(self, db: Any, visitor: Visitor) -> None:
        """Nobody is missed here."""

    def reads(self, item: str) -> bool:
        """Whether it is about what happens in the room, which a patient outside is not told."""
        return item in WITHIN

    async def deliver(self, db: Any, visitor: Visitor, item: str) -> Json | None:
        """An item is the kind of a hint."""
        return None if item in WITHIN and await _is_outside(db, visitor) else _hint(NEWS, visitor, item)


def may_enter(actor: Actor, visit_id: UUID) -> bool:
    """Whether somebody may open a socket of a room: its two people, and who was asked in; these wait in its lobby.

    A closed room answers that it is closed.
    """
    return selectors.hears(actor, visit_id) or selectors.has_seat(actor, visit_id)


def may_follow(actor: Actor, visit_id: UUID) -> bool:
    """Whether somebody may hear that something changes: the two people, and the front desk."""
    if actor.has(Role.COORDINATOR):
        return scheduling.appointment(actor, visit_id) is not None
    return selectors.hears(actor, visit_id)


def register() -> None:
    """Open the topics."""
    registry.register(TOPIC, may_enter, VisitRoom(), most=MOST_SOCKETS)
    registry.register(NEWS, may_follow, NewsRoom())
