# SPDX-License-Identifier: MIT
"""Facts as notebooks show them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape


def html_table(title: str, rows: Mapping[str, str]) -> str:
    """Return a table of names and values, as HTML; rows without a value are left out."""
    lines = [f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
             for name, value in rows.items() if value]
    return f"<table><caption><b>{escape(title)}</b></caption>{''.join(lines)}</table>"
