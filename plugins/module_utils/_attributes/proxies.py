# Copyright: Contributors to the amikit.aws collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Note that this module util is PRIVATE to the collection. It can have breaking changes at any time.

"""The proxies on the way to AWS, whose user names and passwords must not be shown.

No connection is made here.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote
from urllib.request import getproxies

_SCHEMES = ("http", "https", "all")  # as in the variables HTTP_PROXY, http_proxy, …
_SCHEME = r"([a-z][a-z0-9+.-]*://|(https?:)?(//)?)"
_USER = r"((?P<user>[\w.~!$&'()*+,;=:%-]*)@)?"
_HOST = r"([\w.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?/?"
_PROXY = re.compile(_SCHEME + _USER + _HOST, re.ASCII | re.IGNORECASE)


class Proxies:
    """The proxies of the environment, and those of a task's aws_config in whatever form they are written.

    ``secret_options`` are the task's URLs that contain credentials. They are whole URLs, so that masking them masks
    nothing else.
    """

    def __init__(self, of_task: t.Any) -> None:
        written = list(_texts(of_task))
        self.secret_options = [url for url in written if _secret(url)]
        of_environment = [url for scheme, url in getproxies().items() if scheme in _SCHEMES]
        self._words = {word for url in (*written, *of_environment) for word in _words(_secret(url))}

    def may_be_quoted_in(self, text: str) -> bool:
        """Tell whether the text may contain part of a user name or password.

        botocore and urllib3 split a URL at whatever looks like a delimiter, decode the parts and convert them to lower
        case, so an error may quote pieces of a malformed URL in any of these forms. A text that contains none of the
        words in the credentials contains no piece of them.
        """
        small = text.lower()
        return any(word in small for word in self._words)


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, t.Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif value:
        yield str(value)


def _secret(url: str) -> str:
    """Return the credentials in a proxy's URL, or the whole URL if they cannot be separated from the rest."""
    found = _PROXY.fullmatch(url)
    return (found["user"] or "") if found else url


def _words(secret: str) -> set[str]:
    """Return the words in a secret, or the empty word, which is in every text, if it does not consist of words."""
    if not secret:
        return set()
    plain = f"{secret} {unquote(secret)}".lower()
    words = set(re.findall("[0-9a-z]+", plain))
    return words if words and plain.isascii() else {""}
