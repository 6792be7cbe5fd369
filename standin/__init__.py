"""A local stand-in for AWS (S3, IAM, STS, EC2, the Redshift API) and for Amazon Redshift itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from standin.lifecycle import Standin

__all__ = ["Standin"]


def __getattr__(name: str) -> Any:
    """Import Standin when it is asked for: a submodule alone need not pay for all of them."""
    if name == "Standin":
        from standin.lifecycle import Standin

        return Standin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
