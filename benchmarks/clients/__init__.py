"""Clients to compare with: ``python -m benchmarks.clients.NAME URL SLOTS SHEET``.

Each reads the sheet of a campaign, posts the body that the product posts for each row, holds as
many calls open as there are slots (or as it can), and prints one line of JSON; see ``shared``.
"""
