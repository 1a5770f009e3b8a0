"""Small drawing pieces without knowledge of services."""
