"""Sheets at an address: fetched into a private file, within bounds."""
