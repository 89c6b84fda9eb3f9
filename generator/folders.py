"""Where things lie in a checkout: the one place that knows its folders."""

import os
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parent.parent
TEMPLATES: Final = CHECKOUT / "templates"
PAGES: Final = CHECKOUT / "site" / "pages"

# One folder a run. The variable keeps a trial or a test apart from what will be published.
MEASUREMENTS: Final = Path(os.environ.get("QUANTPRESS_MEASUREMENTS") or CHECKOUT / "measurements")

# What can be made again at any time.
CACHE: Final = CHECKOUT / ".cache" / "quantpress"
