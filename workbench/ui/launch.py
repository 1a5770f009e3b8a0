"""How the app is started: the arguments that `python -m` gets, theme and safety options included.

The app listens on 127.0.0.1 unless told otherwise, sends no usage statistics and watches no files. A project
that an app already serves is not served twice: the second start says where the first one is.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import NoReturn

import psutil

from workbench.domain.errors import ProjectError
from workbench.jobs.process import APP_MEMORY
from workbench.ui.theme import STREAMLIT_THEME

APP_FILE = Path(__file__).parent / "entry" / "script.py"
"""The script of the app's pages; `serve.py` beside it is what is served."""
MAX_UPLOAD_MEGABYTES = 2048
PORTS_TRIED = 20
START_SECONDS = 60
STOP_SECONDS = 10


def streamlit_arguments(port: int = 8501, address: str = "127.0.0.1") -> list[str]:
    """Return everything after `python -m` that serves the app: `streamlit run …/serve.py --server.port …`.

    Args:
        port: The TCP port to listen on.
        address: The address to bind; only 127.0.0.1 is safe without a login in front.
    """
    options: dict[str, str | int] = {
        "server.address": address,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": MAX_UPLOAD_MEGABYTES,
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": address,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "runner.magicEnabled": "false",
        # A search of all objects after every run: 135 ms with this app's modules, and nothing is sent meanwhile.
        # Python's own collection of garbage goes on.
        "runner.postScriptGC": "false",
        "logger.level": "warning",
        **STREAMLIT_THEME,
    }
    served = APP_FILE.with_name("serve.py")
    return ["streamlit", "run", str(served), *(f"--{name}={value}" for name, value in options.items())]


def free_port(port: int, address: str = "127.0.0.1") -> int:
    """Return `port`, or the next one that nobody listens on.

    Raises:
        ProjectError: The address is not this machine's, or `PORTS_TRIED` ports in a row are taken.
    """
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, candidate))
            except PermissionError:
                continue
            except OSError as error:
                if error.errno in _WRONG_ADDRESS:
                    raise ProjectError(f"cannot listen on {address}: {error.strerror}", "use 127.0.0.1") from None
                continue
            return candidate
    raise ProjectError(
        f"ports {port} to {port + PORTS_TRIED - 1} on {address} are all taken", "choose another with --port"
    )


_WRONG_ADDRESS = (99, 49, 22)
"""EADDRNOTAVAIL on Linux and macOS, EINVAL."""


def running_app(root: Path) -> str | None:
    """Return the address of the app that already serves this project, or None."""
    try:
        note = json.loads(_note_path(root).read_text("utf-8"))
        process = psutil.Process(int(note["pid"]))
        alive = process.is_running() and abs(process.create_time() - float(note["started"])) < 1
        return str(note["url"]) if alive and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def app_environment(root: Path) -> dict[str, str]:
    """Return the environment of the app's process; what somebody set otherwise stays."""
    return {**APP_MEMORY, **os.environ, "WORKBENCH_PROJECT": str(root.resolve())}


def run_app(root: Path, *, port: int = 8501, address: str = "127.0.0.1", open_browser: bool = True) -> None:
    """Serve the project until interrupted; its address is written to standard output.

    Args:
        root: The project's folder.
        port: Wished port; the next free one is taken if it is in use, and said.
        address: Where to listen; only this machine's own addresses, since the app has no login.
        open_browser: Open a window when the app answers.

    Raises:
        ProjectError: The address can be reached from outside, no port is free, or the app does not come up.
    """
    _refuse_outside(address)
    url = running_app(root)
    if url is not None:
        _say(f"This project is already open at {url}: use that window, or stop the other app first.")
        if open_browser:
            webbrowser.open(url)
        return
    taken = free_port(port, address)
    if taken != port:
        _say(f"Port {port} is in use; using {taken}.")
    url = f"http://{f'[{address}]' if ':' in address else address}:{taken}"
    process = subprocess.Popen(
        [sys.executable, "-m", *streamlit_arguments(taken, address)],
        env=app_environment(root),
        stdout=subprocess.DEVNULL,
    )
    for number in (signal.SIGINT, signal.SIGTERM):  # shells start background commands with SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        _note_path(root).write_text(
            json.dumps({"pid": process.pid, "started": psutil.Process(process.pid).create_time(), "url": url}),
            "utf-8",
        )
        _await(process, url)
        _say(f"The app is open at {url} (stop it with Ctrl-C).")
        if open_browser:
            webbrowser.open(url)
        process.wait()
    except KeyboardInterrupt:
        _say("Stopped. Jobs that were started keep running.")
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()  # decisions are committed as they are made: nothing waits in its memory
                process.wait()
        _note_path(root).unlink(missing_ok=True)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _refuse_outside(address: str) -> None:
    """Whoever reaches the app can read and change the project: without a login that is for this machine only."""
    try:
        inside = address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise ProjectError(
            f"the app has no login, so it does not listen on {address}",
            "leave --address away; from elsewhere, use an SSH tunnel (ssh -L 8501:127.0.0.1:8501 …)",
        )


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    """Wait until the app answers.

    Raises:
        ProjectError: It ended, or did not answer within `START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProjectError(
                f"the app ended while starting (exit code {process.returncode})",
                "read the lines above; reinstall with `make install` if a module is missing",
            )
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise ProjectError(f"the app did not answer at {url} within {START_SECONDS} s", "try another --port")


def _note_path(root: Path) -> Path:
    return root / "app.json"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
