"""Who may come in: keys, requests a minute, characters a month."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calque.recipes.key import ANONYMOUS
from calque.server.keys import Holder, Keys, digest
from calque.server.ledger import Ledger, Usage
from calque.server.refusal import Refusal

if TYPE_CHECKING:
    from calque.recipes.serve import Serve

CLIENTS = 10_000  # whose rates are remembered


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who was let in. What belongs to one `name` is never shown to another.

    `rated` is by whom requests are counted a minute: the name, or the address of those without a key.
    """

    name: str
    rated: str
    characters: int | None = None
    per_minute: int | None = None
    admin: bool = False


class Gate:
    """Lets requests in. Without a file of keys everybody comes in, with any key or none.

    Raises:
        DataError: the file of keys or the database cannot be used.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._keys = self.read()
        self.ledger = Ledger(serve.database)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by client: tokens left, and when

    @property
    def keyed(self) -> bool:
        """Whether a key is required."""
        return self._keys is not None

    def read(self) -> Keys | None:
        """The file of keys as it is now; None where there is none. Nobody is let in by it before `swap`.

        Raises:
            DataError: the file of keys cannot be used.
        """
        return None if self._serve.keys is None else Keys.read(self._serve.keys)

    def swap(self, keys: Keys | None) -> None:
        """Let in by other keys from now on."""
        self._keys = keys

    def who(self, key: str | None, address: str = "") -> Who:
        """Who comes with this key, from this address.

        Raises:
            Refusal: no_key, wrong_key.
        """
        if self._keys is None:
            name = f"key-{digest(key)[:16]}" if key else ANONYMOUS
            return Who(name, f"address {address}", per_minute=self._serve.per_minute)
        if not key:
            raise Refusal("no_key", "a key is required: ask who runs this server for one")
        holder = self._keys.holder(key)
        if holder is None:
            raise Refusal("wrong_key", "this key is not known here")
        return _known(holder, self._serve.per_minute)

    def enter(self, key: str | None, characters: int, address: str = "") -> Who:
        """Let a request in that translates so many characters, and count them; `give_back` uncounts them.

        Raises:
            Refusal: no_key, wrong_key, too_often, quota.
        """
        who = self.who(key, address)
        self._count(who, characters)
        return who

    @contextmanager
    def entered(self, key: str | None, characters: int, address: str = "") -> Iterator[Who]:
        """As `enter`; the characters are uncounted where the block fails or is cancelled."""
        who = self.who(key, address)
        month = self._count(who, characters)
        try:
            yield who
        except BaseException:
            self.ledger.give_back(who.name, month, characters)
            raise

    @contextmanager
    def charged(self, who: Who, characters: int) -> Iterator[None]:
        """Count characters of somebody who is in already, such as for a document; uncounted where the block fails.

        Raises:
            Refusal: quota.
        """
        month = self._reserve(who, characters)
        try:
            yield
        except BaseException:
            self.ledger.give_back(who.name, month, characters)
            raise

    def usage(self, who: Who) -> Usage:
        """What somebody has used this month."""
        return self.ledger.usage(who.name, who.characters)

    def _count(self, who: Who, characters: int) -> str:
        self._check_rate(who)
        return self._reserve(who, characters)

    def _reserve(self, who: Who, characters: int) -> str:
        month = self.ledger.reserve(who.name, characters, who.characters)
        if month is None:
            raise Refusal("quota", f"the {who.characters} characters of this month are used up")
        return month

    def _check_rate(self, who: Who) -> None:
        """A bucket that holds a minute's requests and fills steadily."""
        if who.per_minute is None:
            return
        now = time.monotonic()
        left, then = self._buckets.pop(who.rated, (float(who.per_minute), now))
        left = min(left + (now - then) * who.per_minute / 60, float(who.per_minute))
        self._buckets[who.rated] = (max(left - 1, 0.0) if left >= 1 else left, now)
        while len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        if left < 1:
            seconds = math.ceil((1 - left) * 60 / who.per_minute)
            raise Refusal("too_often", f"more than {who.per_minute} requests a minute: slow down", retry_after=seconds)


def _known(holder: Holder, per_minute: int | None) -> Who:
    return Who(
        holder.name,
        f"name {holder.name}",
        characters=holder.characters,
        per_minute=per_minute if holder.per_minute is None else holder.per_minute,
        admin=holder.admin,
    )
