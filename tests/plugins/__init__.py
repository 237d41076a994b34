"""The plugin of docs/plugins.md, and others, as installed packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "plugins.md"

GROUP = "samlauth.identity_providers"


def block(name: str) -> str:
    """A file that the document has: the block that begins with its name."""
    found = re.findall(
        rf"^```\w+\n# {re.escape(name)}\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.M | re.S
    )
    assert len(found) == 1, f"{DOCUMENT} has {len(found)} files {name}"
    return str(found[0])


def install(
    folder: Path,
    code: str,
    *,
    name: str = "acme",
    package: str = "samlauth-acme",
    version: str = "1.0",
) -> Path:
    """Put a package with one provider into ``folder``, as installers lay them out; the folder."""
    module = package.replace("-", "_")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n")
    (folder / f"{module}.py").write_text(code, "utf-8")
    return folder


def install_documented(folder: Path) -> Path:
    """The package of the document, by its own pyproject.toml."""
    project = tomllib.loads(block("pyproject.toml"))["project"]
    ((name, module),) = project["entry-points"][GROUP].items()
    assert module == project["name"].replace("-", "_")
    return install(
        folder,
        block("samlauth_acme.py"),
        name=name,
        package=project["name"],
        version=project["version"],
    )
