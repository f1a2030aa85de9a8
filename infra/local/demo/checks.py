"""What the demo promises; one broken promise makes its exit code non-zero."""

from dataclasses import dataclass, field


@dataclass
class Checks:
    """Collects promises with what was seen."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def expect(self, promise: str, *, kept: bool, seen: object) -> None:
        """Note a promise as kept or broken; `seen` is shown either way."""
        (self.passed if kept else self.failed).append(f"{promise} ({seen})")

    @property
    def exit_code(self) -> int:
        """0 when every promise was kept."""
        return 1 if self.failed else 0
