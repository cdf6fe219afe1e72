"""What an upgrade does besides migrating: commands that bring shared tables to what lies in the code.

An app registers the name of such a command in ``AppConfig.ready()``; each is quick when there is
nothing to do, and works as the owner of the tables.
"""

from __future__ import annotations

_commands: list[str] = []


def register(command: str) -> None:
    """Let ``manage.py upgrade`` call a command."""
    if command not in _commands:
        _commands.append(command)


def registered() -> tuple[str, ...]:
    """Return the commands in the order of registration."""
    return tuple(_commands)
