"""The script that draws every page, run anew for each visitor's click."""

from workbench.ui.app import main

if __name__ == "__main__":
    main()
