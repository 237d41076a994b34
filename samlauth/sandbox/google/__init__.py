"""Google's sign-in without scripts, as strict as a browser is exact."""

from samlauth.sandbox.google.idp import REJECTED, UNHEARD_OF, Google
from samlauth.sandbox.google.person import Person

__all__ = ["REJECTED", "UNHEARD_OF", "Google", "Person"]
