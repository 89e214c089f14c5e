"""Eligibility of a version to serve, by its tags: refused ones serve only when overridden, with a reason."""

from collections.abc import Mapping

VERDICT, REASON, FLAGS, OVERRIDE, LOAD_FAILED = "verdict", "reason", "flags", "override", "load_failed"


def find_bar(tags: Mapping[str, str]) -> str | None:
    """Say why a version must not serve; None where it may.

    Args:
        tags: of the version. A version without a verdict was registered by hand, by somebody who decided.
    """
    if tags.get(VERDICT) != "refuse" or tags.get(OVERRIDE, "").strip():
        return None
    return (
        f"the gate refused it: {tags.get(REASON, 'no reason given')} To serve it anyway, set its tag {OVERRIDE!r} to "
        "your reason"
    )
