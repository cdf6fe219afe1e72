"""All tags and filters of Webside's pages; a builtin, so that no template needs to load it.

The tags live in modules by topic: what is pressed, read, filled in, listed; people; the page.
"""

from __future__ import annotations

from django import template

from webside.ui.templatetags import _actions, _content, _forms, _lists, _page, _people

register = template.Library()
for _module in (_actions, _content, _forms, _lists, _people, _page):
    register.tags.update(_module.register.tags)
    register.filters.update(_module.register.filters)
