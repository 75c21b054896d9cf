"""What `identify` found."""

from __future__ import annotations

from wce_cli.formats.identified import answer_blocks
from wce_cli.formats.pictures.page import Page

PAGE = Page.of_blocks("identify", lambda answer, look: None, answer_blocks)
to_svg, to_html, fragment = PAGE.to_svg, PAGE.to_html, PAGE.fragment
