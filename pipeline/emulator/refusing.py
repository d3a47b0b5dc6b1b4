"""The refusals that are made on purpose, in the words of a gateway that means them."""

from .faults import Fault
from .rate import reset_header
from .refusal import RefusalError

_ERRORS = {
    "400": "Bad Request: the request body is malformed",
    "401": "Unauthorized: the x-api-key header is missing or invalid",
    "403": "Forbidden: this account may not call this model",
    "404": "The requested URL does not exist",
    "410": "This model has been retired",
    "429": "Rate limit exceeded",
    "500": "Server had some issue with processing",
    "406-credits": "Insufficient credits: your balance is 0, and this request needs 0.0627",
    "406-spend-limit": "Team spend limit reached: the monthly cap is $100",
    "406-content-type": "Invalid content type: send application/json",
    "406-parameter": "Invalid value for parameter seed",
    "406-unreadable": "Not Acceptable",
}
_GATEWAY = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
_DESCRIBED = {
    "error": "invalid_api_key",
    "error_description": "The provided API key is invalid",
    "status_code": 401,
}
_NOBODY = "http://127.0.0.1:9/v1/sam-3d-objects"  # the discard port, where nobody listens


def refusal(fault: Fault, now: float) -> RefusalError:
    """Give what such a fault answers, to any operation; `now` is in Unix seconds."""
    name = fault.kind.removeprefix(f"{fault.operation}-")
    status = int(name[:3])
    match name:
        case "429":
            return RefusalError(429, _ERRORS[name], reset_header(now + fault.amount))
        case "429-bare":
            return RefusalError(429, _ERRORS["429"])
        case "401-described":
            return RefusalError(401, "invalid_api_key", body=_DESCRIBED)
        case "307":
            return RefusalError(307, "Temporary Redirect", {"Location": fault.value or _NOBODY})
        case _ if status in _GATEWAY:
            return gateway(status)
        case _:
            return RefusalError(status, _ERRORS[name])


def gateway(status: int) -> RefusalError:
    """Give a gateway's own page, which is HTML."""
    words = _GATEWAY[status]
    page = f"<html><head><title>{status} {words}</title></head><body><h1>{words}</h1></body></html>"
    return RefusalError(status, words, body=page)
