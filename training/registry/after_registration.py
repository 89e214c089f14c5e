"""Steps after a registration, idempotent: verify the version as serving will, then move the aliases."""

import logging

from settings import Settings
from shop.database import open_engine
from training.ranking.ranker import Ranker
from training.registry.alias import MoveError, move_champion
from training.registry.client import CHALLENGER, CHAMPION, Registry
from training.registry.copies import fetch_copy
from training.registry.eligibility import REASON, VERDICT

SETTLED, VALIDATED = "settled", "validated"
GATE = "gate"

logger = logging.getLogger(__name__)


def settle(registry: Registry, version: int, settings: Settings) -> None:
    """Validate a registered version, name it challenger, and let the gate's `promote` move the champion where it may.

    It may where nothing serves yet, and with `auto_promote`. Idempotent: a rerun completes an interrupted one, and one
    after a reviewer's decision changes nothing.

    Args:
        registry: where it is registered.
        version: number.
        settings: folder of versions, the platform's database, `auto_promote`.

    Raises:
        ArtefactError: what was registered is not what was uploaded, or scores otherwise.
        RegistryError: MLflow could not be reached.
    """
    tags = registry.tags(version)
    if SETTLED in tags:
        return
    ranker = Ranker.load(fetch_copy(registry, version, settings.var_dir / "models"))
    registry.tag(version, VALIDATED, f"golden rows within {ranker.check_golden():.1e}")
    registry.set_alias(CHALLENGER, version)
    champion = registry.resolve_alias(CHAMPION)
    if tags[VERDICT] == "promote" and champion != version and (champion is None or settings.auto_promote):
        _promote(registry, version, champion, tags[REASON], settings)
    registry.tag(version, SETTLED, "yes")


def _promote(registry: Registry, version: int, champion: int | None, why: str, settings: Settings) -> None:
    engine = open_engine(settings.platform_database_url)
    try:
        move_champion(registry, engine, version, champion, actor=GATE, why=why)
    except MoveError as err:  # a reviewer was quicker, and has the last word
        logger.warning("not promoted version=%d reason=%s", version, err)
    finally:
        engine.dispose()
