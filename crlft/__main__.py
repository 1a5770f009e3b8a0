"""`python -m crlft`: the same as the `crlft` command."""

from crlft.cli import main

if __name__ == "__main__":
    main()
