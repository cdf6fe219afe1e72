"""The pure rules of compliance. Importing this package registers them.

``compliance.may_treat`` is in :mod:`webside.compliance.rules.may_treat`; what it reads is in
:mod:`~webside.compliance.rules.tables`, what it is asked in :mod:`~webside.compliance.rules.facts`.
"""

from __future__ import annotations

from webside.compliance.rules import may_treat

__all__ = ["may_treat"]
