"""The provider's own Python client (segmind 1.3.0) against the local API, but for its base URL."""

import base64
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import segmind
from catalogue import LocalApi, local_api, photo
from segmind import SegmindClient

MODEL = "sam-3d-objects"
PICTURE = base64.b64encode(photo(1)).decode()


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with local_api("--speed", "500", "--upload-envelope", "file_urls") as served:
        yield served


@pytest.fixture
def sdk(api: LocalApi) -> Iterator[Any]:
    client: Any = SegmindClient(api_key="SG_0123456789abcdef", base_url=f"{api.urls['url']}/v1")
    yield client
    client._client.close()  # noqa: SLF001 - it has no close of its own


def test_run_sync_brings_a_model_and_its_bill(sdk: Any) -> None:
    answer = sdk.run_sync(MODEL, image=PICTURE, prompt="ball", seed=7)
    assert answer.status_code == 200
    assert answer.content[:4] == b"glTF"
    assert float(answer.headers["x-cost"]) > 0
    assert answer.headers["x-seed-value"] == "7"


def test_run_submits_polls_and_gives_the_result(sdk: Any) -> None:
    answer = sdk.run(MODEL, image=PICTURE)
    assert answer["status"] == "COMPLETED"
    assert answer["metrics"]["cost"] > 0


def test_submit_async_gives_a_job_to_wait_for(sdk: Any) -> None:
    job = sdk.submit_async(MODEL, image=PICTURE)
    assert job.wait()["output"].endswith(".glb")


def test_the_credits_can_be_asked_for(sdk: Any, api: LocalApi) -> None:
    balance = sdk._request("GET", "/get-user-credits").json()  # noqa: SLF001 - it has no public call
    assert round(balance["credits"] * 1e6) == api.books()["balance_micro"]


def test_a_wrong_parameter_is_its_own_error(sdk: Any) -> None:
    with pytest.raises(segmind.SegmindError):
        sdk.run_sync(MODEL, image=PICTURE, seed=-1)


def test_the_history_is_understood(sdk: Any, api: LocalApi) -> None:
    # the client has this URL fixed in a module; only that is replaced
    generations: Any = sys.modules["segmind.generations"]
    there = generations.REQUEST_HISTORY_URL
    generations.REQUEST_HISTORY_URL = api.urls["history_url"]
    try:
        listed = sdk.generations.history(model_name=MODEL)
    finally:
        generations.REQUEST_HISTORY_URL = there
    assert MODEL in str(listed)
