"""How much may be asked of one process: so many at once, then so many a second."""

from __future__ import annotations

from collections.abc import Hashable


class Bucket:
    """Filled to ``burst`` at ``now`` (seconds of a monotonic clock), and again by ``per_second``."""

    def __init__(self, burst: int, per_second: float, now: float) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._left = self._burst
        self._then = now

    def wait(self, now: float) -> float:
        """Take one; return 0, or, with nothing taken, the seconds until there is one again."""
        self._left = min(self._burst, self._left + (now - self._then) * self._per_second)
        self._then = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0


class Buckets:
    """A :class:`Bucket` for each who asks."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._by_who: dict[Hashable, Bucket] = {}

    def wait(self, who: Hashable, now: float) -> float:
        """Take one from the bucket of ``who``; return 0, or the seconds until there is one again."""
        if who not in self._by_who:
            self._by_who[who] = Bucket(self._burst, self._per_second, now)
        return self._by_who[who].wait(now)
