"""The rehearsal: an identity provider and an STS on loopback, for trying samlauth and testing it.

Everything here is fake and local, and strict where the real services are strict. What it needs
beyond samlauth's own dependencies is the extra ``samlauth[sandbox]``; nothing of that is imported
before a :class:`samlauth.sandbox.rehearsal.Rehearsal` is.
"""
