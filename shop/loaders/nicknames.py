"""Korean nicknames for users who came without one. Names of nobody: drawn by Faker from a fixed seed."""

from faker import Faker

NICKNAME_SEED = 31


def draw_nicknames(num_users: int, seed: int = NICKNAME_SEED) -> list[str]:
    """Draw nicknames, no two alike, the same for the same arguments.

    A name that comes up again gets a number: 김민수, 김민수2, 김민수3.
    """
    faker = Faker("ko_KR")
    faker.seed_instance(seed)
    seen: dict[str, int] = {}
    nicknames = []
    for _ in range(num_users):
        name = faker.name()
        seen[name] = seen.get(name, 0) + 1
        nicknames.append(name if seen[name] == 1 else f"{name}{seen[name]}")
    return nicknames
