"""What all pages share: their style and templates (``templates``), words and badges (``words``)."""
