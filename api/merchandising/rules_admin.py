"""Rules as their admin writes them: checked against the shop and each other, noted, and in force at once."""

import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from api.db.databases import Databases
from api.db.reader import DatabaseUnavailableError
from api.db.writer import DatabaseWriter
from api.merchandising.rules_cache import RulesCache
from api.queries.rule_changes import create_rule, delete_rule, fetch_changes, replace_rule
from api.queries.rules import Rule, fetch_members, fetch_rules
from api.schemas import ErrorDetail
from api.schemas.rules import ListedRule, RuleChange, RuleChanges, RuleDraft, Rules, RuleState
from api.web.errors import ApiError
from shop.tables import Category, Product

ID_FIELDS = {"product": "product_id", "family": "product_id", "category": "category_id"}


@dataclass(frozen=True)
class _Meant:
    """What the shop knows of a rule's target.

    Attributes:
        covering: the targets whose rules mean all that this one means.
        category_id: of a product, or the department itself.
    """

    covering: frozenset[tuple[str, Any]]
    category_id: int | None = None


class RulesAdmin:
    """Lists and changes the merchant's rules."""

    def __init__(
        self,
        databases: Databases,
        writer: DatabaseWriter,
        rules: RulesCache,
        get_restricted: Callable[[], Collection[int]],
    ):
        """Take the dependencies.

        Args:
            databases: the shop's and the platform's.
            writer: of the platform's database.
            rules: holds the rules in force.
            get_restricted: gives the departments that are never recommended.
        """
        self._databases = databases
        self._writer = writer
        self._rules = rules
        self._get_restricted = get_restricted

    async def list_rules(self) -> Rules:
        """List all rules, the newest first.

        Raises:
            DatabaseUnavailableError: a database fails or is too slow.
        """
        rules = await self._databases.platform.read(fetch_rules)
        return Rules(rules=await self._describe(rules[::-1]))

    async def list_changes(self) -> RuleChanges:
        """List the latest changes, the last one first.

        Raises:
            DatabaseUnavailableError: the platform's database fails or is too slow.
        """
        changes = await self._databases.platform.read(fetch_changes)
        return RuleChanges(
            changes=[
                RuleChange(**each._asdict() | {"before": _to_draft(each.before), "after": _to_draft(each.after)})
                for each in changes
            ]
        )

    async def create(self, draft: RuleDraft, changed_by: str) -> ListedRule:
        """Write a new rule.

        Raises:
            ApiError: 409 where it contradicts another rule, 422 where the shop knows nothing that it means.
            DatabaseUnavailableError: a database fails; where it was written all the same, sending it again is a 409.
        """
        return await self._write(to_rule(draft), changed_by)

    async def replace(self, rule_id: int, draft: RuleDraft, changed_by: str) -> ListedRule:
        """Write a rule over another.

        Raises:
            ApiError: as `create` does; 404 where there is no such rule.
            DatabaseUnavailableError: a database fails; sending it again is safe.
        """
        return await self._write(to_rule(draft, rule_id), changed_by)

    async def delete(self, rule_id: int, changed_by: str) -> None:
        """Delete a rule.

        Raises:
            ApiError: 404 where there is no such rule (any more).
            DatabaseUnavailableError: the platform's database fails.
        """
        if not await self._writer.write(delete_rule, rule_id, changed_by):
            raise _no_such(rule_id)
        await self._put_in_force()

    async def _write(self, rule: Rule, changed_by: str) -> ListedRule:
        meant = await self._databases.shop.read(_find_meant, rule)
        if rule.action == "pin" and meant.category_id in self._get_restricted():
            raise _conflict("restricted", "Its department is restricted, so that no homepage shows it.")

        def check(others: Collection[Rule]) -> None:
            _require_agreement(rule, meant, others)

        if not rule.rule_id:
            rule = await self._writer.write(create_rule, rule, changed_by, check)
        elif not await self._writer.write(replace_rule, rule, changed_by, check):
            raise _no_such(rule.rule_id)
        await self._put_in_force()
        [listed] = await self._describe([rule])
        return listed

    async def _put_in_force(self) -> None:
        """Let this process obey at once; if it cannot read now, it will within a second, as the others do."""
        with contextlib.suppress(DatabaseUnavailableError):
            await self._rules.renew(self._databases)

    async def _describe(self, rules: Collection[Rule]) -> list[ListedRule]:
        names = await self._databases.shop.read(_fetch_names, rules)
        now = datetime.now(UTC)
        return [
            ListedRule(
                **_to_fields(vars(rule)),
                rule_id=rule.rule_id,
                state=_find_state(rule, now),
                target_name=names.get(_name_kind(rule)),
            )
            for rule in rules
        ]


def to_rule(draft: RuleDraft, rule_id: int = 0) -> Rule:
    """Make the rule that a draft describes."""
    fields = draft.model_dump(exclude={"target"})
    target = draft.target.model_dump()
    kind = target.pop("kind")
    [value] = target.values()
    is_id = kind in ID_FIELDS
    return Rule(
        rule_id, target_kind=kind, target_id=value if is_id else None, target_text=None if is_id else value, **fields
    )


def _to_draft(kept: dict[str, Any] | None) -> RuleDraft | None:
    return None if kept is None else RuleDraft(**_to_fields(kept))


def _to_fields(kept: dict[str, Any]) -> dict[str, Any]:
    """Return a rule's fields as the API names them."""
    kind = kept["target_kind"]
    value = kept["target_text"] if kept["target_id"] is None else kept["target_id"]
    names = ("action", "value", "starts_at", "ends_at", "is_active", "note")
    return {name: kept[name] for name in names} | {"target": {"kind": kind, ID_FIELDS.get(kind, kind): value}}


def _find_state(rule: Rule, now: datetime) -> RuleState:
    if not rule.is_active:
        return "off"
    if rule.ends_at is not None and rule.ends_at <= now:
        return "over"
    return "active" if rule.holds(now) else "planned"


def _require_agreement(rule: Rule, meant: _Meant, others: Collection[Rule]) -> None:
    """Refuse a rule that another one contradicts at some instant.

    Raises:
        ApiError: 409, naming the other.
    """
    is_product = rule.target_kind in ("product", "family")
    for other in (each for each in others if each.overlaps(rule)):
        if rule.action == "pin" and other.action == "hide" and other.target in meant.covering:
            raise _conflict("hidden", f"Rule {other.rule_id} hides it at that time.", other)
        if rule.action == other.action == "pin" and rule.value == other.value:
            raise _conflict("slot_taken", f"Rule {other.rule_id} has given slot {rule.value} away at that time.", other)
        if rule.action == other.action and rule.target == other.target and (rule.action != "pin" or is_product):
            raise _conflict("repeated", f"Rule {other.rule_id} says this of the same target at that time.", other)


def _find_meant(connection: Connection, rule: Rule) -> _Meant:
    """Find what the shop knows of a rule's target.

    Raises:
        ApiError: 422, the shop has no such product, category, brand or product type.
    """
    if rule.target_kind == "category":
        known = select(Category.category_id).where(Category.category_id == rule.target_id)
        if connection.execute(known).first() is None:
            raise _unknown()
        return _Meant(frozenset({rule.target}), rule.target_id)
    members = fetch_members(connection, rule)
    if not members:
        raise _unknown()
    if rule.target_kind not in ("product", "family"):
        return _Meant(frozenset({rule.target}))
    family = fetch_members(connection, replace(rule, target_kind="family"))
    columns = (Product.category_id, Product.brand, Product.product_type)
    row = connection.execute(select(*columns).where(Product.product_id == rule.target_id)).one()
    covering = {("product", rule.target_id)} if rule.target_kind == "product" else set()
    covering |= {("category", row.category_id), ("brand", row.brand), ("product_type", row.product_type)}
    return _Meant(frozenset(covering | {("family", each) for each in family}), row.category_id)


def _fetch_names(connection: Connection, rules: Collection[Rule]) -> dict[tuple[str, Any], str]:
    """Read what the targets are called that are known by an id; a text is its own name, if any product has it."""
    names: dict[tuple[str, Any], str] = {}
    wanted = {_name_kind(rule) for rule in rules}
    for kind, key, name in (
        ("product", Product.product_id, Product.title),
        ("category", Category.category_id, Category.name),
        ("brand", Product.brand, Product.brand),
        ("product_type", Product.product_type, Product.product_type),
    ):
        values = [value for each, value in wanted if each == kind]
        if values:
            rows = connection.execute(select(key, name).where(key.in_(values)).distinct())
            names |= {(kind, value): text for value, text in rows if text is not None}
    return names


def _name_kind(rule: Rule) -> tuple[str, Any]:
    """Return a rule's target; a family's is the product that stands for it."""
    return "product" if rule.target_kind == "family" else rule.target_kind, rule.target[1]


def _conflict(code: str, message: str, other: Rule | None = None) -> ApiError:
    problem = "" if other is None else f"rule {other.rule_id}"
    return ApiError(409, message, [ErrorDetail(field=code, problem=problem)])


def _unknown() -> ApiError:
    detail = ErrorDetail(field="target", problem="unknown")
    return ApiError(422, "The shop has nothing that this rule means; look at the target's spelling.", [detail])


def _no_such(rule_id: int) -> ApiError:
    return ApiError(404, f"There is no rule {rule_id}.")
