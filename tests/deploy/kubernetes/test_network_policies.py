"""Network policies, applied as Kubernetes does: what no policy of both ends lets through is refused."""

from typing import Any

import pytest

from tests.deploy.kubernetes.manifests import SERVICES, of_kind, pods

AIRFLOW = {"tier": "airflow", "component": "worker"}
CONTROLLER = {"namespace": "ingress-nginx"}
MONITORING = {"namespace": "monitoring"}
ANYWHERE = {"namespace": "elsewhere"}
OUTSIDE = {"outside": "of the cluster"}
DATABASE, HTTPS = 3306, 443


def labels_of(name: str) -> dict[str, str]:
    workload = of_kind("demo", "Deployment", "Job")[name]
    return dict(workload["spec"]["template"]["metadata"]["labels"])


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    rules = selector.get("matchExpressions", [])
    assert all(rule["operator"] == "In" for rule in rules)
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(rule["key"]) in rule["values"] for rule in rules
    )


def is_peer(peer: dict[str, Any], labels: dict[str, str]) -> bool:
    assert len(peer) == 1
    if "podSelector" in peer:
        return not {"namespace", "outside"} & labels.keys() and matches(peer["podSelector"], labels)
    wanted = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    return labels.get("namespace") == wanted


def lets_through(direction: str, of: dict[str, str], other: dict[str, str], port: int, protocol: str) -> bool:
    """Whether some policy lets a pod take (`ingress`) or make (`egress`) a connection."""
    side = {"ingress": "from", "egress": "to"}[direction]
    for policy in of_kind("demo", "NetworkPolicy").values():
        spec = policy["spec"]
        if direction.title() not in spec["policyTypes"] or not matches(spec["podSelector"], of):
            continue
        for rule in spec.get(direction, []):
            ports = [(each["port"], each.get("protocol", "TCP")) for each in rule.get("ports", [])]
            peers = rule.get(side, [])
            if (not ports or (port, protocol) in ports) and (not peers or any(is_peer(each, other) for each in peers)):
                return True
    return False


def is_allowed(client: dict[str, str], server: dict[str, str], port: int, protocol: str = "TCP") -> bool:
    is_inside = not {"namespace", "outside"} & client.keys()
    may_make = not is_inside or lets_through("egress", client, server, port, protocol)
    may_take = bool({"namespace", "outside"} & server.keys()) or lets_through("ingress", server, client, port, protocol)
    return may_make and may_take


CONNECTIONS = [
    ("api", "bentoml", 8001),
    ("bentoml", "mlflow", 5000),
    ("mlflow", "bentoml", 8001),
    ("catalogue", "api", 8000),
]


@pytest.mark.parametrize(("client", "server", "port"), CONNECTIONS)
def test_our_services_reach_whom_they_ask(client: str, server: str, port: int) -> None:
    assert is_allowed(labels_of(client), labels_of(server), port)


def test_no_service_of_ours_reaches_another_one_besides() -> None:
    ports = {name: int(SERVICES[name]["ports"][0].rpartition(":")[2]) for name in of_kind("demo", "Service")}
    found = {
        (client, server, port)
        for client in pods("demo")
        for server, port in ports.items()
        if client != server and is_allowed(labels_of(client), labels_of(server), port)
    }

    assert found == set(CONNECTIONS)


@pytest.mark.parametrize(("server", "port"), [("api", 8000), ("bentoml", 8001), ("mlflow", 5000)])
def test_tasks_of_airflow_reach_what_they_ask(server: str, port: int) -> None:
    assert is_allowed(AIRFLOW, labels_of(server), port)


def test_airflows_parts_reach_each_other_and_the_first_run_their_api() -> None:
    assert is_allowed(AIRFLOW, {**AIRFLOW, "component": "api-server"}, 8080)
    assert is_allowed(AIRFLOW, {**AIRFLOW, "component": "redis"}, 6379)
    assert is_allowed(labels_of("first-run"), {**AIRFLOW, "component": "api-server"}, 8080)
    assert not is_allowed(labels_of("api"), {**AIRFLOW, "component": "redis"}, 6379)


def test_who_holds_a_databases_url_reaches_databases_and_no_other_does() -> None:
    holders = {
        name
        for name, pod in pods("demo").items()
        if any("database_url" in str(volume) or "backend_uri" in str(volume) for volume in pod["volumes"])
    }

    assert {name for name in pods("demo") if is_allowed(labels_of(name), OUTSIDE, DATABASE)} == holders
    assert is_allowed(AIRFLOW, OUTSIDE, DATABASE)


def test_who_holds_the_object_stores_account_reaches_it_and_no_other_does() -> None:
    holders = {name for name, pod in pods("demo").items() if "object-store" in str(pod["volumes"])}

    assert holders == {"bentoml", "mlflow"}
    assert {name for name in pods("demo") if is_allowed(labels_of(name), OUTSIDE, HTTPS)} == holders
    assert is_allowed(AIRFLOW, OUTSIDE, HTTPS)


def test_from_other_namespaces_shoppers_and_metrics_alone_come_in() -> None:
    found = {
        (namespace["namespace"], name, port)
        for namespace in (CONTROLLER, MONITORING, ANYWHERE)
        for name in pods("demo")
        for port in (5000, 5173, 8000, 8001, 8080)
        if is_allowed(namespace, labels_of(name), port)
    }

    assert found == {
        ("ingress-nginx", "api", 8000),
        ("ingress-nginx", "storefront", 5173),
        ("monitoring", "api", 8000),
        ("monitoring", "bentoml", 8001),
    }


def test_everybody_may_ask_for_names() -> None:
    for name in pods("demo"):
        assert is_allowed(labels_of(name), ANYWHERE, 53, "UDP")
