"""A recogniser for tests: it speaks the wire of vosk-server, and writes down what it really hears: the tones of keys.

It knows no speech. A key's two tones (DTMF, ITU-T Q.23) are a word, found by their frequencies (Goertzel); how much of the sound
they are is its confidence; half a second without any ends a line. :func:`spoken` makes the sound of keys.
"""

from __future__ import annotations

import json
import math
import struct
import threading
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

RATE = 16_000
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPANISH = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
FRAME = RATE // 50
QUIET = 1e-5
"""Of the loudest possible sound's energy: below it there is silence."""
LEAST_SHARE = 0.5
"""Of a frame's energy must be in the two tones, or nothing was pressed."""
LEAST_FRAMES = 3
ENDS_AFTER = 25
"""Frames without a key that end a line."""
END = '{"eof" : 1}'


def spoken(keys: str, *, rate: int = RATE, tone: float = 0.2, pause: float = 0.12, loudness: float = 0.25) -> bytes:
    """Return the sound of keys pressed one after the other, as PCM of 16 bits; a space is half a second of silence."""
    samples: list[float] = []
    for key in keys:
        if key == " ":
            samples += [0.0] * int(rate * 0.5)
            continue
        row = next(at for at, line in enumerate(KEYS) if key in line)
        pair = ROWS[row], COLUMNS[KEYS[row].index(key)]
        samples += [
            loudness * sum(math.sin(2 * math.pi * tone_hz * n / rate) for tone_hz in pair)
            for n in range(int(rate * tone))
        ]
        samples += [0.0] * int(rate * pause)
    return struct.pack(f"<{len(samples)}h", *(round(0x7FFF * max(-1, min(1, sample))) for sample in samples))


def power(samples: list[float], frequency: float) -> float:
    """Return the energy of one frequency in some samples (Goertzel), as a share of what a pure tone of it would have."""
    turn = 2 * math.cos(2 * math.pi * frequency / RATE)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    return 2 * (last * last + before * before - turn * last * before) / len(samples)


def key_in(samples: list[float]) -> tuple[str, float] | None:
    """Return the key whose tones a frame holds, and their share of its energy; nothing where there is none."""
    whole = sum(sample * sample for sample in samples)
    if whole / len(samples) < QUIET:
        return None
    rows, columns = ([power(samples, each) for each in group] for group in (ROWS, COLUMNS))
    row, column = (max(range(4), key=group.__getitem__) for group in (rows, columns))
    share = (rows[row] + columns[column]) / whole
    return (KEYS[row][column], min(1.0, share)) if share > LEAST_SHARE else None


@dataclass
class Hearing:
    """One voice: what was heard of it, frame by frame."""

    names: tuple[str, ...] = ENGLISH
    _rest: bytes = b""
    _frames: int = 0
    _quiet: int = 0
    _key: str = ""
    _shares: list[float] = field(default_factory=list)
    _words: list[dict[str, Any]] = field(default_factory=list)

    def accept(self, sound: bytes) -> dict[str, Any]:
        """Hear a piece of sound; return what the recogniser answers to it."""
        self._rest += sound
        ended = None
        while len(self._rest) >= 2 * FRAME:
            raw, self._rest = self._rest[: 2 * FRAME], self._rest[2 * FRAME :]
            self._hear([sample / 0x8000 for sample in struct.unpack(f"<{FRAME}h", raw)])
            if self._quiet == ENDS_AFTER and self._words:
                ended = self.final()
        return ended or {"partial": " ".join(word["word"] for word in self._words)}

    def final(self) -> dict[str, Any]:
        """End the line, and return it."""
        self._let_go()
        words, self._words = self._words, []
        text = " ".join(word["word"] for word in words)
        return {"result": words, "text": text} if words else {"text": ""}

    def _hear(self, samples: list[float]) -> None:
        self._frames += 1
        found = key_in(samples)
        self._quiet = 0 if found else self._quiet + 1
        if found is None or found[0] != self._key:
            self._let_go()
        if found:
            self._key = found[0]
            self._shares.append(found[1])

    def _let_go(self) -> None:
        """A key was let go: its word, if it was pressed for long enough."""
        if len(self._shares) >= LEAST_FRAMES:
            self._words.append({
                "conf": round(sum(self._shares) / len(self._shares), 6),
                "end": round(self._frames * FRAME / RATE, 2),
                "start": round((self._frames - len(self._shares)) * FRAME / RATE, 2),
                "word": self._name(self._key),
            })  # fmt: skip
        self._key, self._shares = "", []

    def _name(self, key: str) -> str:
        return self.names[int(key)] if key.isdigit() else {"*": "star", "#": "hash"}.get(key, key.lower())


@dataclass
class StandIn:
    """One recogniser in threads of its own. ``silent``: it takes all and answers nothing."""

    names: tuple[str, ...] = ENGLISH
    port: int = 0
    silent: bool = False
    configs: list[dict[str, Any]] = field(default_factory=list)
    heard: int = 0
    """How many bytes of sound have come, of all voices."""
    ended: int = 0
    _server: Server | None = field(default=None, repr=False)
    _voices: set[ServerConnection] = field(default_factory=set, repr=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def voices(self) -> int:
        """How many are heard now."""
        return len(self._voices)

    def start(self) -> StandIn:
        """Answer on the port that it first got."""
        self._server = serve(self._serve, "127.0.0.1", self.port, compression=None)
        self.port = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, name="captions-stand-in", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop as one that is killed does: nobody is told."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None
        for voice in list(self._voices):
            voice.close_socket()

    def _serve(self, voice: ServerConnection) -> None:
        hearing = Hearing(self.names)
        self._voices.add(voice)
        try:
            for message in voice:
                if isinstance(message, str) and "config" in message:
                    self.configs.append(json.loads(message)["config"])
                elif message == END:
                    self.ended += 1
                    voice.send(json.dumps(hearing.final()))
                    return
                elif isinstance(message, bytes):
                    self.heard += len(message)
                    answer = hearing.accept(message)
                    if not self.silent:
                        voice.send(json.dumps(answer))
        except (ConnectionClosed, OSError):
            pass
        finally:
            self._voices.discard(voice)
