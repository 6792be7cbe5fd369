"""What every HTTP request passes before moto: the address service, and clear refusals.

moto prints tracebacks and answers HTML for what it does not implement, and has canned answers for
services that this stand-in does not imitate; a falsely passing stand-in is worse than none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from standin.cloud.callers import refusal

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

# By the names that requests are signed for:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
SERVICES = frozenset({"s3", "iam", "sts", "ec2", "redshift", "secretsmanager"})
SIGNED_BY = re.compile(r"Credential=([^/]*)/")
# How the XML of a refusal is wrapped where it is not in an ErrorResponse.
ERROR_FORMS = {
    "s3": "{}",
    "ec2": "<Response><Errors>{}</Errors><RequestID>standin</RequestID></Response>",
}
SIGNED_FOR = re.compile(r"Credential=[^/]*/\d{8}/[^/]*/([^/]*)/aws4_request")


def gateway(application: WsgiApplication) -> WsgiApplication:
    """The application, behind the checks of this module."""

    def checked(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/checkip":
            return _answer(start_response, "200 OK", "text/plain", f"{environ['REMOTE_ADDR']}\n")
        service = _service(environ)
        if service not in SERVICES:
            return _not_implemented(environ, start_response, f"the service {service}")
        if refused := refusal(_caller(environ)):
            return _refuse(environ, start_response, "403 Forbidden", *refused)
        try:
            return application(environ, start_response)
        except NotImplementedError as missing:
            # moto says: The <action> action has not been implemented
            return _not_implemented(environ, start_response, str(missing) or "this request")

    return checked


def _service(environ: Environ) -> str:
    """The service that a request is signed for; S3 is the one that takes unsigned requests."""
    signed = SIGNED_FOR.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signed[1].lower() if signed else "s3"


def _caller(environ: Environ) -> str:
    """The access key that a request is signed with; empty for an unsigned one."""
    signed = SIGNED_BY.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signed[1] if signed else ""


def _not_implemented(environ: Environ, start_response: StartResponse, what: str) -> Iterable[bytes]:
    message = f"not supported by this stand-in for AWS: {what}; docs/standin-cloud.md lists what is"
    return _refuse(environ, start_response, "501 Not Implemented", "NotImplemented", message)


def _refuse(
    environ: Environ, start_response: StartResponse, status: str, code: str, message: str
) -> Iterable[bytes]:
    """Refuse in the form that boto3 reads for the protocol of the request; it does not retry."""
    kind, service = environ.get("CONTENT_TYPE", ""), _service(environ)
    # A request without a body does not tell; most of the other services speak JSON.
    untold = not kind and service not in {*SERVICES, "route53", "cloudfront"}
    if untold or "json" in kind or "HTTP_X_AMZ_TARGET" in environ:
        body = json.dumps({"__type": code, "message": message})
        return _answer(start_response, status, "application/json", body)
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    form = ERROR_FORMS.get(service, "<ErrorResponse>{}</ErrorResponse>")
    return _answer(start_response, status, "text/xml", form.format(error))


def _answer(start_response: StartResponse, status: str, kind: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
