"""The page at `/`: the account, the limits and the last requests, for people."""

from html import escape
from importlib.resources import files
from string import Template

from aiohttp import web

from . import credits
from .clock import iso
from .entry import Entry
from .parts import MODEL, Parts

_SHOWN = 50
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Refresh": "3",
}
_PAGE = Template(files(__package__).joinpath("page.html").read_text())


def routes(parts: Parts) -> list[web.RouteDef]:
    """Give the route of the page; it needs no key and tells none."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=html(parts), content_type="text/html", headers=_HEADERS)

    return [web.get("/", page)]


def html(parts: Parts) -> str:
    """Write the page; every text is escaped."""
    figures = [f"<div><dt>{escape(k)}<dd>{escape(v)}</div>" for k, v in _figures(parts).items()]
    rows = [_row(entry) for entry in parts.books.latest(_SHOWN)]
    texts = {"figures": "\n".join(figures), "rows": "\n".join(rows)}
    return _PAGE.substitute(texts, base=escape(parts.base))


def _figures(parts: Parts) -> dict[str, str]:
    books, workers = parts.books, parts.workers
    return {
        "Balance": credits.plain(books.balance),
        "Held back": credits.plain(books.held),
        "Spent": credits.plain(books.spent),
        "Submits": str(books.submits),
        "In flight": f"{workers.in_flight}, at most {workers.peak}",
        "Workers": str(parts.settings.workers),
        "Rate window": _window(parts),
        "Model": MODEL,
    }


def _window(parts: Parts) -> str:
    windows = parts.admission.windows
    left = windows.end - parts.now()
    taken = windows.taken if left > 0 else 0
    limit = "no limit" if windows.limit is None else f"{taken} of {windows.limit}"
    return limit if left <= 0 or windows.limit is None else f"{limit}, {left:.0f} s left"


def _row(entry: Entry) -> str:
    number = '<td class="number">'
    cells = [
        f"{number}{entry.ordinal}",
        f"<td>{iso(entry.received_at)[:19].replace('T', ' ')}",
        f"<td>v{entry.version}",
        f"<td>{_http(entry.http)}",
        f"<td>{escape(entry.status)}",
        f"{number}{credits.plain(entry.billed_micro)}",
        f"<td>{escape(entry.fault or '')}",
        f"<td><code>{escape(entry.id[:8])}</code>",
        f"<td>{escape(entry.error or '')}",
    ]
    return f"<tr>{''.join(cells)}"


def _http(status: int | None) -> str:
    return "none" if status == 0 else str(status or "")
