"""The AWS files on disk: read them, and change them so that nothing else in them can be lost.

What a write goes through, what each part is for, and the module that has it:

lock: ``locks``
    ``flock`` on ``<real path>.lock``: two of us, or aws-google-auth, never write at once.
settle: ``settling``
    ``aws configure set`` truncates the file and then writes it. It is read again until it has been
    still for a while, longer where it looks cut short, so that half a file is not taken for all.
replace: ``replacement``, of what ``staging`` made
    The new bytes go to a new file in the same folder, on to the disk, and take the old name in one
    step. Whoever reads sees all of the old or all of the new; a kill or a full disk leaves the old.
look again: ``replacement``
    Just before the replace, the file must still be the one that was read. Just after, the old file
    must not have been written to by somebody who had it open; else his version is the new start.
in place: ``overwriting``
    A file that is mounted by itself cannot be replaced, nor one in a folder that cannot be written.
    It is overwritten, in one write of its whole length, and the person is told.

A program that read the file before a replace and writes it after still overwrites what was
replaced; nothing here can prevent that.

``location`` knows where the files lie, ``disk`` is what all of it asks of the system, and
``trouble`` what the person hears when that fails. A file of our own is locked and replaced too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from samlauth.awsfiles import check_profile_name, config_section, read_section, read_sections
from samlauth.effects.files import disk, location, settling
from samlauth.effects.files.trouble import naming
from samlauth.errors import FileError
from samlauth.values import dataclass

if TYPE_CHECKING:
    from samlauth.awsfiles.edits import Changes
    from samlauth.effects.files.replacement import Target

# What writes and locks is imported by the functions that do: most commands only read.


@dataclass(frozen=True)
class Written:
    """What a write did."""

    files: tuple[Path, ...] = ()
    """The files that changed, in the order they were written."""
    notices: tuple[str, ...] = ()
    """Sentences for the person, about how they had to be written."""


@dataclass(frozen=True)
class AWSFiles:
    """The two files of the AWS tools, by the paths the person knows them by."""

    config: Path
    credentials: Path

    def read_config(self, profile: str) -> dict[str, str]:
        """The profile's keys, in lower case, and values; empty where there is no such file.

        Raises FileError for a file that is there and cannot be read, and as check_profile_name.
        """
        check_profile_name(profile)
        data = _load(self.config)
        return read_section(data, config_section(profile, data))

    def read_credentials(self, profile: str) -> dict[str, str]:
        """As :meth:`read_config`, of the credentials file."""
        check_profile_name(profile)
        return read_section(_load(self.credentials), profile)

    def read_each(
        self, profiles: Iterable[str]
    ) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """As :meth:`read_config` and :meth:`read_credentials`, with each file read but once."""
        names = tuple(profiles)
        for profile in names:
            check_profile_name(profile)
        data = _load(self.config)
        sections = {profile: config_section(profile, data) for profile in names}
        config = read_sections(data, sections.values())
        credentials = read_sections(_load(self.credentials), names)
        return {name: (config[sections[name]], credentials[name]) for name in names}

    def write(self, config: Changes, credentials: Changes) -> Written:
        """Change keys of profiles, named by their own names: the config file first, then the other.

        However many profiles change, each file is read once and replaced once, and one that would
        not change is not written. Raises SettingsError, before anything is written, for what must
        not be stored; FileError when a file cannot be changed, or is kept locked by somebody for
        10 seconds: the file it names is as it was, and it says so if the first was written.
        """
        from samlauth.awsfiles.edits import edit
        from samlauth.effects.files.replacement import Target

        for profile in (*config, *credentials):
            check_profile_name(profile)
        in_credentials = partial(edit, changes=credentials)

        def in_config(data: bytes) -> bytes:
            sections = {config_section(name, data): keys for name, keys in config.items()}
            return edit(data, sections)

        for change in (in_config, in_credentials):
            change(b"")  # what must not be stored is refused before a file is touched
        if location.real(self.config) == location.real(self.credentials):

            def both(data: bytes) -> bytes:
                return in_credentials(in_config(data))

            return _write_all([Target(self.credentials, both)])
        targets = (
            (config, Target(self.config, in_config, private=False)),
            (credentials, Target(self.credentials, in_credentials)),
        )
        return _write_all([target for changes, target in targets if changes])


def locate(environ: Mapping[str, str]) -> AWSFiles:
    """Where the AWS tools look: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else in ``~/.aws``.

    As in botocore, ``$NAME`` and a leading ``~`` in them are expanded. Raises FileError when a
    ``~`` is needed and there is no home folder.
    """
    return AWSFiles(location.config(environ), location.credentials(environ))


def load() -> None:
    """Load what a write needs, filelock above all, ahead of the first write."""
    import filelock  # noqa: F401 - the lock imports it, when there is one

    from samlauth.awsfiles import edits  # noqa: F401 - as below
    from samlauth.effects.files import replacement  # noqa: F401 - what write imports


def rewrite(path: Path, change: Callable[[bytes], bytes], *, private: bool) -> Written:
    """Change the bytes of one of the AWS files, as :meth:`AWSFiles.write` changes its keys.

    ``private`` says whether nobody else may read it. Raises FileError, as ``change`` may.
    """
    from samlauth.effects.files.replacement import Target

    return _write_all([Target(path, change, private)])


def write_private(path: Path, data: bytes) -> None:
    """Make ``data`` the whole of a file of our own, mode 0600, in a folder made 0700 if need be.

    Readers see the old bytes or the new. A link in its place is not followed, but replaced. It takes
    no lock: hold :func:`locked` from before the file was read. Raises FileError.
    """
    from samlauth.effects.files.replacement import Target

    target = Target(path, lambda _: data, shared=False)
    with naming(path, "written"):
        disk.make_folder(target.real.parent)
        if target.real.is_symlink():
            target.real.unlink()
    target.write()


@contextmanager
def locked(path: Path, seconds: float | None = None) -> Iterator[None]:
    """Keep other runs from changing a file of our own, and remove what a killed one left of it.

    Where there can be no lock, as in a folder that cannot be written, there is none. Raises
    FileError when somebody else holds it for so long, else for 10 seconds, or the folder cannot be
    made.
    """
    from samlauth.effects.files import locks

    with ExitStack() as held:
        with naming(path, "locked"):
            real = location.own(path)
            disk.make_folder(real.parent)
            held.enter_context(locks.held(real, path, seconds))
        yield


def _write_all(targets: list[Target]) -> Written:
    """Write each in turn, under the locks of all."""
    with ExitStack() as held:
        for target in targets:
            target.prepare(held)
        written: list[Path] = []
        for target in targets:
            try:
                target.write()
            except FileError as error:
                if not written:
                    raise
                before = f"{error.message} {written[0]} was written before that."
                raise FileError(before, hint=error.hint) from error
            if target.written:
                written.append(target.path)
    return Written(tuple(written), tuple(n for target in targets for n in target.notices))


def _load(path: Path) -> bytes:
    with naming(path, "read"):
        return settling.load(path)
