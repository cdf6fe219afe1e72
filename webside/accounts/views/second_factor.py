"""Staff without a second factor are led to set one up."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def needed(request: HttpRequest) -> HttpResponse:
    """Say why staff need a second factor and lead to it."""
    return render(request, "accounts/second_factor.html")
