"""Training settings: the typed form of config.yaml, logged with each run and kept with each version."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

DEFAULT_PATH = Path(__file__).with_name("config.yaml")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(_Section):
    """Sizes of the network. Inputs follow from features/definitions.py."""

    hidden_dims: list[int] = Field([256, 128, 64], min_length=1)
    """Widths of the trunk, from the features of the user and all categories to the user's hidden state."""
    output_dim: int = Field(16, ge=1)
    """Categories that the category head scores. It follows the shop: a run logs and keeps the number that it found."""
    dropout: float = Field(0.3, ge=0, lt=1)
    """Share of trunk units dropped in training; 0 memorises, towards 1 nothing is learned."""
    embedding_size: int = Field(16, ge=1)
    """Length of product and category embeddings."""
    product_hidden_dims: list[int] = Field([128, 64], min_length=1)
    """Widths of the product head's deep part."""
    product_dropout: float = Field(0.0, ge=0, lt=1)
    """Share of its units dropped in training."""
    id_dropout: float = Field(0.95, ge=0, le=1)
    """Share of product ids taken for unknown in training; 0 memorises what past windows sold, 1 forgets the ids."""
    num_members: int = Field(3, ge=1)
    """Models trained alike from different seeds, whose logits are averaged; time and size grow with them."""
    vocabulary_size: int = Field(20_000, ge=0)
    """Products with an embedding of their own, best sellers first; the rest share the unknown id 0."""


class DataConfig(_Section):
    """Windows, users and candidates that the model learns from."""

    horizon_days: int = Field(28, ge=1)
    """Length of a label window: labels lie in [as_of, as_of + horizon)."""
    num_windows: int = Field(8, ge=1)
    """Label windows to learn from, the newest first, each a stride before the last; fewer where history is short."""
    stride_days: int = Field(14, ge=1)
    """Days from one window's start to the next; less than the horizon makes windows overlap."""
    max_users_per_window: int = Field(7_500, ge=2)
    """Users a window, two thirds of them a seeded sample of those with purchases before and in it, the rest of those
    with none in it; bounds memory and time: 1,000 of them take about 0.15 GB in all windows together."""
    max_evaluation_users: int = Field(10_000, ge=1)
    """Users that the gate evaluates a version on, a seeded sample of those with purchases before and in the window.
    With 10,000 the standard error of NDCG@20 is 0.003, that of a difference between two versions about 0.001."""
    num_candidates: int = Field(1000, ge=2)
    """Candidates a user that training draws its lists from, and that is judged by in training."""
    num_ranked: int = Field(500, ge=2)
    """Candidates a user that are scored for a list, in the gate, batch and online alike; at most `num_candidates`. The
    time of a list is in proportion; fewer than 400 rank worse (docs/decisions/0053)."""
    list_size: int = Field(96, ge=2)
    """Candidates of a user that one training step sees: every label among them, the rest drawn."""
    own_share: float = Field(0.5, ge=0, le=1)
    """Share of the drawn ones taken from what the user bought before."""


class LossConfig(_Section):
    """What is minimised; training/model/loss.py holds the formula."""

    category_weight: float = Field(1.0, ge=0)
    """Weight of the category head's binary cross-entropy: makes its scores probabilities."""
    order_weight: float = Field(0.2, ge=0)
    """Weight of the binary cross-entropy of ordering at all."""
    category_listwise_weight: float = Field(0.3, ge=0)
    """Weight of its softmax over the user's categories: orders those that are nearly certain."""
    category_temperature: float = Field(2.0, gt=0)
    """Divides the logits in that softmax, as shares of orders are flatter than odds."""
    product_weight: float = Field(0.1, ge=0)
    """Weight of the product head's binary cross-entropy: keeps scores comparable between users."""
    listwise_weight: float = Field(1.0, ge=0)
    """Weight of the product head's softmax over a user's list: orders the list."""
    temperature: float = Field(1.0, gt=0)
    """Divides the logits in that softmax; small values look at the top alone."""
    count_power: float = Field(0.5, ge=0, le=1)
    """How much more a product counts there that was bought more often: 0 not at all, 1 in proportion."""


class OptimiserConfig(_Section):
    """AdamW with a one-cycle learning rate."""

    epochs: int = Field(2, ge=1)
    """Passes over the training lists at most."""
    min_steps: int = Field(300, ge=1)
    """A shop too small for so many steps in `epochs` passes gets more of them; patience still ends it early."""
    batch_size: int = Field(32, ge=2)
    """Users a step, each with `list_size` candidates."""
    learning_rate: float = Field(0.0015, gt=0)
    """Highest rate of the cycle."""
    category_wide_learning_rate: float = Field(0.01, gt=0)
    """The same for the category head's wide part, which sees some 16 rows a user where the product head sees 96."""
    weight_decay: float = Field(0.2, ge=0)
    """Decoupled weight decay (Loshchilov & Hutter 2019)."""
    patience: int = Field(2, ge=1)
    """Epochs with clearly worse lists for the early-stopping users before training stops."""
    tolerance: float = Field(0.01, ge=0)
    """How far the sum of their two NDCGs may lie below the best epoch's without being clearly worse: for some hundred
    users less is chance, and the schedule's last epoch, at the lowest rate, is the one to prefer."""
    seed: int = 31
    """Seed of sampling, initialisation and dropout."""


class TrainingConfig(_Section):
    """All of config.yaml."""

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    loss: LossConfig = LossConfig()
    optimiser: OptimiserConfig = OptimiserConfig()

    def with_categories(self, num_categories: int) -> "TrainingConfig":
        """Follow the shop's number of categories in `output_dim`."""
        return self.model_copy(update={"model": self.model.model_copy(update={"output_dim": num_categories})})

    def with_horizon(self, horizon_days: int) -> "TrainingConfig":
        """Learn from and evaluate by windows of another length.

        Raises:
            ValueError: it is shorter than a day.
        """
        if horizon_days < 1:
            raise ValueError(f"horizon_days must be at least 1, got {horizon_days!r}.")
        return self.model_copy(update={"data": self.data.model_copy(update={"horizon_days": horizon_days})})

    def replace(self, values: Mapping[str, object]) -> "TrainingConfig":
        """Set some settings, given by their dotted names.

        Raises:
            ValueError: a setting is unknown or out of range; the message names it.
        """
        changed = self.model_dump()
        for name, value in values.items():
            part, _, key = name.partition(".")
            changed.setdefault(part, {})[key] = value
        return TrainingConfig.model_validate(changed)

    def flatten(self) -> dict[str, object]:
        """Return every setting under its dotted name, as it is logged with a run."""
        return {f"{part}.{key}": value for part, fields in self.model_dump().items() for key, value in fields.items()}

    def dump(self, path: Path) -> None:
        """Write the settings as YAML."""
        path.write_text(yaml.safe_dump(self.model_dump(), sort_keys=False), encoding="utf-8")


def load_config(path: Path = DEFAULT_PATH) -> TrainingConfig:
    """Read and check the settings.

    Raises:
        ValueError: a setting is unknown, missing or out of range; the message names it.
    """
    return TrainingConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
