"""Diagrams of the documentation, held to what they draw: docker-compose.yml, the states of a batch, the workflows."""

import re
from pathlib import Path

import yaml

from shop.tables.publishing import BATCH_STATES

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OUTSIDE = {"browser", "store"}
ARROWS = {"service_completed_successfully": "==>", "service_healthy": "-->"}


def diagram(page: str, kind: str) -> str:
    """The one diagram of a kind on a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    [found] = re.findall(rf"```mermaid\n{kind}(.+?)```", text, re.DOTALL)
    return str(found)


def is_job(service: dict[str, object]) -> bool:
    return service.get("restart") == "no"


def test_every_container_that_stays_is_drawn_with_its_port() -> None:
    drawn = dict(re.findall(r'([a-z-]+)[\[(]+"([^"]+)"', diagram("how-it-works/architecture.md", "flowchart")))
    stays = {name: service for name, service in SERVICES.items() if not is_job(service)}

    ports = {name: re.findall(r":-(\d+)}", " ".join(service.get("ports", []))) for name, service in stays.items()}

    assert drawn == {name: " :".join([name, *ports[name]]) for name in stays}


def test_no_arrow_leads_to_what_is_not_drawn() -> None:
    text = re.sub(r"\|[^|]+\||[\[(/]+\"?[^\])]*[\])]+", "", diagram("how-it-works/architecture.md", "flowchart"))
    ends = {end for line in text.splitlines() if "-->" in line for end in map(str.strip, re.split("-->|&", line))}

    assert ends - OUTSIDE <= set(SERVICES)


def test_the_order_of_the_start_is_that_of_compose() -> None:
    drawn = set(re.findall(r"([a-z-]+) (==>|-->) ([a-z-]+)", diagram("operations.md", "flowchart")))

    assert drawn == {
        (before, ARROWS[need["condition"]], name)
        for name, service in SERVICES.items()
        for before, need in service.get("depends_on", {}).items()
    }


def test_the_states_of_a_batch_are_those_that_the_table_allows() -> None:
    steps = re.findall(r"(\S+) --> (\w+): ", diagram("how-it-works/architecture.md", "stateDiagram-v2"))

    assert {state for step in steps for state in step} - {"[*]"} == set(BATCH_STATES)


def test_the_parts_of_a_promotion_speak_only_of_each_other() -> None:
    text = diagram("how-it-works/architecture.md", "sequenceDiagram")
    parts = set(re.findall(r"(?:participant|actor) (\w+)", text))

    spoken = set(re.findall(r"(\w+)-(?:-\)|>>)(\w+):", text))

    assert {part for pair in spoken for part in pair} == parts


def test_the_workflows_of_a_promotion_exist() -> None:
    named = set(re.findall(r"\b(?:watch|score)_\w+", diagram("how-it-works/architecture.md", "sequenceDiagram")))

    assert named
    assert all((ROOT / "dags" / f"{name}.py").exists() for name in named)


def test_steps_of_a_batch_begin_with_none_and_reach_each_state() -> None:
    steps = re.findall(r"(\S+) --> (\w+): ", diagram("how-it-works/architecture.md", "stateDiagram-v2"))
    reached = {"[*]"}

    for _ in BATCH_STATES:
        reached |= {to for start, to in steps if start in reached}

    assert reached == {"[*]", *BATCH_STATES}
