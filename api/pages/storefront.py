"""The storefront's own look: what the merchant said, and defaults from the shop's departments and best sellers.

Made from the local fallback, which is read every few seconds: no read of the database, and an answer whatever fails.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime

from api.db.reader import DatabaseReader
from api.pages.fallback import FallbackCache, FallbackCopy, spell_ids
from api.pages.shop_ids import ShopIds
from api.queries.catalogue import SellableProduct, fetch_categories
from api.schemas import Categories
from api.schemas.storefront import (
    LocalizedText,
    Storefront,
    StorefrontBanner,
    StorefrontColours,
    StorefrontDepartment,
)
from shop.mapping.id_map import Texts
from shop.storefront.config import Banner, DepartmentConfig, StorefrontConfig, Words
from shop.storefront.departments import SILENT, find_icon, find_linked_department, find_restricted, link_department

BEST_SELLERS = 100
"""Popular products whose departments get a banner."""

MOST_BANNERS = 4
PICTURES = 4


class StorefrontPage:
    """Answers what the storefront looks like."""

    def __init__(self, reader: DatabaseReader, fallback: FallbackCache, shop_ids: ShopIds, *, takes_orders: bool):
        """Take the dependencies.

        Args:
            reader: the shop's database, for the moment before the local fallback is filled.
            fallback: the local fallback.
            shop_ids: the shop's own ids, where they are text.
            takes_orders: whether orders are placed here.
        """
        self._reader = reader
        self._takes_orders = takes_orders
        self._fallback = fallback
        self._shop_ids = shop_ids
        self._made_of: tuple[FallbackCopy, date] | None = None
        self._body = b""

    async def answer(self) -> bytes:
        """Return the storefront as it is today, in JSON. It is made anew with each copy of the local fallback.

        Raises:
            DatabaseUnavailableError: the departments were never read, and the database cannot be reached.
        """
        copy, config, today = self._fallback.copy, self._fallback.storefront, datetime.now(UTC).date()
        if copy.categories is None:
            departments = await self._reader.read(fetch_categories)
            texts = await spell_ids(self._shop_ids, [], departments)
            return self._write(config, departments, [], texts, today)
        if self._made_of is None or self._made_of[0] is not copy or self._made_of[1] != today:
            self._body = self._write(config, copy.categories, copy.products, copy.ids, today)
            self._made_of = (copy, today)
        return self._body

    def _write(
        self,
        config: StorefrontConfig,
        categories: Categories,
        products: Collection[SellableProduct],
        texts: Texts,
        today: date,
    ) -> bytes:
        storefront = compose(config, categories, products, today, takes_orders=self._takes_orders, texts=texts)
        return storefront.model_dump_json().encode()


def compose(
    config: StorefrontConfig,
    categories: Categories,
    products: Collection[SellableProduct],
    today: date,
    *,
    takes_orders: bool = True,
    texts: Texts | None = None,
) -> Storefront:
    """Complete what the merchant said.

    Args:
        config: what the merchant said.
        categories: of the shop, in the order of the menu.
        products: that can be sold now, best sellers first.
        today: decides which banners are shown.
        takes_orders: whether orders are placed here.
        texts: the shop's own ids, where they are text.
    """
    listed, texts = categories.categories, texts or {}
    restricted = find_restricted(config, {each.category_id: each.name for each in listed})
    departments = [
        StorefrontDepartment(
            category_id=each.category_id,
            name=_name_department(each.name, config.departments.get(each.name, SILENT)),
            icon_url=find_icon(config, each.name),
            is_restricted=each.category_id in restricted,
        )
        for each in listed
    ]
    by_id = {each.category_id: each for each in departments}
    if config.banners is None:
        banners = [_make_banner(each, products, texts) for each in find_best_sellers(products, by_id)]
    else:
        ids = {each.name: each.category_id for each in reversed(listed)}
        department_of = {product.product_id: product.category_id for product in products}
        shown = (banner for banner in config.banners if banner.is_shown(today))
        allowed = (banner for banner in shown if _find_department(banner, ids, department_of, texts) not in restricted)
        banners = [made for banner in allowed if (made := _to_banner(banner, ids, products, texts)) is not None]
    return Storefront(
        name=_to_text(config.name),
        logo_url=config.logo,
        tagline=_to_text(config.tagline),
        notice=_to_text(config.notice),
        colours=StorefrontColours(primary=config.colours.primary, offer=config.colours.offer),
        departments=departments,
        banners=banners,
        takes_orders=takes_orders,
    )


def find_best_sellers(
    products: Collection[SellableProduct], departments: Mapping[int, StorefrontDepartment]
) -> list[StorefrontDepartment]:
    """Return the departments that most of the best sellers belong to, without restricted ones."""
    best = Counter(product.category_id for product in list(products)[:BEST_SELLERS])
    found = (departments[category_id] for category_id, _ in best.most_common() if category_id in departments)
    return [each for each in found if not each.is_restricted][:MOST_BANNERS]


def _make_banner(
    department: StorefrontDepartment, products: Iterable[SellableProduct], texts: Texts
) -> StorefrontBanner:
    """Show a department's best sellers under its name."""
    return StorefrontBanner(
        title=department.name,
        text=None,
        action=None,
        link=link_department(department.category_id, texts),
        picture_urls=_list_pictures(department.category_id, products),
        background=None,
    )


def _to_banner(
    banner: Banner, ids: Mapping[str, int], products: Iterable[SellableProduct], texts: Texts
) -> StorefrontBanner | None:
    """Make a merchant's banner; `None` if its department is no longer there."""
    category_id = None if banner.department is None else ids.get(banner.department)
    link = banner.link if category_id is None else link_department(category_id, texts)
    if link is None:
        return None
    return StorefrontBanner(
        title=LocalizedText(**banner.title.model_dump()),
        text=_to_text(banner.text),
        action=_to_text(banner.action),
        link=link,
        picture_urls=banner.pictures or _list_pictures(category_id, products),
        background=banner.background,
    )


def _find_department(
    banner: Banner, ids: Mapping[str, int], department_of: Mapping[int, int], texts: Texts
) -> int | None:
    """Return the id of the department that a merchant's banner leads to, if it leads to one that is known."""
    if banner.link is None:
        return ids.get(banner.department or "")
    return find_linked_department(banner.link, department_of, texts)


def _list_pictures(category_id: int | None, products: Iterable[SellableProduct]) -> list[str]:
    """List the pictures of a department's best sellers."""
    return [product.image_url for product in products if product.category_id == category_id][:PICTURES]


def _to_text(words: Words | None) -> LocalizedText | None:
    return None if words is None else LocalizedText(ko=words.ko, en=words.en)


def _name_department(name: str, said: DepartmentConfig) -> LocalizedText:
    """Show the shop's own name where a language knows no other."""
    return LocalizedText(ko=said.name.ko or name, en=said.name.en or name)
