"""The chart library, which is an extra: the pages of ``view``, ``extract`` and ``evaluate`` need it."""

from __future__ import annotations

from ...errors import InputError


def require_charts() -> None:
    """Refuse to begin a page without what draws its charts.

    Raises:
        InputError: if it is not installed.
    """
    try:
        import altair  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError:
        raise InputError("charts need: pip install 'marsad[view]'") from None
