"""Pages: Markdown's tables as HTML ones, text as text, nothing to load."""

import re

from lib.reporting.pages import page

TABLE = """A caption (%)

| Method | m Abs. (↑) |
|:---|---:|
| Linear FT | 70.1 ± 0.2 |
| standard | - |

- A footnote.
"""


def cells(text, kind):
    return re.findall(rf"<{kind}[^>]*>(.*?)</{kind}>", text)


def test_a_table_keeps_its_caption_heads_cells_and_footnotes():
    found = page(TABLE, title="addition")
    assert cells(found, "title") == ["addition"] and cells(found, "p") == ["A caption (%)"]
    assert cells(found, "th") == ["Method", "m Abs. (↑)"] and cells(found, "li") == ["A footnote."]
    assert cells(found, "td") == ["Linear FT", "70.1 ± 0.2", "standard", "-"]
    assert found.count('<td style="text-align:right">') == 2


def test_html_in_a_text_is_shown_and_not_run():
    found = page("<script>alert(1)</script>\n\n| a |\n|:---|\n| <img src=x> |\n", title="<b>")
    assert found.count("<script") == 1 and "&lt;script&gt;alert(1)" in found
    assert cells(found, "td") == ["&lt;img src=x&gt;"] and cells(found, "title") == ["&lt;b&gt;"]


def test_a_page_loads_nothing():
    assert not re.search(r"https?:|<link|@import|\bsrc=|url\(", page(TABLE, title="addition"))
