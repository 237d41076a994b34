"""The plugin of the document does what the document says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from . import block, install_documented


def test_the_documents_own_test_passes(tmp_path: Path) -> None:
    install_documented(tmp_path)
    (tmp_path / "test_samlauth_acme.py").write_text(block("test_samlauth_acme.py"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_its_provider_is_short() -> None:
    code = block("samlauth_acme.py")
    (acme,) = (node for node in ast.parse(code).body if isinstance(node, ast.ClassDef))
    assert acme.end_lineno is not None
    assert acme.end_lineno - acme.lineno < 40
