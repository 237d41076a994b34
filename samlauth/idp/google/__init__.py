"""Google Workspace, by its pages without JavaScript.

:mod:`~samlauth.idp.google.pages` names a page and decides nothing;
:mod:`~samlauth.idp.google.flow` decides and parses nothing.
"""

from samlauth.idp.google.flow import Google

__all__ = ["Google"]
