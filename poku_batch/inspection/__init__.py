"""What looks wrong in a sheet, row by row, and how it could be mended; nothing is decided here."""
