"""The words inside Streamlit's file field, which it has in English only: set over by the style sheet."""

from __future__ import annotations

import json

import streamlit as st

_CSS = """
[data-testid="stFileUploaderDropzone"] button [data-testid="stMarkdownContainer"] p,
[data-testid="stFileUploaderDropzoneInstructions"] span { font-size: 0; }
[data-testid="stFileUploaderDropzone"] button [data-testid="stMarkdownContainer"] p::after,
[data-testid="stFileUploaderDropzoneInstructions"] span::after { font-size: .875rem; }
[data-testid="stFileUploaderDropzone"] button [data-testid="stMarkdownContainer"] p::after { content: %s; }
[data-testid="stFileUploaderDropzoneInstructions"] span::after { content: %s; }
"""


def upload_words(button: str, hint: str) -> None:
    """Put words of one's own on every file field of the page.

    Args:
        button: What stands on the button.
        hint: What stands beside it.
    """
    words = tuple(json.dumps(text, ensure_ascii=False).replace("<", "") for text in (button, hint))
    st.html(f"<style>{_CSS % words}</style>")
