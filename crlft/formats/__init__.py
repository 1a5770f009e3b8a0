"""Readers and writers: files of every conversation format to `Conversation` and back.

    containers   a file's rows, streaming, whatever its compression          open_rows(path)
    detect       which format the rows are in, and why                       detect(rows)
    FORMATS      the formats; the order is the order of detection            FORMATS["sharegpt"].read(row)

Preference pairs stand before the formats whose signs they also show.
"""

from __future__ import annotations

from crlft.formats.alpaca import Alpaca
from crlft.formats.messages import Messages
from crlft.formats.openchat import OpenChat
from crlft.formats.prompt_completion import PromptCompletion
from crlft.formats.protocol import Format
from crlft.formats.recognised import PLAIN_TEXT, PREFERENCE
from crlft.formats.sharegpt import ShareGPT

__all__ = ["FORMATS", "WRITABLE", "Format"]

FORMATS: dict[str, Format] = {
    PREFERENCE.name: PREFERENCE,
    OpenChat.name: OpenChat(),
    ShareGPT.name: ShareGPT(),
    Messages.name: Messages(),
    Alpaca.name: Alpaca(),
    PromptCompletion.name: PromptCompletion(),
    PLAIN_TEXT.name: PLAIN_TEXT,
}
"""Every format by name."""

WRITABLE = tuple(name for name, form in FORMATS.items() if form.readable)
"""Names of the formats that can be read and written."""
