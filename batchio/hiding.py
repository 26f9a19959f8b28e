"""What makes a secret unreadable wherever text is made of what others have said.

Law: pure. It goes by the form alone: a secret that looks like any other word is kept out by whoever makes the text.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, cast

_NAMES = (
    *("access_?key", "access_?token", "account_?key", "client_?secret", "password", "pwd", "sas_?key", "secret"),
    *("shared_?access_?key", "shared_?access_?signature", "sig", "signature", "ssh_?private_?key", "token"),
)
_PROPERTIES = (*_NAMES, "data", "protected_?settings")
"""Of a certificate and of an extension, beside the others: too common as words to be looked for anywhere else."""


def _any_of(names: tuple[str, ...]) -> str:
    """One of the names. The letters that they begin with are all that is looked for at most places of a text."""
    ends = {first: "|".join(name[1:] for name in names if name[0] == first) for first in sorted({n[0] for n in names})}
    tails = "|".join(f"(?<={first})(?:{tail})" for first, tail in ends.items())
    return f"[{''.join(ends)}{''.join(ends).upper()}](?i:(?<![a-z].)|(?<=%[0-9a-f]{{2}}.))(?i:{tails})"


_STRING = r"""\\?"(?:[^"\\]|\\.)*"?"""
_NAMED = re.compile(rf"(?:.*[^a-z])?(?:{'|'.join(_PROPERTIES)})", re.IGNORECASE | re.DOTALL)
_SECRETS = (
    # sig=..., of a SAS URL or a connection string, also in a URL inside of a URL or where JSON has escaped it
    (("=", "%", "\\u003"), rf"""({_any_of(_NAMES)}(?:=|(?i:%(?:25)*3d|\\u003d)))[^&\s'"<>\\]+"""),
    # "password": "...", also in JSON inside of JSON
    (('"',), rf"""("(?i:{"|".join(_PROPERTIES)})\\?"\s*:\s*(?=[{{"\\]))(?:\{{[^{{}}]*\}}?|{_STRING})"""),
    # "name": "...", "value": "..." of an environment setting
    (('"value',), rf"""("name\\?"\s*:\s*\\?"[^"]*"\s*,\s*\\?"value\\?"\s*:\s*){_STRING}"""),
    # Authorization
    (("earer", "asic"), r"([bB](?<!\w.)(?i:earer|asic)\s+)[A-Za-z0-9+/=._~-]{16,}"),
    (("haredkey",), r"([sS](?<!\w.)(?i:haredKey(?:Lite)?)\s+[^\s:]+:)[A-Za-z0-9+/=]{16,}"),
    # user:password@ of a URL
    (("@",), r"""(://)[^/?\#\s@'"<>]+(?=@)"""),
)
_LOOKED_FOR = [(signs, re.compile(pattern)) for signs, pattern in _SECRETS]
"""What stands, in small letters, in every text with such a secret and is quick to look for; and the secret itself, of
which stays what is in the group."""


def without_secrets(text: str) -> str:
    """The text with what can be told to be a secret cut out.

    >>> without_secrets("https://x/y?sv=1&sig=abc%3D&se=2")
    'https://x/y?sv=1&sig=***&se=2'
    """
    small = text.lower()
    for signs, pattern in _LOOKED_FOR:
        for sign in signs:
            if sign in small:
                text = pattern.sub(r"\1***", text)
                break
    return text


def repr_of(struct: Any) -> str:
    """The `repr` of a struct without secrets."""
    fields = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    return without_secrets(f"{type(struct).__name__}({', '.join(f'{name}={value!r}' for name, value in fields)})")


def shown(value: Any, name: str = "") -> Any:
    """JSON, decoded, as it can be shown; `name`: of the property that it is the value of."""
    if names_secret(name):
        return "***"
    if isinstance(value, dict):
        return {key: shown(item, key) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [shown(item) for item in cast("list[object]", value)]
    return without_secrets(value) if isinstance(value, str) else value


def names_secret(path: str) -> bool:
    """Whether what a path leads to is a secret by its name.

    >>> names_secret("userAccounts[0].password"), names_secret("resizeTimeout")
    (True, False)
    """
    return _NAMED.fullmatch(path) is not None


def cause(error: BaseException) -> BaseException | None:
    """An error of a library as it may hang under one of ours: without the frames that it went through, and None where
    its own words show a secret.
    """
    link: BaseException | None = error
    while link is not None:
        shown = repr(link)
        # That of a UnicodeError holds the whole text that it is about.
        if isinstance(link, UnicodeError) or without_secrets(shown) != shown:
            return None
        link.__traceback__ = None
        link = link.__cause__
    return error


class without_frames:  # noqa: N801 - reads as what it does: with without_frames(DecodeError)
    """A block whose errors of some kinds lose the frames that they went through.

    Frames hold signatures, tokens and bodies, and tools that report errors show what frames hold.
    """

    __slots__ = ("_kinds",)

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, self._kinds):
            error.__traceback__ = None
