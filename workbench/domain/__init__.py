"""Plain dataclasses that every layer shares."""
