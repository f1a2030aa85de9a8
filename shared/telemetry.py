"""Structured logs: a fixed event name as the message, data in fields, secrets never."""

import json
import logging
import re
from typing import Any

_SECRET = re.compile(
    r"secret|token|password|authorization|credential|signature|sealed|api_?key|key_id",
    re.IGNORECASE,
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Mask every value whose name says that it is secret."""
    return {k: "***" if _SECRET.search(k) else v for k, v in fields.items()}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the severity names that Cloud Logging reads."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the event and its fields."""
        fields = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        line = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **redact_fields(fields),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send all logs to standard error as JSON lines; replaces what was configured before."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # httpx logs every URL with its query, where some brokers want keys and signatures; the makers'
    # SDKs of language models log whole questions
    for name in ("httpx", "httpx2", "openai", "google_genai"):
        logging.getLogger(name).setLevel(logging.WARNING)
