"""batchio: an asyncio client of Azure Batch that adds millions of tasks and never loses one.

Law: the names of `batchio.public` are imported when the first of them is asked for. The command line comes through
here, too, and has its help ready before a client would be.
"""

import importlib.util
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from .public import *  # noqa: F403 - what it exports is what there is


def __getattr__(name: str) -> Any:
    if name == "__all__" or not name.startswith("__"):
        if importlib.util.find_spec(f"{__name__}.{name}"):
            # A module of ours: what asks for it may itself be on the way into `public`.
            return importlib.import_module(f".{name}", __name__)
        public = importlib.import_module(".public", __name__)
        names = {each: getattr(public, each) for each in public.__all__} | {"__all__": public.__all__}
        globals().update(names)
        if name in names:
            return names[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__getattr__("__all__"))
