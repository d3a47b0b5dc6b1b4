import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run on the loop of `catalog3d emulator`."""
    return "asyncio"
