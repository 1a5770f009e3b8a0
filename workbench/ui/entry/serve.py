"""The script that `streamlit run` is given.

Streamlit takes a folder `pages/` beside its script for an app of the old kind, and runs a page without the app
around it when the first address opened after a start is that page's. So the script does not stand beside it.
"""

from workbench.ui.app import main

if __name__ == "__main__":
    main()
