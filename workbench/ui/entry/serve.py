"""What `streamlit run` is given: the app's script, and the one address beside it that live pages ask.

Streamlit takes a folder `pages/` beside its script for an app of the old kind, and runs a page without the app
around it when the first address opened after a start is that page's. So the script (`script.py`) does not stand
beside it.
"""

import gc
from pathlib import Path

import streamlit as st

from workbench.ui.live_address import ROUTES
from workbench.ui.views import browse, frame

LOADED = (frame, browse)
"""Loaded before the first visitor comes; with them nearly all that every page needs."""

app = st.App(Path(__file__).with_name("script.py"), routes=ROUTES)
"""The script that draws every page, run anew for each visitor's click."""

# What is loaded by now stays to the end. A full search for garbage looked through these 190,000 objects each time,
# for up to 200 ms, in the middle of somebody's key press.
gc.collect()
gc.freeze()
