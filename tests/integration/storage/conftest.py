from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

from shared.storage import ObjectStore, S3Location, open_store


@pytest.fixture(scope="module")
def location(s3_location: S3Location) -> S3Location:
    return s3_location


@pytest.fixture(scope="module")
def store(location: S3Location) -> ObjectStore:
    return open_store(location)


@pytest.fixture(scope="module")
def admin(location: S3Location) -> Any:
    """A plain boto3 client, to look at the bucket from outside."""
    return boto3.client(
        "s3",
        endpoint_url=location.endpoint,
        region_name=location.region,
        aws_access_key_id=location.access_key.get_secret_value(),
        aws_secret_access_key=location.secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
