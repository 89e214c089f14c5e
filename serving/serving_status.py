"""Served version and batch, asked of the model server and the API from outside, as a shopper would get them."""

from dataclasses import dataclass

import httpx

from shop.tables import is_of_model

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Served:
    """Versions that answer.

    Attributes:
        model_server: that the model server ranks with; `None` for none, or when it does not answer.
        lists: whose lists the homepage shows; `None` for none, or when the API does not answer.
        run_id: of the version that the model server ranks with; empty for none.
        has_other_lists: whether the lists were made by another version that had the number of the one that ranks.
        refused: that the model server will not serve as it is; `None` if there is none.
        trouble: why a version is missing, or in the model server's words why another one serves; empty for neither.
    """

    model_server: int | None
    lists: int | None
    refused: int | None
    trouble: str
    run_id: str = ""
    has_other_lists: bool = False

    def is_all(self, version: int, run_id: str | None = None) -> bool:
        """Whether everything that shoppers get is of one version; of one run too, where that is given."""
        return self.model_server == version and run_id in (None, self.run_id) and self.shows_lists_of(version)

    def shows_lists_of(self, version: int) -> bool:
        """Whether the homepage's lists are of a version, and not of another one that had its number."""
        return self.lists == version and not self.has_other_lists

    def describe(self, version: int, run_id: str) -> str:
        """Name the alias's version and both that are served.

        Args:
            version: that the alias names.
            run_id: its run.
        """
        because = f" ({self.trouble})" if self.trouble else ""
        has_other_run = self.model_server == version and run_id != self.run_id
        return (
            f"the alias says {_name(version)}, the model server ranks with {_name(self.model_server, has_other_run)}, "
            f"the homepage shows lists of {_name(self.lists, self.has_other_lists)}{because}"
        )


def read_served(serving_url: str, api_url: str) -> Served:
    """Ask both; one that does not answer is named in `trouble`."""
    status, silent_server = _ask("model server", "POST", f"{serving_url}/status")
    health, silent_api = _ask("API", "GET", f"{api_url}/health")
    failure, model = status.get("failure") or "", status.get("model")
    ranks, lists = _to_number(status.get("model_version")), _to_number(health.get("model_version"))
    return Served(
        model_server=ranks,
        lists=lists,
        refused=_to_number(status.get("refused_version")),
        trouble="; ".join(filter(None, (str(failure), silent_server, silent_api))),
        run_id=str(status.get("run_id") or ""),
        has_other_lists=ranks is not None and ranks == lists and not is_of_model(str(health["batch_id"]), str(model)),
    )


def _ask(who: str, method: str, url: str) -> tuple[dict[str, object], str]:
    """Ask for a JSON object; gives an empty one and the reason where there is none."""
    try:
        answer = httpx.request(method, url, json={} if method == "POST" else None, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as err:
        return {}, f"the {who} at {url} fails with {type(err).__name__}"
    return (found, "") if isinstance(found, dict) else ({}, f"the {who} at {url} answers no JSON object")


def _to_number(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None


def _name(version: int | None, is_another: bool = False) -> str:
    if version is None:
        return "none"
    return f"another version {version}, of before" if is_another else f"version {version}"
