"""One address beside the app's pages: a live run's figures as JSON, asked for by its page every two seconds.

A script run for each tick would cost page and browser ten times what the figures are worth: every element of the
page is looked at again, on the very machine that trains. It can be read only, and by this machine only.
"""

from __future__ import annotations

import ipaddress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.domain.errors import NotFound
from workbench.ui import i18n, state
from workbench.ui.views.train_live import live_text
from workbench.ui.widgets.live_run import ADDRESS


def is_own(host: str | None) -> bool:
    """Whether a request names this machine; a foreign name that leads here could be any web page's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def run_now(request: Request) -> Response:
    """Answer `?run=ID&lang=CODE&charts=MARK`: charts only where they look other than those of that mark."""
    if not is_own(request.url.hostname):
        return Response(status_code=403)
    asked = request.query_params
    i18n.use_language(asked.get("lang"))  # the thread's own context: the next request has another
    try:
        text = live_text(state.current_project(), asked.get("run", ""), charts=asked.get("charts"))
    except NotFound:
        return Response(status_code=404)
    finally:
        i18n.use_language(None)
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


ROUTES = [Route(ADDRESS, run_now)]
