"""The model: training, ranking, evaluation, registry, promotion."""
