"""Which file system a path lies on, by the kernel's table of mounts (proc(5), /proc/mounts)."""

from __future__ import annotations

import re
from pathlib import Path

TABLE = Path("/proc/self/mounts")
"""The kernel's table; systems other than Linux have none."""

_NETWORK = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"),
        *("glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"),
    }
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_type(path: Path, table: str) -> str | None:
    """Name the network file system that an absolute path lies on; None for a local one."""
    found, kind = Path(), ""
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[1]))
        if path.is_relative_to(point) and len(point.parts) >= len(found.parts):
            found, kind = point, fields[2]
    return kind if kind in _NETWORK else None
