"""DataTables, from the files of the package itables: made to stand in a page as one module.

The package itself is not imported: it would bring pandas along.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from poku_batch.errors import ResultsError

#: What the module gives to others, at its end; the default of it is DataTables.
_EXPORTS = re.compile(r"\bexport\s*\{([^}]*)\};?")
_DEFAULT = re.compile(r"([\w$]+) as default\b")
#: What would end a script in a page, or change how its end is found.
_MARKUP = re.compile(r"<(?=!--|/?script)", re.IGNORECASE)

#: Who made what stands in the page.
NOTICE = (
    "DataTables, (c) SpryMedia Ltd, MIT; jQuery, (c) OpenJS Foundation, MIT; "
    "both as bundled by itables, (c) Marc Wouts, MIT"
)


@cache
def data_tables() -> str:
    """The source of DataTables (JavaScript), which it names ``DataTable``, to be followed by ours.

    Raises ``ResultsError`` where the package is not as it is known.
    """
    spec = find_spec("itables")
    path = Path(spec.origin or "").parent / "html" / "dt_bundle.js" if spec else Path()
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{path}: the table's program cannot be read: {error}") from error
    exports = _EXPORTS.search(source)
    default = _DEFAULT.search(exports.group(1)) if exports else None
    if exports is None or default is None:
        raise ResultsError(f"{path}: is another version of itables than is known here")
    named = f"const DataTable = {default.group(1)};"
    source = source[: exports.start()] + named + source[exports.end() :]
    # The same text, to a script.
    return _MARKUP.sub(r"\\x3C", source)
