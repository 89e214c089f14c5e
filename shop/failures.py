"""Classification of database errors: whether a retry may help, and the remedy where none can."""

import re
import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError

# Errors of the server and of its drivers that another try may not meet.
CONNECTION_ERRORS = frozenset({2002, 2003, 2006, 2013, 2055, 4031})
"""The driver's own: cannot connect, gone away, connection lost or idle for too long. All others are answers."""
TRANSIENT_ERRORS = CONNECTION_ERRORS | {
    1020,  # record has changed since it was read: "try restarting transaction"
    1040,  # too many connections
    1041, 1135,  # no memory or thread for a connection
    1042, 1043, 1158, 1159, 1160, 1161,  # broken handshake or packets
    1047,  # a Galera node that is not ready
    1053,  # shutting down
    1152, 1184, 1927,  # connection aborted or killed
    1203, 1226,  # more connections than the account may have at a time, or in an hour
    1205, 1213,  # lock wait, deadlock: "try restarting transaction"
    1317,  # interrupted
    1412,  # table changed since the snapshot: "please retry transaction"
    1615,  # statement must be prepared again
    1637,  # too many transactions
    1969, 3024, 3169,  # over the limit of time, session killed
}  # fmt: skip

STATEMENT_TOO_LONG = frozenset({1969, 3024})
"""A statement ran into the server's limit of time (MariaDB, MySQL); the session and its snapshot go on."""

CONFLICTS = frozenset({1020, 1205, 1213})
"""A row changed since the snapshot, waiting for a lock, deadlock: the transaction was rolled back."""

_LOGIN = "Correct user and password in the database's URL."
_DATABASE = "Correct the database's name in the URL, or create the database and grant the account its rights."
_GRANT = "GRANT the account what the words above name."
_SCHEMA = "Bring the schema up to date (`python -m shop.migrate` for the shop), or map the shop's own columns."
_VERSION = "The server's version is not supported: use one of those that docs/how-it-works/sync.md names."
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

_NO_SUCH = re.compile("no such (table|column)")
"""SQLite's words for 1146 and 1054, for which it has no number of their own."""


def find_number(error: BaseException) -> int | None:
    """Find the number that MySQL, MariaDB or the driver gave an error; None for another database's."""
    arguments = _cause(error).args
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def find_remedy(error: BaseException) -> str | None:
    """Say what to do about an error that no further try can get past; None for every other error."""
    if "certificate verify failed" in str(_cause(error)):  # comes as "cannot connect" (2003)
        return _TLS
    if isinstance(_cause(error), sqlite3.Error) and _NO_SUCH.match(str(_cause(error))):
        return _SCHEMA
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
