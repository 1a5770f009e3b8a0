"""Parts of pages that draw what services return."""
