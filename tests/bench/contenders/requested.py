"""`requests` in threads, a session each."""

from __future__ import annotations

import base64
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.contenders.threads import in_threads
from bench.order import Order, ordered

requests = import_module("requests")  # it comes without types
_own = threading.local()
_EVERY = 1.0  # seconds between polls, as the provider's SDK does


def main() -> None:
    """Do what the order says."""
    order = ordered()
    in_threads(order, lambda photo: _converted(order, photo))


def _converted(order: Order, photo: str) -> bytes:
    body = {"image": base64.b64encode(Path(photo).read_bytes()).decode(), "seed": 42}
    answer = _session().post(order.submit_url, json=body)
    answer.raise_for_status()
    if order.protocol == "v2":
        answer = _followed(answer.json())
    whole: bytes = answer.content
    return whole


def _followed(accepted: dict[str, str]) -> Any:
    while _session().get(accepted["status_url"]).json()["status"] != "COMPLETED":
        time.sleep(_EVERY)
    return _session().get(_session().get(accepted["response_url"]).json()["output"])


def _session() -> Any:
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
    return _own.session


if __name__ == "__main__":
    main()
