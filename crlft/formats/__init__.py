"""Readers and writers: files of every conversation format to `Conversation` and back."""
