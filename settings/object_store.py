"""Object store's address and account, for `s3://` URIs of the ML store and of MLflow's files.

They have the names that every S3 client knows. What else such clients read (a session's token, a profile, the account
of a cloud's machine) they go on finding in the environment by themselves.
"""

from pydantic import Field, JsonValue, SecretStr
from pydantic_settings import BaseSettings

EMBEDDED: dict[str, JsonValue] = {"in_containers": "fixed"}


class ObjectStoreSettings(BaseSettings):
    """Where an object store is, and how to sign in."""

    aws_endpoint_url: str = Field(
        "",
        pattern=r"^(https?://[^/\s]+/?)?$",
        description="Address of the object store of s3:// URIs, http:// where it has no TLS; empty = Amazon's.",
        json_schema_extra=EMBEDDED,
    )
    aws_region: str = Field("", description="Region of the object store.", json_schema_extra=EMBEDDED)
    aws_access_key_id: str = Field(
        "",
        description="Account that may list, read, write and delete in the buckets of s3:// URIs; empty = what S3 "
        "clients find by themselves.",
        json_schema_extra=EMBEDDED,
    )
    aws_secret_access_key: SecretStr = Field(
        SecretStr(""), description="That account's secret.", json_schema_extra=EMBEDDED
    )

    @property
    def object_store(self) -> dict[str, str]:
        """Options of the object store as deltalake and polars take them; what is empty is left to them."""
        options = {
            "aws_endpoint_url": self.aws_endpoint_url.rstrip("/"),
            "aws_region": self.aws_region,
            "aws_access_key_id": self.aws_access_key_id,
            "aws_secret_access_key": self.aws_secret_access_key.get_secret_value(),
            "aws_allow_http": "true" if self.aws_endpoint_url.startswith("http://") else "",
        }
        return {name: value for name, value in options.items() if value}
