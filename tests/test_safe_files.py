"""Files are opened and written so that no link, pipe or device leads elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pennyform.safe_files import (
    FolderCache,
    UnsafeFileError,
    make_folders,
    open_inside,
    read_inside,
    write_file,
)

LIMIT = 1000


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository beside a file that is no business of it."""
    (tmp_path / "profile").write_text("export PATH\n")
    root = tmp_path / "repository"
    (root / "invoices").mkdir(parents=True)
    (root / "pennyform.yaml").write_text("environment: sandbox\n")
    (root / "invoices" / "a.yaml").write_text("a: 1\n")
    return root


def unsafe(root: Path, path: Path) -> str:
    with pytest.raises(UnsafeFileError) as caught:
        os.close(open_inside(root, path))
    return str(caught.value)


def test_a_file_inside_is_read(repository: Path) -> None:
    assert read_inside(repository, repository / "invoices" / "a.yaml", LIMIT) == b"a: 1\n"


def test_a_folder_is_opened_once_for_its_files(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "invoices" / "b.yaml").write_text("b: 1\n")
    opened: list[str] = []
    real = os.open

    def note(path: str | Path, *args: int, **options: int) -> int:
        opened.append(os.fspath(path))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", note)
    cache = FolderCache()
    for name in ("a.yaml", "b.yaml"):
        os.close(open_inside(repository, repository / "invoices" / name, cache))
    assert opened == [str(repository), "invoices", "a.yaml", "b.yaml"]


def test_another_folder_is_not_taken_for_the_one_that_is_open(repository: Path) -> None:
    cache = FolderCache()
    os.close(open_inside(repository, repository / "invoices" / "a.yaml", cache))
    (repository / "customers").symlink_to(repository.parent)
    with pytest.raises(UnsafeFileError):
        open_inside(repository, repository / "customers" / "profile", cache)
    os.close(open_inside(repository, repository / "pennyform.yaml", cache))
    cache.close()
    assert cache.descriptor(str(repository), ["invoices"]) > 0


def test_a_limit_is_passed_by_one_byte_at_most(repository: Path) -> None:
    assert read_inside(repository, repository / "invoices" / "a.yaml", 2) == b"a: "


def test_a_link_inside_is_followed(repository: Path) -> None:
    (repository / "same.yaml").symlink_to("invoices/a.yaml")
    (repository / "folder").symlink_to("invoices")
    assert read_inside(repository, repository / "same.yaml", LIMIT) == b"a: 1\n"
    assert read_inside(repository, repository / "folder" / "a.yaml", LIMIT) == b"a: 1\n"


@pytest.mark.parametrize("name", ["link", "folder/profile", "deep/er/profile"])
def test_a_link_out_is_refused(repository: Path, name: str) -> None:
    (repository / "link").symlink_to("../profile")
    (repository / "folder").symlink_to("..")
    (repository / "deep").mkdir()
    (repository / "deep" / "er").symlink_to(repository.parent)
    assert unsafe(repository, repository / name) == "a symbolic link leads out of the repository"


@pytest.mark.parametrize("name", ["../profile", "invoices/../../profile", "."])
def test_a_path_out_is_refused(repository: Path, name: str) -> None:
    assert "outside" in unsafe(repository, Path(f"{repository}/{name}"))


def test_a_loop_of_links_ends(repository: Path) -> None:
    (repository / "one").symlink_to("two")
    (repository / "two").symlink_to("one")
    assert unsafe(repository, repository / "one") == "its symbolic links go in circles"


def test_a_pipe_is_not_waited_for(repository: Path) -> None:
    os.mkfifo(repository / "pipe")
    assert unsafe(repository, repository / "pipe") == "it is not a regular file"
    assert unsafe(repository, repository / "invoices") == "it is not a regular file"


# --- writing ------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_and_keeps_its_mode(repository: Path) -> None:
    file = repository / "out.json"
    write_file(file, b"one")
    file.chmod(0o640)
    write_file(file, b"two")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"two", 0o640)
    assert sorted(path.name for path in repository.iterdir()) == ["invoices", "out.json", "pennyform.yaml"]


@pytest.mark.parametrize("name", ["out.json", "folder/out.json", "loop/out.json", "dangling.json"])
@pytest.mark.parametrize("folders", [True, False])
def test_nothing_is_written_through_a_link(repository: Path, name: str, folders: bool) -> None:
    (repository / "out.json").symlink_to("../profile")
    (repository / "dangling.json").symlink_to("../new")
    (repository / "folder").symlink_to("..")
    (repository / "loop").symlink_to("loop")
    with pytest.raises(UnsafeFileError):
        write_file(repository / name, b"evil", folders=folders)
    assert (repository.parent / "profile").read_text() == "export PATH\n"
    assert sorted(path.name for path in repository.parent.iterdir()) == ["profile", "repository"]


def test_no_name_beside_the_file_is_written_through(repository: Path) -> None:
    for suffix in ("unfinished", "part", "new", "tmp"):
        (repository / f"out.json.{suffix}").symlink_to("../profile")
    write_file(repository / "out.json", b"good")
    assert (repository.parent / "profile").read_text() == "export PATH\n"
    assert (repository / "out.json").read_bytes() == b"good"


def test_a_pipe_in_a_repository_is_refused(repository: Path) -> None:
    os.mkfifo(repository / "out.json")
    with pytest.raises(UnsafeFileError, match="not a regular file"):
        write_file(repository / "out.json", b"data")


def test_what_exists_can_be_kept(repository: Path) -> None:
    with pytest.raises(FileExistsError):
        write_file(repository / "invoices" / "a.yaml", b"new", replace=False)
    assert (repository / "invoices" / "a.yaml").read_bytes() == b"a: 1\n"


def test_folders_are_made_only_when_asked_for(repository: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_file(repository / "new" / "out.json", b"data")
    write_file(repository / "new" / "er" / "out.json", b"data", folders=True)
    assert (repository / "new" / "er" / "out.json").read_bytes() == b"data"


@pytest.mark.parametrize("is_link", [False, True])
def test_a_folder_that_another_process_makes_is_used(
    is_link: bool, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(name: str, **where: int) -> None:
        if is_link:
            (repository / name).symlink_to("..")
        else:
            real(name, **where)
        real(name, **where)

    real = os.mkdir
    monkeypatch.setattr(os, "mkdir", mkdir)
    if is_link:
        with pytest.raises(UnsafeFileError, match="is a link"):
            make_folders(repository, repository / "new" / "inner")
    else:
        make_folders(repository, repository / "new" / "inner")
        assert (repository / "new" / "inner").is_dir()


def test_a_device_of_the_user_is_written_to() -> None:
    write_file("/dev/null", b"data")


def test_the_users_own_links_outside_of_a_repository_lead_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "mine").symlink_to("real")
    write_file(tmp_path / "mine" / "out.json", b"data")
    assert (tmp_path / "real" / "out.json").read_bytes() == b"data"


def test_a_failed_write_leaves_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(repository / "out.json", b"data")
    assert not [path for path in repository.iterdir() if "out.json" in path.name]


@pytest.mark.parametrize("marker", [".git", "pennyform.yaml"])
def test_a_link_to_another_repository_is_not_written_through(tmp_path: Path, marker: str) -> None:
    """What is reached by a link of a repository lies in that one, whatever the link leads to."""
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / marker).touch()
    (tmp_path / "mine" / "out").symlink_to(tmp_path / "other")
    for target in ("out/file", "out/folder/file"):
        with pytest.raises(UnsafeFileError):
            write_file(tmp_path / "mine" / target, b"x", folders=True)
    assert [path.name for path in (tmp_path / "other").iterdir()] == [marker]
    write_file(tmp_path / "other" / "file", b"x")
