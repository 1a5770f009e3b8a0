"""The workbench: curate conversations, train on them, compare, and bring the outputs back."""

__version__ = "0.1.0"
