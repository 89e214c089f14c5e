"""Airflow assets that trigger one workflow from another. An event's `extra` carries `as_of` along the whole chain."""

from airflow.sdk import Asset

SHOP_ROWS = Asset("shop_rows")
SNAPSHOT = Asset("feature_snapshot")
MODEL_VERSION = Asset("model_version")
CHAMPION = Asset("champion")
RECOMMENDATIONS = Asset("recommendations")
