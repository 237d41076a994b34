"""Active Directory Federation Services (ADFS), by the pages of its sign-in.

=============  =============================================================
``entry``      where a sign-in begins: host, address, relying party
``pages``      names a page and decides nothing; a new adapter: ``pages/adapters``
``flow``       decides and parses nothing: the loop over the pages
``account``    answers the pages for the home realm, the user name, the password
``challenge``  answers the second factor
``attempt``    one sign-in under way
``refusals``   how it can end without a SAML response
=============  =============================================================
"""
