"""Dependencies point one way, and nothing before the driver can do I/O."""

import ast
from collections.abc import Iterator
from pathlib import Path

import samlauth

ROOT = Path(samlauth.__file__).parent

LAYERS = (
    {"__init__"},
    {"values", "later"},
    {"errors", "printable", "durations", "credentials"},
    {"shells"},
    {"saml"},
    {"challenges", "reach"},
    {"flow"},
    {"soup"},
    {"selectors"},
    {"html"},
    {"aliases", "federation", "sts"},
    {"chains", "idp"},
    {"login"},
    {"skeletons"},
    {"reports"},
    {"peers", "setting"},
    {"settings", "awsfiles", "profiles"},
    {"sources"},
    {"batch", "diagnosis"},
    {"redactor"},
    {"driver", "effects"},
    {"parsers"},
    {"command"},
    {"commands"},
    {"cli"},
    {"__main__"},
    {"testing", "sandbox"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
DOES_IO = frozenset(
    [
        "boto3",
        "botocore",
        "getpass",
        "http",
        "keyring",
        "logging",
        "os",
        "pathlib",
        "requests",
        "shutil",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib3",
    ]
)


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path, path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                yield from (f"{module}.{name.name}" for name in names)
            case ast.ImportFrom():
                raise AssertionError(f"{path}: relative import")
            case _:
                pass


def test_a_module_imports_only_from_layers_before_its_own() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, own in modules()
        for name in imports(path)
        if name.startswith("samlauth.")
        for other in [name.split(".")[1]]
        # The version is in the package itself; rehearse alone loads the sandbox.
        if other in RANK and other != own and RANK[other] >= RANK[own]
        if not (path.name == "rehearse.py" and other == "sandbox")
    ]
    assert wrong == []


def test_every_module_has_a_layer() -> None:
    assert {own for _, own in modules()} == RANK.keys()


def test_nothing_before_the_driver_can_do_io() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, own in modules()
        if RANK[own] < RANK["redactor"]
        for name in imports(path)
        if name.split(".")[0] in DOES_IO
    ]
    assert wrong == []
