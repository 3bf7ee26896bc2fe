"""The command line: arguments in, ``app`` called, words and exit codes out."""
