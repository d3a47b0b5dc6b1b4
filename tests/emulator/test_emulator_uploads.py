from typing import Any

import pytest
from emulator.emulator_serving import KEY, Answer, Api, ball, serving, text

pytestmark = pytest.mark.anyio
PNG = f"data:image/png;base64,{text(ball())}"
JPEG = f"data:image/jpeg;base64,{text(ball(kind='JPEG'))}"


async def upload(api: Api, body: Any, headers: Any = KEY) -> Answer:
    return await api.call("POST", "/upload-asset", json=body, headers=headers)


async def test_uploaded_pictures_are_taken_by_their_urls() -> None:
    async with serving() as api:
        image, other = (await upload(api, {"data_urls": [PNG, JPEG]})).json["urls"]
        kept = await api.call("GET", other, headers={})
        made = await api.make(image=image, mask=image)
        assert (await api.make(image=other)).status == 200
        plain = await api.make(mask=text(ball()))
    assert (kept.headers["content-type"], kept.body) == ("image/jpeg", ball(kind="JPEG"))
    assert made.body == plain.body


async def test_the_sdks_envelope() -> None:
    async with serving(upload_envelope="file_urls") as api:
        answer = (await upload(api, {"data_urls": [PNG]})).json
    assert set(answer) == {"file_urls", "message"}
    assert answer["file_urls"][0].startswith(f"{api.url}/assets/")


async def test_what_is_no_picture_is_refused() -> None:
    bad: list[Any] = [
        *([], {}, {"data_urls": []}, {"data_urls": PNG}, {"data_urls": [1]}),
        *({"data_urls": [url]} for url in ("x", "data:text/plain;base64,aGk=", PNG[:90])),
        {"data_urls": ["data:image/../../x;base64,aGk="]},
        {"data_urls": [PNG] * 21},
    ]
    async with serving() as api:
        for body in bad:
            assert (await upload(api, body)).status == 400, body
        broken = await api.call("POST", "/upload-asset", data=b"{")
        assert (broken.status, (await upload(api, {}, headers={})).status) == (400, 401)
