"""Translations of the interface, one module for each language and part: English text → translated text."""
