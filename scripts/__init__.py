"""Commands for those who work on poku-batch; none of them is part of the program."""
