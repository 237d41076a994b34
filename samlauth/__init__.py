"""Sign in to AWS from the terminal through a company's SAML identity provider."""

__version__ = "0.1.0"
