"""What is cut out of a text, and what stays."""

from __future__ import annotations

import pytest

from batchio.hiding import cause, names_secret, shown, without_secrets

TOKEN = "aBc-dEf.gHi_jKl~mNo"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://x/y?sv=1&sig=a%2Bb%3D&se=2", "https://x/y?sv=1&sig=***&se=2"),
        ("go=https%3A%2F%2Fx%2Fy%3Fsig%3Da%252Bb end", "go=https%3A%2F%2Fx%2Fy%3Fsig%3D*** end"),
        ("%2526sig%253Dabc end", "%2526sig%253D*** end"),
        (r'"https://x/y?a=1\u0026sig\u003dabc\u0026b=2"', r'"https://x/y?a=1\u0026sig\u003d***\u0026b=2"'),
        ("AccountName=a;AccountKey=abc==", "AccountName=a;AccountKey=***"),
        ("--token=abc TOKEN='abc' my_token=abc", "--token=*** TOKEN='abc' my_token=***"),
        ('{"password": "a\\"b", "x": 1}', '{"password": ***, "x": 1}'),
        ('{"protectedSettings": {"a": "b"}, "x": 1}', '{"protectedSettings": ***, "x": 1}'),
        ('{"name": "N", "value": "abc"}', '{"name": "N", "value": ***}'),
        (f"authorization: Bearer {TOKEN}", "authorization: Bearer ***"),
        ("SharedKey acme:aBcDeFgHiJkLmNoPq=", "SharedKey acme:***"),
        ("proxy http://user:word@host:1/x?a@b", "proxy http://***@host:1/x?a@b"),
    ],
)
def test_what_is_cut_out(text: str, left: str) -> None:
    assert without_secrets(text) == left
    assert without_secrets(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The specified job does not exist.\nTime:2024-01-01T00:00:00Z",
        "$skiptoken=abc&design=abc&resig=abc",
        "Authorization is SharedKey or Bearer",
        "a basic thing that is not a credential",
        '{"message": {"lang": "en-US", "value": "No."}}',
        "https://acme.batch.azure.com/jobs/j?api-version=1 of user@host",
        '"password" is required',
    ],
)
def test_what_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_json_by_the_names_of_its_properties() -> None:
    found = {"password": "abc", "data": ["abc"], "id": "x", "list": [{"accountKey": "abc"}, "?sig=abc", 1, None]}
    left = {"password": "***", "data": "***", "id": "x", "list": [{"accountKey": "***"}, "?sig=***", 1, None]}
    assert shown(found) == left
    assert names_secret("userAccounts[0].password")
    assert not names_secret("metadata")


def test_what_hangs_under_an_error() -> None:
    clean, dirty = OSError("refused"), OSError("refused")
    dirty.__cause__ = ValueError("GET /?sig=abc")
    with pytest.raises(OSError, match="refused"):
        raise clean
    assert cause(clean) is clean
    assert clean.__traceback__ is None
    assert cause(dirty) is None
    assert cause(UnicodeDecodeError("utf-8", b"abc\xff", 3, 4, "invalid start byte")) is None
