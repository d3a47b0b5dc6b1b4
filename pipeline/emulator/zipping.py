"""Bodies under gzip, honest and not."""

import gzip
import zlib

_MIB = 2**20
_GZIP = 31  # zlib's window bits for a gzip wrapper


def zipped(data: bytes) -> bytes:
    """Compress; the same bytes give the same bytes."""
    return gzip.compress(data, mtime=0)


def bomb(mebibytes: int) -> bytes:
    """Give about a thousandth of the size that it unpacks to."""
    squeeze = zlib.compressobj(level=1, wbits=_GZIP)
    zeros = bytes(_MIB)
    return b"".join([*(squeeze.compress(zeros) for _ in range(mebibytes)), squeeze.flush()])
