"""Whether the clinic is well: for people, for monitors, for the supervisor."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from webside.core import loops


def state() -> dict[str, Any]:
    """Return how the database and every heartbeat are; ``ok`` only if all of them are well."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        pulses = loops.pulses()
    except DatabaseError:
        return {"ok": False, "serving": False, "database": False, "pulses": []}
    return {"ok": all(pulse.alive for pulse in pulses), "serving": True, "database": True, "pulses": pulses}


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 when pages can be served. The page shows each heartbeat, alive or not."""
    return render(request, "core/health.html", {"health": state()}, status=200)


def health_json(request: HttpRequest) -> JsonResponse:
    """Answer for monitors: 200 if everything is alive, 503 otherwise."""
    now = state()
    body = {
        "ok": now["ok"],
        "database": now["database"],
        "heartbeats": [
            {"name": pulse.name, "alive": pulse.alive, "age_seconds": pulse.age_seconds} for pulse in now["pulses"]
        ],
    }
    return JsonResponse(body, status=200 if now["ok"] else 503)


def live(request: HttpRequest) -> HttpResponse:
    """Answer 200 when this process serves and reaches its database, 503 when not."""
    return HttpResponse(
        "ok\n" if state()["serving"] else "no database\n",
        content_type="text/plain",
        status=200 if state()["serving"] else 503,
    )
