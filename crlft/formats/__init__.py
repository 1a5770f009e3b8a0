"""Readers and writers: files of every conversation format to `Conversation` and back.

    containers   a file's rows, streaming, whatever its compression          open_rows(path)
    detect       which format the rows are in, and why                       detect(rows)
    FORMATS      the formats; the order is the order of detection            FORMATS["sharegpt"].read(row)
    rows_out     conversations to rows, pairs put together again             rows_out(form, outgoing, left_out)

Preference pairs and labelled answers stand before the formats whose signs they also show.
"""

from __future__ import annotations

from crlft.formats.alpaca import Alpaca
from crlft.formats.kto import KTO
from crlft.formats.messages import Messages
from crlft.formats.openchat import OpenChat
from crlft.formats.own import Workbench
from crlft.formats.preference import Preference
from crlft.formats.prompt_completion import PromptCompletion
from crlft.formats.protocol import Format, WritesAll
from crlft.formats.recognised import PLAIN_TEXT
from crlft.formats.sharegpt import ShareGPT

__all__ = ["FORMATS", "LABELLED", "READABLE", "WRITABLE", "Format"]

FORMATS: dict[str, Format] = {
    Workbench.name: Workbench(),
    Preference.name: Preference(),
    KTO.name: KTO(),
    OpenChat.name: OpenChat(),
    ShareGPT.name: ShareGPT(),
    Messages.name: Messages(),
    Alpaca.name: Alpaca(),
    PromptCompletion.name: PromptCompletion(),
    PLAIN_TEXT.name: PLAIN_TEXT,
}
"""Every format by name."""

READABLE = tuple(name for name, form in FORMATS.items() if form.readable)
"""Names of the formats that can be read."""

LABELLED = tuple(name for name, form in FORMATS.items() if isinstance(form, WritesAll))
"""Names of the formats that hold only conversations of a pair, or with a label: written by `rows_out` alone."""

WRITABLE = (*(name for name in READABLE if name not in (*LABELLED, Workbench.name)), Workbench.name)
"""Names of the formats that hold any conversation, a row for each; our own, which others do not know, last."""
