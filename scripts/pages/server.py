"""The real server, as the checks of the example backends start it."""

import sys

sys.path.insert(1, "examples/check")

from menshen import SERVER, Menshen  # noqa: E402, F401
