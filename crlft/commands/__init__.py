"""Commands of `crlft` that need a module of their own; each is registered with one line in `crlft.cli`."""
