"""Looked at only where somebody asks for it: these tests sign in with an account of theirs."""

import os

collect_ignore_glob = [] if os.environ.get("SAMLAUTH_LIVE") == "1" else ["test_*.py"]
