"""``python -m poku_batch``."""

from poku_batch.cli.main import main

if __name__ == "__main__":
    main()
