"""A bare Django page to compare with: what Django itself costs, without anything of ours.

A project as ``startproject`` makes it: its seven middlewares, a session and a user read from
PostgreSQL, one list of twenty rows by one query, one template on a base. Served as ours is:
uvicorn, with the WSGI handler in threads.

    BARE_DATABASE=<json of Django's setting> uvicorn benchmarks.bare_page:application
"""

from __future__ import annotations

import json
import os
from typing import Any

import django
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

BASE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{% block title %}{% endblock %}</title></head>
<body><header>Signed in as {{ user.username }}</header><main>{% block content %}{% endblock %}</main></body></html>"""
LIST = """{% extends "base.html" %}{% block title %}People{% endblock %}{% block content %}<h1>People</h1><ul>
{% for person in people %}<li><a href="/{{ person.id }}/">{{ person.username }}</a> {{ person.date_joined|date:"j F Y" }}</li>
{% endfor %}</ul>{% endblock %}"""

settings.configure(
    SECRET_KEY="only-for-the-benchmark",
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": json.loads(os.environ["BARE_DATABASE"])},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [("django.template.loaders.locmem.Loader", {"base.html": BASE, "list.html": LIST})],
                    )
                ],
            },
        }
    ],
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.shortcuts import render  # noqa: E402


def people(request: HttpRequest) -> HttpResponse:
    """Show the twenty newest people."""
    assert request.user.is_authenticated
    return render(request, "list.html", {"people": User.objects.order_by("-id")[:20]})


def prepare() -> str:
    """Make the tables and a hundred people; return the cookie of somebody who is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.bulk_create(User(username=f"person{number}", password="!") for number in range(100))
    user = User.objects.first()
    assert user is not None
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"sessionid={session.session_key}"


urlpatterns = [path("", people)]
application: Any = WSGIMiddleware(get_wsgi_application(), workers=10)

if __name__ == "__main__":
    print(prepare())
