"""Served version and batch, asked of the model server and the API from outside, as a shopper would get them."""

from dataclasses import dataclass

import httpx

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Served:
    """Versions that answer.

    Attributes:
        model_server: that the model server ranks with; `None` for none, or when it does not answer.
        lists: whose lists the homepage shows; `None` for none, or when the API does not answer.
        refused: that the model server will not serve as it is; `None` if there is none.
        trouble: why a version is missing, or in the model server's words why another one serves; empty for neither.
    """

    model_server: int | None
    lists: int | None
    refused: int | None
    trouble: str

    def is_all(self, version: int) -> bool:
        """Whether everything that shoppers get is of one version."""
        return self.model_server == self.lists == version

    def describe(self, champion: int) -> str:
        """Name the alias and both versions that are served."""
        because = f" ({self.trouble})" if self.trouble else ""
        return (
            f"the alias says {_name(champion)}, the model server ranks with {_name(self.model_server)}, the homepage "
            f"shows lists of {_name(self.lists)}{because}"
        )


def read_served(serving_url: str, api_url: str) -> Served:
    """Ask both; one that does not answer is named in `trouble`."""
    status, silent_server = _ask("model server", "POST", f"{serving_url}/status")
    health, silent_api = _ask("API", "GET", f"{api_url}/health")
    failure = status.get("failure") or ""
    return Served(
        model_server=_to_number(status.get("model_version")),
        lists=_to_number(health.get("model_version")),
        refused=_to_number(status.get("refused_version")),
        trouble="; ".join(filter(None, (str(failure), silent_server, silent_api))),
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


def _name(version: int | None) -> str:
    return "none" if version is None else f"version {version}"
