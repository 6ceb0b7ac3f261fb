"""A server of a scene: ordinary lines first, then its visitors, then its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from extriage.samples import noise, pages
from extriage.samples.ledger import Ledger
from extriage.samples.organisation import Dice, User, dice, organisation
from extriage.samples.spec import ServerSpec
from extriage.samples.visitor import Truth, Visitor


@dataclass(frozen=True, slots=True)
class Scene:
    """A server that is being written."""

    ledger: Ledger
    rng: Dice

    @property
    def users(self) -> tuple[User, ...]:
        """Return those who have a mailbox."""
        return self.ledger.org.users


def opened(spec: ServerSpec) -> Scene:
    """Return a server with nothing but its ordinary days."""
    ledger = Ledger(spec, organisation(spec))
    noise.fill(ledger)
    pages.benign(ledger, dice(spec, "pages"))
    return Scene(ledger, dice(spec, "intrusion"))


def closed(scene: Scene, folder: Path, visitors: Iterable[Visitor]) -> Truth:
    """Write the server's files; return who came to it."""
    scene.ledger.write(folder)
    return Truth(scene.ledger.spec.name, tuple(visitor.visit() for visitor in visitors))


def named(users: Iterable[User], name: str) -> User:
    """Return a user by the name of the account."""
    return next(user for user in users if user.account.endswith(f"\\{name}"))
