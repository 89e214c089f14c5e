"""Korean nicknames for users who came without one. Names of nobody: drawn by Faker from a fixed seed."""

from faker import Faker

NICKNAME_SEED = 31
MOST_REDRAWS = 50
"""Faker's Korean names are about 5,000: who draws nothing but taken ones gets a second given name."""


def draw_nicknames(num_users: int, seed: int = NICKNAME_SEED) -> list[str]:
    """Draw nicknames, no two alike, the same for the same arguments; the first do not depend on how many follow."""
    faker = Faker("ko_KR")
    faker.seed_instance(seed)
    nicknames: dict[str, None] = {}
    for _ in range(num_users):
        draws = (faker.name() for _ in range(1 + MOST_REDRAWS))
        name = next((draw for draw in draws if draw not in nicknames), None) or faker.name()
        while name in nicknames:
            name += faker.first_name()
        nicknames[name] = None
    return list(nicknames)
