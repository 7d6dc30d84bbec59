"""What a power failure leaves of a folder; see forgetful_disk.cc, which notes what was synced."""
import pathlib
import shutil


def restore(shadow, folder):
    """Makes `folder` what `shadow` says was synced of it."""
    shadow, folder = pathlib.Path(shadow), pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    _restore_folder(shadow, 0, folder)
    shutil.rmtree(shadow)


def _restore_folder(shadow, number, folder):
    folder.mkdir(mode=0o700)
    listing = shadow / "folders" / str(number)
    if not listing.exists():
        return  # its own content was never synced
    for line in listing.read_text().splitlines():
        kind, below, name = line.split(" ", 2)
        if kind == "d":
            _restore_folder(shadow, int(below), folder / name)
            continue
        data = shadow / "files" / below
        (folder / name).write_bytes(data.read_bytes() if data.exists() else b"")
