"""Scaling of raw features: what is missing, logarithms, mean and spread."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from features.definitions import MISSING_VALUES, Feature
from features.snapshot.arrays import Float32


class Transform(NamedTuple):
    """What happens to raw features before they are standardised.

    Attributes:
        missing: float32[F], the value of each where there is none; NaN = the mean, so it stays missing.
        logarithms: neighbouring features whose log1p is taken.
    """

    missing: Float32
    logarithms: list[slice]

    @classmethod
    def of(cls, features: tuple[Feature, ...]) -> "Transform":
        """Lay out what the rows of some features say."""
        is_log = np.array([feature.transform == "log1p" for feature in features])
        bounds = np.flatnonzero(np.diff(np.r_[False, is_log, False]))
        missing = np.array([MISSING_VALUES[feature.missing] for feature in features], dtype=np.float32)
        return cls(missing, [slice(*pair) for pair in bounds.reshape(-1, 2).tolist()])

    def apply(self, raw: Float32) -> Float32:
        """Transform raw features, float32[..., F]; a copy in the same order of memory."""
        values = np.array(raw, dtype=np.float32)
        np.copyto(values, self.missing, where=np.isnan(values))
        return self.take_logarithms(values)

    def take_logarithms(self, values: Float32) -> Float32:
        """Replace features by their logarithms where these are taken, in place; what is missing stays missing."""
        for run in self.logarithms:
            columns = values[..., run]
            np.log1p(np.maximum(columns, 0.0, out=columns), out=columns)
        return values


class Scale(NamedTuple):
    """How raw features become what the network reads.

    Attributes:
        transform: of the features.
        means, spreads: float32[F], after the transform.
        missing: float32[F], what a feature becomes where there is none.
    """

    transform: Transform
    means: Float32
    spreads: Float32
    missing: Float32

    @classmethod
    def of(cls, features: tuple[Feature, ...], means: Mapping[str, float], spreads: Mapping[str, float]) -> "Scale":
        """Lay out the means and spreads of some features, given by name."""
        mean, spread = (
            np.array([known[feature.name] for feature in features], dtype=np.float32) for known in (means, spreads)
        )
        scale = cls(Transform.of(features), mean, spread, np.zeros(len(features), dtype=np.float32))
        return scale._replace(missing=scale.apply(scale.transform.missing))

    def apply(self, raw: Float32) -> Float32:
        """Transform and scale raw features, float32[..., F]; a copy in the same order of memory."""
        values = np.array(raw, dtype=np.float32)
        is_missing = np.isnan(values)
        self.transform.take_logarithms(values)
        values -= self.means
        values /= self.spreads
        np.minimum(np.maximum(values, -10.0, out=values), 10.0, out=values)
        np.copyto(values, self.missing, where=is_missing)
        return values
