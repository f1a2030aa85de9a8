"""Where archives are kept; apart from the rest, so that no function carries a compressor."""

from pathlib import Path

from shared.adapters.folder_archive import FolderArchive
from shared.journal.archive.archive import Archive


def archive_in(folder: Path) -> Archive:
    """Keep an archive in a folder."""
    return FolderArchive(folder)
