from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import LedgerError
from pipeline.ledger import hold
from pipeline.ledger.mounts import network_type

TABLE = r"""
/dev/sda1 / ext4 rw 0 0
server:/shop /srv/shop nfs4 rw 0 0
/dev/sdb1 /srv/shop/local xfs rw 0 0
//nas/pictures /mnt/our\040pictures cifs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a/ledger.sqlite", None),
        ("/srv/shop/out/ledger.sqlite", "nfs4"),
        ("/srv/shopping/ledger.sqlite", None),
        ("/srv/shop/local/ledger.sqlite", None),  # a local disk mounted within a network one
        ("/mnt/our pictures/ledger.sqlite", "cifs"),
    ],
)
def test_the_longest_mount_point_says_what_a_path_lies_on(path: str, kind: str | None) -> None:
    assert network_type(Path(path), TABLE) == kind


def test_a_ledger_on_a_network_file_system_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"server:/shop {tmp_path} nfs rw 0 0\n")
    ledger = tmp_path / "out" / "ledger.sqlite"
    refused = pytest.raises(LedgerError, match="nfs, a network file system")
    with refused, hold(ledger, mounts=table):
        pass
    assert not (tmp_path / "out").exists()
