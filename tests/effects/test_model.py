"""What is left out of botocore's data is not missed."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from samlauth.effects.model import Loader

REGIONS = [
    (partition, region)
    for session in [botocore.session.Session()]
    for partition in session.get_available_partitions()
    for region in session.get_available_regions("sts", partition_name=partition)
]


class Called(Exception):
    """Where a request was about to go."""


def endpoint(session: botocore.session.Session, region: str, *, fips: bool) -> str:
    """The host that a call goes to, by whatever decides it in the end."""
    config = Config(signature_version=UNSIGNED, use_fips_endpoint=fips)
    client: Any = session.create_client("sts", region_name=region, config=config)

    def stop(request: AWSPreparedRequest, **_: object) -> None:
        raise Called(request.url)

    client.meta.events.register("before-send.sts", stop)
    with pytest.raises(Called) as called:
        client.assume_role_with_saml(
            RoleArn="arn:aws:iam::111111111111:role/Dev",
            PrincipalArn="arn:aws:iam::111111111111:saml-provider/Idp",
            SAMLAssertion="QUJD",
        )
    return str(called.value)


@pytest.fixture(scope="module")
def whole() -> botocore.session.Session:
    return botocore.session.Session()


@pytest.fixture(scope="module")
def light() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", Loader())
    return session


def test_every_region_has_the_endpoint_it_has_for_everybody_else(
    whole: botocore.session.Session, light: botocore.session.Session
) -> None:
    assert {partition for partition, _ in REGIONS} > {"aws", "aws-cn", "aws-us-gov"}
    expected = {region: endpoint(whole, region, fips=False) for _, region in REGIONS}
    assert {region: endpoint(light, region, fips=False) for _, region in REGIONS} == expected


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "us-gov-west-1", "ca-central-1"])
def test_fips_too(
    whole: botocore.session.Session, light: botocore.session.Session, region: str
) -> None:
    assert endpoint(light, region, fips=True) == endpoint(whole, region, fips=True)


def test_a_region_of_tomorrow_is_one_of_its_partition(
    whole: botocore.session.Session, light: botocore.session.Session
) -> None:
    for region in ("eu-north-9", "cn-west-7"):
        assert endpoint(light, region, fips=False) == endpoint(whole, region, fips=False)


def test_no_other_service_is_known(light: botocore.session.Session) -> None:
    assert light.get_available_services() == ["sts"]
