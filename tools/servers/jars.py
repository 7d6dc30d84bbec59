"""Downloads the jars of a pinned pom.xml once and keeps them, for servers that run on Java.

`jars("kafka")` gives the folder `${XDG_CACHE_HOME:-~/.cache}/insightd/jars/kafka-HASH`, where HASH
is of the pom.xml: another version is another folder. What came is compared with NAME/SHA256SUMS.
`NAME.jsa` beside it is for a quick start. A folder appears whole or not at all; two who ask at once
wait for each other. Errors are ServerError with what Maven said.

After a change of a pom.xml: `cd FOLDER && sha256sum *.jar > …/tools/servers/NAME/SHA256SUMS`.
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from process import ServerError

HERE = pathlib.Path(__file__).resolve().parent
DOWNLOAD_S_MAX = 900


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(home) / "insightd" / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def jars(name, quiet=False):
    pom = HERE / name / "pom.xml"
    folder = cache() / f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    return once(folder, lambda new: _download(name, pom, new, quiet))


def once(folder, make):
    """`folder`, made by `make(new folder)` if it is not there yet."""
    if folder.is_dir():
        return folder
    with open(folder.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder
        new = pathlib.Path(tempfile.mkdtemp(prefix=folder.name + ".", dir=folder.parent))
        try:
            make(new)
            new.rename(folder)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(new)
            raise
    return folder


def _download(name, pom, folder, quiet):
    if not quiet:
        print(f"Downloading the jars of {name} (once)…", file=sys.stderr, flush=True)
    words = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
             f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=DOWNLOAD_S_MAX,
                              stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise ServerError("mvn is not installed; `tools/install.sh servers` installs it") from None
    except subprocess.TimeoutExpired:
        raise ServerError(f"the jars of {name} did not come within {DOWNLOAD_S_MAX} s") from None
    if done.returncode != 0 or not any(folder.glob("*.jar")):
        raise ServerError(f"the jars of {name} ({pom}) did not come:\n{done.stdout}{done.stderr}")
    _compare(name, folder)


def _compare(name, folder):
    """Raises for a jar that is not the one that was meant, is missing, or came besides."""
    lines = (HERE / name / "SHA256SUMS").read_text(encoding="ascii").split("\n")
    meant = dict(reversed(line.split()) for line in lines if line)
    came = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}
    wrong = sorted(jar for jar in meant.keys() | came.keys() if meant.get(jar) != came.get(jar))
    if wrong:
        raise ServerError(f"the jars of {name} are not those of {HERE / name / 'SHA256SUMS'}: "
                          + ", ".join(wrong))


def java(name, *options):
    """The first words of a command that runs a class of these jars with a small heap."""
    shared = _shared(name)
    # Twice as fast to start with classes that are loaded already; one that does not fit is ignored.
    share = [f"-XX:SharedArchiveFile={shared}"] if shared.exists() else []
    return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
            "-Xlog:disable", "-Xlog:all=error:stderr", *share, *options, "-cp", f"{jars(name)}/*"]


def _shared(name):
    return jars(name).with_suffix(".jsa")


def share_classes(server):
    """Keeps the loaded classes of a server for its next starts; costs one start, once."""
    shared = _shared(server.name)
    if shared.exists():
        return
    new = shared.with_suffix(f".{os.getpid()}")
    command = server.command
    server.command = lambda: ["java", f"-XX:ArchiveClassesAtExit={new}", *command()[1:]]
    try:
        server.start()
        server.stop()
    finally:
        server.end()
    if new.exists():
        new.rename(shared)
