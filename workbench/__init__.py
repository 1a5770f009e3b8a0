"""The workbench: curate conversations, train on them, compare, and bring the outputs back."""
