"""Copy of a shop that the sync reads in its place: ids of text are numbers there, and every row tells when it changed.

The sync runs a round of the copy before it begins, so that it sees what the shop had when it was started. The copy has
the canonical columns, in the platform's database.
"""

from sqlalchemy import Engine

from features.sync.source.retries import RefusedError, retry_while_unreachable
from shop.catalogue.copier import CatalogueCopier, MassDeletionError, Round
from shop.catalogue.lock import CopyIsBusyError
from shop.catalogue.source import ShopSource
from shop.mapping.id_map import IdMap
from shop.mapping.model import ShopMapping
from shop.migrate import PLATFORM, migrate
from shop.money import Currency


def copy_shop(
    shop: Engine,
    platform: Engine,
    mapping: ShopMapping,
    currency: Currency,
    *,
    full: bool = False,
    accepts_deletions: bool = False,
) -> list[str]:
    """Bring the copy up to the shop as it is now.

    Args:
        shop: the shop's database; SELECT is enough.
        platform: the platform's database, which is another one, for writing.
        mapping: what the shop's tables mean.
        currency: of the shop's prices.
        full: compare every row, whatever its change column says.
        accepts_deletions: follow a shop that lacks most of what it had.

    Returns:
        A warning for each table with rows that cannot be copied.

    Raises:
        UnreachableError: a database does not answer; what was copied stays, and the next run goes on.
        RefusedError: a database refuses, the shop lacks most of what it had, or another process holds the copy.
    """
    kind = Round.WHOLE if full else Round.EXACT

    def run(_heard: object) -> list[str]:
        migrate(platform, PLATFORM)
        source = ShopSource(shop, mapping, IdMap(platform), currency)
        reports = CatalogueCopier(source, platform, accepts_deletions=accepts_deletions).run_round(kind)
        return [f"the copy of the shop: {report}" for report in reports if report.num_set_aside]

    try:
        return retry_while_unreachable([shop, platform], run)
    except (MassDeletionError, CopyIsBusyError) as err:
        raise RefusedError(str(err)) from err
