"""What `streamlit run` is given: the app's script, and the one address beside it that live pages ask.

Streamlit takes a folder `pages/` beside its script for an app of the old kind, and runs a page without the app
around it when the first address opened after a start is that page's. So the script (`script.py`) does not stand
beside it.
"""

from pathlib import Path

import streamlit as st

from workbench.ui.live_address import ROUTES

app = st.App(Path(__file__).with_name("script.py"), routes=ROUTES)
