"""Classification of database errors: whether a retry may help, and the remedy where none can."""

from sqlalchemy.exc import DBAPIError, IntegrityError

# Errors of the server and of its drivers that another try may not meet: too many connections, host blocked for a while,
# shutting down, broken packets, cannot connect, gone away, lost connection, lock wait, deadlock, interrupted, a table
# changed since the snapshot, killed, over the time limit, idle for too long.
TRANSIENT_ERRORS = frozenset(
    {1040, 1053, 1158, 1159, 1160, 1161, 1205, 1213, 1317, 1412, 1927, 1969, 2002, 2003, 2006, 2013, 2055, 3024, 3169}
    | {4031}
)

CONFLICTS = frozenset({1020, 1205, 1213})
"""A row changed since the snapshot, waiting for a lock, deadlock: the transaction was rolled back."""

_LOGIN = "Correct user and password in the database's URL."
_DATABASE = "Correct the database's name in the URL, or create the database and grant the account its rights."
_GRANT = "GRANT the account what the words above name."
_SCHEMA = "Bring the schema up to date (`python -m shop.migrate` for the shop), or map the shop's own columns."
_VERSION = "The server's version is not one of those that are supported (docs/sync.md names them): use one of them."
_TLS = "TLS as the URL demands it cannot be had: correct `ssl_ca`, the host in the URL, or the server's certificate."

REMEDIES = {
    1044: _DATABASE,
    1045: _LOGIN,
    1049: _DATABASE,
    1054: _SCHEMA,
    1064: _VERSION,
    1142: _GRANT,
    1143: _GRANT,
    1146: _SCHEMA,
    1227: _GRANT,
    1305: _VERSION,
    1370: _GRANT,
    1419: "Set log_bin_trust_function_creators=1 on the server.",
    1698: _LOGIN,
    2026: _TLS,
    3159: "The account demands TLS: name the authority that signed the server's certificate as `ssl_ca` in the URL.",
}
"""Errors that stay until somebody does something, with what that is."""


def find_number(error: BaseException) -> int | None:
    """Find the number that MySQL, MariaDB or the driver gave an error; None for another database's."""
    arguments = _cause(error).args
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def find_remedy(error: BaseException) -> str | None:
    """Say what to do about an error that no further try can get past; None for every other error."""
    if "certificate verify failed" in str(_cause(error)):  # comes as "cannot connect" (2003)
        return _TLS
    number = find_number(error)
    return None if number is None else REMEDIES.get(number)


def is_transient(error: DBAPIError) -> bool:
    """Return whether the same statement may pass on a fresh connection."""
    if find_remedy(error) is not None:
        return False
    return error.connection_invalidated or find_number(error) in TRANSIENT_ERRORS


def is_conflict(error: DBAPIError) -> bool:
    """Return whether another transaction was in the way, so that the same one may pass when it begins anew."""
    return isinstance(error, IntegrityError) or find_number(error) in CONFLICTS


def describe(error: BaseException) -> str:
    """Put an error into one line: its number, the database's own words, and what to do where that is known."""
    cause, number = _cause(error), find_number(error)
    words = str(cause.args[1] if number is not None and len(cause.args) > 1 else cause).splitlines()
    line = words[0] if words else type(cause).__name__
    line = line if number is None else f"error {number}, {line}"
    remedy = find_remedy(error)
    return line if remedy is None else f"{line.rstrip('.')}. {remedy}"


def _cause(error: BaseException) -> BaseException:
    cause = getattr(error, "orig", None)
    return cause if isinstance(cause, BaseException) else error
