"""Everything in the documentation that is made: ``python -m scripts.docs [--update]``.

Without ``--update`` it says which pages are not as they would be made, and leaves with 1.
"""

import sys

from scripts import campaign_page, command_pages, transcripts


def main(arguments: list[str]) -> int:
    """Make the page of keys, the command pages and the transcripts."""
    pages = [page for page in transcripts.staged_pages() if page.parent.name != "commands"]
    named = [*arguments, *map(str, pages)]
    codes = (
        campaign_page.main(arguments),
        command_pages.main(arguments),
        transcripts.main(named) if pages else 0,
    )
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
