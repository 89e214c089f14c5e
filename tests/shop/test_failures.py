"""Errors of MySQL by number; what a real server says is held by the tests of the sync and of the API's connections."""

import pytest
from pymysql.err import OperationalError as DriverError
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from shop.failures import REMEDIES, TRANSIENT_ERRORS, describe, find_remedy, is_transient


def failure(number: int, words: str = "words of the server") -> OperationalError:
    return OperationalError("SELECT secret", {}, DriverError(number, words))


@pytest.mark.parametrize("number", [1205, 1213, 1412, 2003, 2006, 2013, 1040, 4031])
def test_what_may_pass_is_tried_again(number: int) -> None:
    assert is_transient(failure(number))
    assert find_remedy(failure(number)) is None


@pytest.mark.parametrize("number", [1044, 1045, 1049, 1054, 1064, 1142, 1146, 1305, 1419])
def test_what_stays_is_not_tried_again_and_has_a_remedy(number: int) -> None:
    assert not is_transient(failure(number))
    assert describe(failure(number)) == f"error {number}, words of the server. {REMEDIES[number]}"


def test_a_certificate_that_does_not_fit_is_not_a_lost_connection() -> None:
    refused = failure(2003, "Can't connect ([SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed)")

    assert not is_transient(refused)
    assert "ssl_ca" in describe(refused)


@pytest.mark.parametrize("statement", ["SELECT 1 FROM absent", "SELECT absent FROM present"])
def test_a_schema_that_a_file_lacks_has_a_remedy_too(statement: str) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE present (id INTEGER)")
        with pytest.raises(OperationalError) as caught:
            connection.exec_driver_sql(statement)

    assert describe(caught.value).startswith("no such ")
    assert "shop.migrate" in (find_remedy(caught.value) or "")


def test_no_error_is_both() -> None:
    assert not TRANSIENT_ERRORS & REMEDIES.keys()
