"""Botocore's data, as far as STS needs it."""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader as Everything


class Loader(Everything):
    """Loads the model of STS alone.

    Botocore looks through the folders of some four hundred services to find one, and parses a table
    of all their endpoints, 8 MB in memory. What STS needs of it follows from the much smaller table
    of partitions: a host for each region, made by the partition's rule.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        """The only one that is ever asked for."""
        return ["sts"]

    def load_data_with_path(self, name: str) -> tuple[dict[str, Any], str]:
        """As for everything, but for the table of endpoints."""
        data, path = super().load_data_with_path("partitions" if name == "endpoints" else name)
        return (_endpoints(data), path) if name == "endpoints" else (data, path)


def _endpoints(partitions: dict[str, Any]) -> dict[str, Any]:
    """The table of endpoints, of STS alone."""
    return {"version": 3, "partitions": [_partition(found) for found in partitions["partitions"]]}


def _partition(found: dict[str, Any]) -> dict[str, Any]:
    suffix = found["outputs"]["dnsSuffix"]
    fips = {
        "hostname": "{service}-fips.{region}.{dnsSuffix}",
        "dnsSuffix": suffix,
        "tags": ["fips"],
    }
    return {
        "partition": found["id"],
        "dnsSuffix": suffix,
        "regionRegex": found["regionRegex"],
        "regions": found["regions"],
        "defaults": {
            "hostname": "{service}.{region}.{dnsSuffix}",
            "protocols": ["https"],
            "signatureVersions": ["v4"],
            "variants": [fips],
        },
        "services": {"sts": {"endpoints": {region: {} for region in found["regions"]}}},
    }
