"""Heart and lung sounds over a call: what arrives at the other side is measured, tone by tone.

The microphone is a file with known tones; the other side's page records what it would play. Synthetic sound over a local
network in one browser: that the path takes nothing away, not that a stethoscope is fit for a diagnosis.
"""

from __future__ import annotations

import math
import struct
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e.call_lab.running import CHROMIUM_PROGRAM, LabServer, in_a_call, launch, wait_for, why_no_browser
from tests.e2e.network.netem import Network, why_not
from tests.e2e.test_call_engine import Visit, need

pytestmark = pytest.mark.browser
RATE = 48_000
#: What of a heart is to be heard lies between 20 and 150 Hz.
TONES = (20, 25, 31.5, 40, 50, 63, 80, 100, 125, 150)
TONE_DB = -26.0
SECONDS = 4
"""Each tone goes through whole periods in it, so the file repeats without a click."""
FLAT_DB = 0.5


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    need(why_no_browser())
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def heart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tones, all of one loudness, as a file of sound."""
    amplitude = 10 ** (TONE_DB / 20)
    path = tmp_path_factory.mktemp("sound") / "heart.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        turns = [2 * math.pi * tone / RATE for tone in TONES]
        file.writeframes(
            b"".join(
                struct.pack("<h", round(32767 * amplitude * sum(math.sin(turn * n + i * i) for i, turn in enumerate(turns))))
                for n in range(SECONDS * RATE)
            )
        )  # fmt: skip
    return path


def hears(heart: Path) -> str:
    return f"--use-file-for-fake-audio-capture={heart}"


@pytest.fixture(scope="module")
def visit(playwright: Playwright, heart: Path) -> Iterator[Visit]:
    """The patient's browser hears the tones."""
    browsers: list[Browser] = [
        launch(playwright.chromium, "/usr/bin/chromium", hears(heart)),
        launch(playwright.chromium),
    ]
    with LabServer() as lab:
        visit = Visit((browsers[0], browsers[1]), lab.address, scripts={"patient": KEEP_REMOTE_SDP})
        in_a_call(visit.people)
        yield visit
        visit.close()
    for browser in browsers:
        browser.close()


def deviations(visit: Visit, clean: float = 0) -> list[float]:
    """Return by how much each tone arrives louder than it was played; once it is so clean of anything else.

    A tone that is taken out leaves what comes as clean as it was; blocks that a busy machine drops don't.
    """
    found: dict[str, Any] = {"clean": -1}
    for _ in range(5):
        found = visit.doctor.page.evaluate("(tones) => lab.tones(tones, 5)", list(TONES))
        if found["clean"] >= clean:
            break
    assert found["clean"] >= clean, f"only {found['clean']:.1%} of what comes was played: this machine is too busy"
    return [level - TONE_DB for level in found["levels"]]


def heard(visit: Visit) -> str:
    return str(visit.doctor.page.locator("[data-call=sounds-heard] [data-sounds-text]").inner_text())


def begin(visit: Visit) -> None:
    visit.doctor.press("sounds")
    panel = visit.patient.page.locator("[data-call=sounds]")
    wait_for("she is asked", panel.is_visible)
    assert "Dr. Amara Osei would like to hear your heart and lungs." in panel.inner_text()
    assert visit.patient.page.evaluate(PROCESSING) == [True, True, True], "nothing begins before she says so"
    visit.patient.press("sounds-on")


PROCESSING = """() => {
  // Between two microphones there is none.
  const { echoCancellation, noiseSuppression, autoGainControl } = lab.page.media.tracks.audio?.getSettings() ?? {};
  return [echoCancellation, noiseSuppression, autoGainControl];
}"""
ASKED_BITRATE = """() => /^a=fmtp:\\d+ .*\\bmaxaveragebitrate=(\\d+)/m.exec(window.remoteSdp)?.[1] ?? null"""
"""What the other side asked of this one's sound, in bit/s, by the description that was agreed on last."""
KEEP_REMOTE_SDP = """
const real = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (...given) {
  return real.apply(this, given).then((done) => { window.remoteSdp = this.remoteDescription?.sdp ?? ''; return done; });
};
"""
BYTES_OUT = """async () => [...(await lab.page.call.stats()).values()]
  .filter((report) => report.type === "outbound-rtp" && report.kind === "audio").map((report) => report.bytesSent)[0]"""


def kbps_out(visit: Visit, seconds: float = 4) -> float:
    before, began = visit.patient.page.evaluate(BYTES_OUT), time.monotonic()
    time.sleep(seconds)
    return float(visit.patient.page.evaluate(BYTES_OUT) - before) * 8 / 1000 / (time.monotonic() - began)


def test_from_20_to_150_hz_nothing_is_taken_out_and_speech_comes_back(visit: Visit) -> None:
    speech = deviations(visit)
    print("speech:", [round(each, 1) for each in speech])
    assert min(speech) < -3, "of speech the lowest tones are taken out, or this test shows nothing"
    begin(visit)
    wait_for("it is whole", lambda: heard(visit).startswith("Whole sound, nothing taken out."), 20)
    wait_for("the delay is shown", lambda: "ms later" in heard(visit))
    assert visit.patient.page.evaluate(PROCESSING) == [False, False, False]
    time.sleep(3)
    whole, kbps = deviations(visit, clean=0.99), kbps_out(visit)
    print(f"whole: {[round(each, 2) for each in whole]} dB at {kbps:.0f} kbit/s; {heard(visit)}")
    assert max(map(abs, whole)) < FLAT_DB
    assert visit.patient.page.evaluate(ASKED_BITRATE) == "256000"
    assert kbps >= 230
    visit.patient.press("sounds-off")
    wait_for("it is over", lambda: visit.doctor.page.locator("[data-call=sounds-heard]").is_hidden())
    assert "does not send heart and lung sounds now" in visit.doctor.text("status")
    assert visit.patient.page.evaluate(PROCESSING) == [True, True, True]
    wait_for("the bits of speech", lambda: kbps_out(visit, 2) < 60, 20)
    assert min(deviations(visit)) < -3


def test_she_may_decline_and_the_clinician_may_end_it(visit: Visit) -> None:
    visit.doctor.press("sounds")
    wait_for("she is asked", visit.patient.page.locator("[data-call=sounds]").is_visible)
    visit.patient.press("sounds-not")
    wait_for("it is said", lambda: "does not send heart and lung sounds now" in visit.doctor.text("status"))
    wait_for("nothing is asked any more", visit.patient.page.locator("[data-call=sounds]").is_hidden)
    begin(visit)
    wait_for("it is whole", lambda: heard(visit).startswith("Whole sound"), 20)
    visit.doctor.press("sounds")
    wait_for("speech again", lambda: visit.patient.page.evaluate(PROCESSING) == [True, True, True])
    wait_for("nothing is asked any more", visit.patient.page.locator("[data-call=sounds]").is_hidden)
    in_a_call(visit.people)


@pytest.mark.netns
def test_a_line_that_does_not_carry_them_is_said_not_hidden(playwright: Playwright, heart: Path) -> None:
    need(why_not())
    with Network() as network, LabServer(prefix=network.inside("hub"), host=network.hub_address) as lab:
        secure = f"--unsafely-treat-insecure-origin-as-secure={lab.address}"
        browsers = [
            launch(playwright.chromium, str(network.launcher(part, CHROMIUM_PROGRAM)), secure, hears(heart))
            for part in "ab"
        ]
        visit = Visit((browsers[0], browsers[1]), lab.address)
        try:
            in_a_call(visit.people)
            begin(visit)
            wait_for("it is whole", lambda: heard(visit).startswith("Whole sound"), 20)
            network.link.set(rate_kbit=64)
            wait_for("it is said", lambda: "Don’t judge by it" in heard(visit), 60)
        finally:
            for browser in browsers:
                browser.close()
