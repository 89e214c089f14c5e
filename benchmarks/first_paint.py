"""Benchmark of the storefront on a slow phone: `python -m benchmarks.first_paint [--visits 5]`.

Opens the homepage of a small published shop as a new visitor, in Chromium on a phone's screen, over 1.6 Mbit/s with 150
ms of latency and with a quarter of the processor. The bare way is a page of one short text, under the same conditions.
Printed are the medians: first paint, the largest paint, requests and bytes asked for before the first paint, and by how
much the layout shifted. The API that hands out pages and data runs on the same machine; its processor is not slowed.
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize

from benchmarks.parts.figures import Figure, report
from command import Command, Result
from deploy.local.pages import build_pages
from shop.migrate import migrate
from tests.frontend.shop import RunningShop
from tests.support.chromium import LIMIT_MS, open_browser
from tests.support.ports import free_settings

PHONE = ViewportSize(width=390, height=844)
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
SLOWED = 4
AIM_SECONDS, AIM_REQUESTS = 1.5, 12

PAINTS = """async () => {
  const largest = await new Promise((resolve) => {
    const found = (list) => resolve(list.getEntries().at(-1).startTime)
    new PerformanceObserver(found).observe({ type: 'largest-contentful-paint', buffered: true })
  })
  const shifts = await new Promise((resolve) => {
    const found = (list) => resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0))
    new PerformanceObserver(found).observe({ type: 'layout-shift', buffered: true })
    setTimeout(resolve, 200, 0)
  })
  const first = performance.getEntriesByName('first-contentful-paint')[0].startTime
  const files = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  const before = files.filter((file) => file.startTime < first)
  const bytes = before.reduce((sum, file) => sum + file.transferSize, 0)
  return [first / 1000, largest / 1000, before.length, bytes / 1000, shifts]
}"""


@dataclass(frozen=True)
class Visit:
    """What one visitor waited for: seconds from the first byte asked for, and what was asked for until then."""

    first_paint: float
    largest_paint: float
    requests: float
    kilobytes: float
    layout_shift: float


def visit(browser: Browser, url: str, shown: str) -> Visit:
    """Open a page as a new visitor and wait until something is shown on it."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, locale="en-US")
    context.set_default_timeout(LIMIT_MS)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.goto(url)
    page.locator(shown).first.wait_for()
    page.wait_for_load_state("networkidle")
    found = Visit(*page.evaluate(PAINTS))
    context.close()
    return found


def find_median(visits: list[Visit]) -> Visit:
    """Take the median of each value."""
    return Visit(*(statistics.median(getattr(each, field.name) for each in visits) for field in fields(Visit)))


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.first_paint", __doc__, has_json=True)
    command.add_argument("--visits", type=int, default=5)
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    build_pages("USD")
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        shop = RunningShop(free_settings(Path(folder)))
        migrate(shop.settings.shop_database_url)
        try:
            shop.fill()
            shop.start_api()
            ways = {
                "homepage": (f"{shop.url}/?shopper=1", "#recommendations article"),
                "bare": (f"{shop.url}/health", "body"),
            }
            turns = [{name: visit(browser, *way) for name, way in ways.items()} for _ in range(chosen.visits)]
        finally:
            shop.close()
    found = {name: find_median([turn[name] for turn in turns]) for name in ways}
    print(f"{'page':<10}{'first paint':>13}{'largest':>10}{'requests':>10}{'kB':>8}{'shift':>8}")
    for name, each in found.items():
        times = f"{each.first_paint:>11.2f} s{each.largest_paint:>8.2f} s"
        print(f"{name:<10}{times}{each.requests:>10.0f}{each.kilobytes:>8.0f}{each.layout_shift:>8.3f}")
    home = found["homepage"]
    return report(
        [
            Figure("first paint", home.first_paint, "lower", "s", AIM_SECONDS),
            Figure("first paint, of a bare page's", home.first_paint / found["bare"].first_paint, "lower"),
            Figure("largest paint", home.largest_paint, "lower", "s"),
            Figure("requests before the first paint", home.requests, "lower", "requests", AIM_REQUESTS),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
