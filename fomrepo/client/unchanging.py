"""Objects that say what is so at a site: what a user sets on them would hide what they say."""

from __future__ import annotations

from typing import Any


class Unchanging:
    """Refuses public attributes from outside after :meth:`_made`."""

    def _made(self) -> None:
        """Take no attribute any more; the last line of a constructor."""
        self.__dict__["_is_made"] = True

    def __setattr__(self, name: str, value: Any) -> None:
        if "_is_made" in self.__dict__ and not name.startswith("_"):
            raise AttributeError(
                f"{name!r} cannot be set: a {type(self).__name__} says what a site said; use a variable of your own",
                name=name,
                obj=self,
            )
        super().__setattr__(name, value)
