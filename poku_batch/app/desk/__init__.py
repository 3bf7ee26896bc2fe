"""What the dashboard asks of the program, for the campaigns of one folder."""
