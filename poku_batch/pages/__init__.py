"""What report and dashboard share: the style sheet, charts, words and numbers of a page."""
