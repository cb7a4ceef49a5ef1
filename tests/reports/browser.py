"""A real Chromium without a window, driven by its own chromedriver: as much of WebDriver as tests of a page need.

Both are Debian packages (`chromium`, `chromium-driver`). What drives them is plain HTTP with JSON, as the W3C's
recommendation "WebDriver" has it.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["DRIVER", "Browser", "browsing"]

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-default-browser-check", "--force-prefers-reduced-motion"),
)

KEYS = {"left": "\ue012", "right": "\ue014", "end": "\ue010", "home": "\ue011", "enter": "\ue007", "escape": "\ue00c"}

WAITS_S = 30


class Browser:
    """One session; scripts run in the page as it is."""

    def __init__(self, address: str, profile: str) -> None:
        self._address = address
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"], **({"binary": CHROMIUM} if CHROMIUM else {})}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            said = json.load(error)["value"]
            raise AssertionError(f"{said['error']}: {said['message']}") from None

    def command(self, method: str, path: str, **body: Any) -> Any:
        """Send a command of WebDriver's within the session."""
        return self._call(method, f"{self._session}{path}", body if method == "POST" else None)

    def open(self, file: Path, fragment: str = "") -> None:
        """Open a page from a file, anew: a change of the fragment alone would not load it again."""
        self.command("POST", "/url", url="about:blank")
        self.command("POST", "/url", url=f"{file.resolve().as_uri()}{fragment}")

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns; a promise is waited for."""
        return self.command("POST", "/execute/sync", script=script, args=list(arguments))

    def wait(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + WAITS_S
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition} did not come true"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        strokes = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self.command("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def click(self, selector: str) -> None:
        """Click on the first element that a selector finds, as a pointer does: what covers it is clicked instead."""
        found = self.command("POST", "/element", using="css selector", value=selector)
        self.command("POST", f"/element/{next(iter(found.values()))}/click")

    def size(self, width: int, height: int) -> None:
        """Give the page this size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", **metrics)

    def prefers(self, scheme: str) -> None:
        """Let the reader prefer "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.devtools("Emulation.setEmulatedMedia", features=features)

    def devtools(self, name: str, **parameters: Any) -> Any:
        """Send a command of Chromium's own."""
        return self.command("POST", "/goog/cdp/execute", cmd=name, params=parameters)

    def picture(self, *, whole: bool = False) -> bytes:
        """Return a PNG of what is to be seen, or of the whole page."""
        if whole:
            shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
            return base64.b64decode(shot["data"])
        return base64.b64decode(self.command("GET", "/screenshot"))

    def complaints(self) -> list[str]:
        """Return what the console says, since it was last asked."""
        return [each["message"] for each in self.command("POST", "/se/log", type="browser")]

    def close(self) -> None:
        """End the session."""
        self.command("DELETE", "")


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser with an empty profile, and end it."""
    assert DRIVER is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        driver = subprocess.Popen(
            [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
        )
        try:
            assert driver.stdout is not None
            port = next(found[1] for line in driver.stdout if (found := re.search(r"on port (\d+)\.", line)))
            browser = Browser(f"http://127.0.0.1:{port}", f"{folder}/profile")
            try:
                yield browser
            finally:
                browser.close()
        finally:
            driver.terminate()
            driver.wait(30)
            if driver.stdout is not None:
                driver.stdout.close()
