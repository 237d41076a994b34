"""ADFS's sign-in pages, as strict as a browser is exact."""

from samlauth.sandbox.adfs.adapters import Mfa, is_mfa
from samlauth.sandbox.adfs.idp import ADFS
from samlauth.sandbox.adfs.person import Person

__all__ = ["ADFS", "Mfa", "Person", "is_mfa"]
