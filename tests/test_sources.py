"""Watched folders: what is taken for a client file, what is told, and what is left alone until it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import FolderSource
from core.errors import RefusedFile
from core.sources import Arrival, natural, poll, sha256_of, still_changing
from core.sources.whole import _devices

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="who has a file open is known on Linux only")


def watched(folder: Path, **keys: object) -> FolderSource:
    return FolderSource.model_validate({"name": "incoming", "kind": "folder", "path": folder} | keys)


def put(folder: Path, *names: str, content: bytes = b"a,b\n1,2\n") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(content)


def names(folder: Path) -> list[str]:
    return [arrival.name for arrival in poll(watched(folder)).arrivals]


def only(folder: Path) -> Arrival:
    (arrival,) = poll(watched(folder)).arrivals
    return arrival


def content(arrival: Arrival) -> bytes:
    with arrival.open() as handle:
        return handle.read()


def no_wait(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s for nothing")


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user who is not root: rights hold for everybody else only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


# --- what is found


def test_files_are_found_in_natural_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, "clients10.csv", "clients9.csv", "clients2026-02.csv", "Clients1.csv", "clients09.csv", "a.csv")
    assert names(tmp_path) == [
        "Clients1.csv", "a.csv", "clients09.csv", "clients9.csv", "clients10.csv", "clients2026-02.csv",
    ]  # fmt: skip


@given(st.text(max_size=12), st.text(max_size=12), st.integers(0, 10**9), st.integers(0, 10**9))
def test_names_that_differ_in_one_number_are_in_the_order_of_these(begin: str, end: str, one: int, two: int) -> None:
    begin, end = begin.rstrip("0123456789"), end.lstrip("0123456789")
    assert (natural(f"{begin}{one}{end}") < natural(f"{begin}{two}{end}")) == (one < two)


def test_digits_of_other_scripts_and_superscripts_are_letters_in_names() -> None:
    assert sorted(["m²10", "m²9", "m٣"], key=natural) == ["m²9", "m²10", "m٣"]


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "a.TSV",
        "a.txt",
        "a.csv.gz",
        "a.Tsv.Gz",
        "a.txt.gz",
        "a.zip",
        "a.parquet",
        "a.xlsx",
        "a.XLSM",
        "a.b.csv",
    ],
)
def test_files_of_kinds_that_are_read_are_found_in_any_case(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    found = poll(watched(tmp_path, holds="outcomes", sheet="Clients"))
    assert found.troubles == {}
    (arrival,) = found.arrivals
    assert (arrival.source, arrival.name, arrival.path) == ("incoming", name, tmp_path / name)
    assert (arrival.holds, arrival.sheet) == ("outcomes", "Clients")


@pytest.mark.parametrize(
    "name",
    [
        ".a.csv", ".~lock.a.csv#", "~$a.xlsx", "~a.csv", "a.csv~", "#a.csv#", "a.csv.part", "a.csv.tmp",
        "a.csv.crdownload", "a.csv.filepart", "a.xls.part", ".a.csv.X3fQ", "readme.md", "offer.pdf", "Thumbs.db", "csv",
    ],
)  # fmt: skip
def test_hidden_and_temporary_files_and_those_of_no_table_are_left_alone_without_a_word(
    tmp_path: Path, name: str
) -> None:
    put(tmp_path, name)
    found = poll(watched(tmp_path))
    assert (found.arrivals, found.troubles) == ((), {})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.xls", "a.xls is an old Excel file; save it as .xlsx or .csv."),
        ("A.XLS", "A.XLS is an old Excel file; save it as .xlsx or .csv."),
        ("a.xlsb", "a.xlsb is a binary Excel file; save it as .xlsx or .csv."),
        ("a.ods", "a.ods is an OpenDocument spreadsheet; save it as .xlsx or .csv."),
        ("a.dat", "a.dat has a name that does not say how it is to be read; if it is a delimited text, name it .csv."),
        *(
            (
                name,
                f"{name} is packed in a way that is not opened; drop the file that is in it, or pack it as .zip "
                "or .csv.gz.",
            )
            for name in ("a.7z", "a.rar", "a.csv.bz2", "a.csv.xz", "a.tar.gz", "a.xlsx.gz", "a.gz")
        ),
        ("a.json", "a.json is of a kind that is not read; save it as .csv, .xlsx or .parquet."),
        ("a.sav", "a.sav is of a kind that is not read; save it as .csv, .xlsx or .parquet."),
    ],
)
def test_files_that_people_take_for_readable_are_told_and_the_others_go_on(
    tmp_path: Path, name: str, sentence: str
) -> None:
    put(tmp_path, name, "b.csv")
    found = poll(watched(tmp_path))
    assert found.troubles == {name: sentence}
    assert [arrival.name for arrival in found.arrivals] == ["b.csv"]


def test_folders_pipes_and_sockets_are_no_files_whatever_their_name(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    put(tmp_path / "folder.csv", "inside.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.csv"))
        found = poll(watched(tmp_path))
    assert (found.arrivals, found.troubles) == ((), {})


def test_a_link_to_a_file_is_that_file_and_one_to_nothing_is_told(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "a.csv", content=b"there")
    folder = tmp_path / "incoming"
    folder.mkdir()
    (folder / "linked.csv").symlink_to(tmp_path / "elsewhere" / "a.csv")
    (folder / "broken.csv").symlink_to(tmp_path / "nowhere.csv")
    (folder / "round.csv").symlink_to("round.csv")
    (folder / "broken.pdf").symlink_to(tmp_path / "nowhere.pdf")
    found = poll(watched(folder))
    (arrival,) = found.arrivals
    assert arrival.name == "linked.csv"
    assert content(arrival) == b"there"
    assert found.troubles == {
        "broken.csv": "broken.csv is a link to a file that is not there; put it there, or remove the link.",
        "round.csv": "round.csv cannot be read: Too many levels of symbolic links; it is tried again next time.",
    }


def test_the_empty_file_that_a_download_will_replace_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "b.csv", content=b"")
    put(tmp_path, "a.csv.part")
    assert names(tmp_path) == ["b.csv"]


def test_a_name_in_another_encoding_is_shown_in_one_that_can_be_written_down(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"M\xfcller.csv")).write_bytes(b"x")
    (tmp_path / os.fsdecode(b"M\xe4ller.csv")).write_bytes(b"x")
    found = poll(watched(tmp_path))
    assert sorted(arrival.name for arrival in found.arrivals) == ["M\\xe4ller.csv", "M\\xfcller.csv"]
    assert [content(arrival) for arrival in found.arrivals] == [b"x", b"x"]


# --- what is wrong with the folder


def test_a_folder_that_is_not_there_is_a_trouble_of_the_source(tmp_path: Path) -> None:
    found = poll(watched(tmp_path / "gone"))
    assert found.arrivals == ()
    assert found.troubles == {
        "": f"The folder {tmp_path}/gone of source 'incoming' is not there; make it, or change config.toml."
    }


def test_a_file_where_the_folder_should_be_is_a_trouble_of_the_source(tmp_path: Path) -> None:
    put(tmp_path, "incoming")
    expected = f"The folder {tmp_path}/incoming of source 'incoming' is no folder; name one in config.toml."
    assert poll(watched(tmp_path / "incoming")).troubles == {"": expected}


def test_a_folder_that_may_not_be_listed_is_a_trouble_of_the_source(public: Path) -> None:
    put(public / "incoming", "a.csv")
    (public / "incoming").chmod(0o000)
    with without_rights():
        found = poll(watched(public / "incoming"))
    (public / "incoming").chmod(0o755)
    assert found.arrivals == ()
    assert found.troubles == {
        "": f"The folder {public}/incoming of source 'incoming' cannot be read: permission denied; let the user that "
        "Bellwether runs as list it. It is tried again next time."
    }


def test_files_that_may_be_listed_but_not_looked_at_are_troubles_of_their_own(public: Path) -> None:
    put(public / "incoming", "a.csv", "readme.md")
    (public / "incoming").chmod(0o444)
    with without_rights():
        found = poll(watched(public / "incoming"))
    (public / "incoming").chmod(0o755)
    assert found.arrivals == ()
    assert found.troubles == {
        "a.csv": "a.csv cannot be read: permission denied; let the user that Bellwether runs as read it. "
        "It is tried again next time."
    }


# --- reading


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    made = os.urandom(3_000_001)
    put(tmp_path, "a.csv", content=made)
    arrival = only(tmp_path)
    assert sha256_of(arrival) == hashlib.sha256(made).hexdigest()
    assert content(arrival) == made


def test_the_stamp_says_size_times_and_inode(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", content=b"12345")
    os.utime(tmp_path / "a.csv", ns=(0, 1_700_000_000_123_456_789))
    status = (tmp_path / "a.csv").stat()
    assert only(tmp_path).stamp == f"5:1700000000123456789:{status.st_ctime_ns}:{status.st_ino}"


def test_a_file_that_may_not_be_read_is_refused_in_a_sentence(public: Path) -> None:
    put(public, "a.csv")
    (public / "a.csv").chmod(0o000)
    arrival = only(public)
    for read in (arrival.open, lambda: sha256_of(arrival)):
        with without_rights(), pytest.raises(RefusedFile) as told:
            read()
        assert str(told.value) == (
            "a.csv cannot be read: permission denied; let the user that Bellwether runs as read it. "
            "It is tried again next time."
        )


def test_a_file_that_was_taken_away_is_refused_in_a_sentence(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    arrival = only(tmp_path)
    (tmp_path / "a.csv").unlink()
    for read in (arrival.open, lambda: sha256_of(arrival), arrival.check):
        with pytest.raises(
            RefusedFile, match=r"^a\.csv was taken away before it was read; drop it in again if it is wanted\.$"
        ):
            read()


def test_a_disk_that_fails_while_it_is_read_is_told_in_a_sentence() -> None:
    unreadable = Path("/proc/self/mem")  # opens, and fails where nothing is mapped
    if not unreadable.exists():
        pytest.skip("needs /proc")
    with pytest.raises(RefusedFile, match=r"^a\.csv cannot be read: Input/output error; it is tried again next time"):
        sha256_of(Arrival("incoming", "a.csv", unreadable, "auto"))


def grow(path: Path) -> None:
    with path.open("ab") as handle:
        handle.write(b"3,4\n")


def rewrite_in_the_same_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"b,a\n2,1\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"b,a\n2,1\n")
    other.replace(path)


CHANGES = [grow, rewrite_in_the_same_size_and_time, replace]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_since_it_was_found_is_not_read(tmp_path: Path, change: object) -> None:
    put(tmp_path, "a.csv")
    arrival = only(tmp_path)
    time.sleep(0.02)  # longer than the clock of file times takes for a tick
    change(tmp_path / "a.csv")  # type: ignore[operator]
    for read in (arrival.open, lambda: sha256_of(arrival), arrival.check):
        with pytest.raises(RefusedFile, match=r"^a\.csv changed while it was read; it is tried again next time\.$"):
            read()


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 200_000_000)
    arrival = only(tmp_path)

    def append() -> None:
        time.sleep(0.02)
        grow(path)

    with pytest.raises(RefusedFile, match="changed while it was read"):
        writer = threading.Thread(target=append)
        writer.start()
        try:
            sha256_of(arrival)
        finally:
            writer.join()


def test_an_arrival_that_nobody_stamped_is_read_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    arrival = Arrival("incoming", "a.csv", tmp_path / "a.csv", "auto")
    arrival.check()
    assert sha256_of(arrival) == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


# --- whether it is whole

SLOW_WRITER = """
import sys, time
with open(sys.argv[1], "ab", buffering=0) as handle:
    print("open", flush=True)
    for _ in range(int(sys.argv[2])):
        handle.write(b"1,2\\n")
        time.sleep(float(sys.argv[3]))
    print("written", flush=True)
    sys.stdin.read()
"""


@contextmanager
def slow_writer(path: Path, lines: int = 0, pause: float = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that has opened the file and writes to it, and holds it open until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(path), str(lines), str(pause)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout
        assert writer.stdout.readline() == "open\n"
        yield writer


@LINUX
def test_a_file_is_left_alone_as_long_as_another_process_has_it_open_for_writing(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "b.csv")
    with slow_writer(tmp_path / "a.csv"):
        found = poll(watched(tmp_path)).arrivals
        assert still_changing(found, 0, no_wait) == {"a.csv"}
        assert still_changing(found, 0, no_wait) == {"a.csv"}
    assert still_changing(poll(watched(tmp_path)).arrivals, 0, no_wait) == set()


def test_a_file_that_grows_while_we_wait_is_left_alone_until_it_is_whole(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "b.csv")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    with slow_writer(tmp_path / "a.csv", lines=40, pause=0.02) as writer:
        found = poll(watched(tmp_path)).arrivals
        assert still_changing(found, 0.2, wait) == {"a.csv"}
        assert waits == [0.2]
        assert writer.stdout
        assert writer.stdout.readline() == "written\n"
    found = poll(watched(tmp_path)).arrivals
    assert still_changing(found, 0.2, wait) == set()
    assert waits == [0.2, 0.2]
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n1,2\n" + b"1,2\n" * 40


@pytest.mark.parametrize("change", [*CHANGES, Path.unlink])
def test_a_file_that_changes_without_being_held_open_is_left_alone_too(tmp_path: Path, change: object) -> None:
    put(tmp_path, "a.csv", "b.csv")
    found = poll(watched(tmp_path)).arrivals
    time.sleep(0.02)

    def wait(_seconds: float) -> None:
        change(tmp_path / "a.csv")  # type: ignore[operator]

    assert still_changing(found, 2, wait) == {"a.csv"}


def test_an_arrival_without_a_stamp_is_compared_with_what_it_was_at_first(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "b.csv")
    found = [Arrival("incoming", name, tmp_path / name, "auto") for name in ("a.csv", "b.csv", "gone.csv")]
    assert still_changing(found, 1, lambda _: grow(tmp_path / "b.csv")) == {"b.csv", "gone.csv"}


def test_nothing_is_waited_for_where_nothing_arrived(tmp_path: Path) -> None:
    assert still_changing((), 2, no_wait) == set()
    put(tmp_path, "a.csv")
    assert still_changing([only(tmp_path)], 0, no_wait) == set()


def test_readers_do_not_hold_a_file_back(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    with (tmp_path / "a.csv").open("rb"):
        assert still_changing([only(tmp_path)], 0, no_wait) == set()


def test_a_file_of_somebody_else_is_judged_by_its_change_alone(public: Path) -> None:
    put(public, "a.csv", "secret.csv")
    (public / "secret.csv").chmod(0o000)
    with slow_writer(public / "a.csv"), without_rights():
        if os.geteuid() != (public / "a.csv").stat().st_uid:
            assert still_changing(poll(watched(public)).arrivals, 0, no_wait) == set()


BUSY_WRITER = """
import sys
end = int(sys.argv[2])
for _ in range(end):
    with open(sys.argv[1], "r+b"):
        pass
"""


@LINUX
def test_asking_who_writes_neither_ends_us_nor_disturbs_who_begins_to_write(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    arrival = only(tmp_path)
    asking = f"""
from pathlib import Path
from core.sources import Arrival, still_changing
arrival = Arrival("incoming", "a.csv", Path({str(arrival.path)!r}), "auto")
answers = {{bool(still_changing([arrival], 0, None)) for _ in range(5_000)}}
print(sorted(answers))
"""
    with subprocess.Popen(
        [sys.executable, "-c", asking], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as asker:
        while asker.poll() is None:
            done = subprocess.run([sys.executable, "-c", BUSY_WRITER, str(arrival.path), "2000"], check=False)
            assert done.returncode == 0
        assert asker.stdout
        assert asker.stdout.read() == "[False, True]\n"
    assert asker.returncode == 0


def test_devices_on_which_nobody_can_tell_are_found_among_the_mounts(tmp_path: Path) -> None:
    # the first line is the example of proc(5); the others are as a kernel writes them for network file systems
    mounts = """36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
291 29 0:52 / /srv/drop rw,relatime shared:160 - nfs4 files.example:/drop rw,vers=4.2
292 29 0:53 / /srv/nfs\\040old rw,relatime - nfs files.example:/old rw,vers=3
293 29 0:61 /in /srv/share rw,relatime shared:170 master:2 - cifs //files.example/share rw,vers=3.1.1
294 29 0:44 / /sys/fs rw - sysfs nfs rw
"""
    (tmp_path / "mountinfo").write_text(mounts)
    found = _devices(("nfs", "cifs", "smb"), tmp_path / "mountinfo")
    assert found == {os.makedev(0, 52), os.makedev(0, 53), os.makedev(0, 61)}
    assert _devices(("ext3",), tmp_path / "mountinfo") == {os.makedev(98, 0)}
    assert _devices(("nfs",), tmp_path / "gone") == set()


@LINUX
def test_the_device_of_a_file_is_found_among_the_mounts_of_this_machine(tmp_path: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    kinds = tuple({line.partition(" - ")[2].split()[0] for line in mounts})
    if "btrfs" in kinds:
        pytest.skip("the parts of a btrfs have numbers of their own")
    assert tmp_path.stat().st_dev in _devices(kinds)
