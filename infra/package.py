"""Makes one zip a function in dist/: main.py, requirements.txt and what it reaches of shared/.

Equal input gives equal bytes (sorted names, no times, one mode, no compression, whose bytes depend
on the zlib at hand), so Terraform redeploys exactly what changed.
"""

import hashlib
import io
import zipfile
from pathlib import Path

from infra.lockfile import requirements
from infra.reach import reach

ROOT = Path(__file__).parents[1]
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that the format can say
_UNIX = 3
_MODE = 0o100644 << 16


def function_names(root: Path = ROOT) -> list[str]:
    """List the deployables: the folders of functions/ that have a main.py."""
    return sorted(main.parent.name for main in root.glob("functions/*/main.py"))


def contents(name: str, root: Path = ROOT) -> dict[str, bytes]:
    """Collect a function's files by their names in the zip.

    Raises: ForbiddenImport, NotLocked.
    """
    main = root / "functions" / name / "main.py"
    reached = reach(main, root)
    lock = (root / "infra" / "requirements" / "runtime.txt").read_text()
    return {
        "main.py": main.read_bytes(),
        "requirements.txt": requirements(reached.imports, lock).encode(),
        **{file.as_posix(): (root / file).read_bytes() for file in reached.files},
    }


def build(name: str, root: Path = ROOT) -> bytes:
    """Make a function's zip.

    Idempotent: equal files give equal bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for path, data in sorted(contents(name, root).items()):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.create_system, info.external_attr = _UNIX, _MODE
            bundle.writestr(info, data)
    return buffer.getvalue()


def write_all(dist: Path, root: Path = ROOT) -> dict[str, bytes]:
    """Write every function's zip; zips of functions that are gone are removed."""
    dist.mkdir(parents=True, exist_ok=True)
    bundles = {name: build(name, root) for name in function_names(root)}
    for stale in set(dist.glob("*.zip")) - {dist / f"{name}.zip" for name in bundles}:
        stale.unlink()
    for name, data in bundles.items():
        (dist / f"{name}.zip").write_bytes(data)
    return bundles


def main() -> None:
    for name, data in write_all(ROOT / "dist").items():
        digest = hashlib.sha256(data).hexdigest()
        print(f"{name:18} {len(data) / 1024:7.0f} KB  sha256 {digest[:16]}")


if __name__ == "__main__":
    main()
