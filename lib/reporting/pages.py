"""A Markdown file as an HTML page that stands alone; a click on a column's head sorts its table."""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; margin: 1.5rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid #ddd; vertical-align: top; }
th { border-bottom: 2px solid #1a1a1a; cursor: pointer; white-space: nowrap; text-align: left; }
th[aria-sort=ascending]::after { content: " \\2191"; }
th[aria-sort=descending]::after { content: " \\2193"; }
tbody tr:hover { background: #f2f5f9; }
"""
# numbers by their size, the mean of "71.2 ± 0.4" and the first of "71.2 (70.1 to 72.3)"; then texts; "-" last
_SCRIPT = """
const number = text => parseFloat(text.replace("\\u2212", "-"));
const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y) || (a === "-") - (b === "-") || a.localeCompare(b);
  return x - y;
};
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  const sort = column => {
    const sign = heads[column].ariaSort === "ascending" ? -1 : 1;
    const text = row => row.cells[column].textContent.trim();
    heads.forEach(head => head.removeAttribute("aria-sort"));
    heads[column].ariaSort = sign > 0 ? "ascending" : "descending";
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort((a, b) => sign * compare(text(a), text(b))));
  };
  heads.forEach((head, column) => {
    Object.assign(head, { tabIndex: 0, title: "sort", onclick: () => sort(column) });
    head.onkeydown = event => event.key === "Enter" && sort(column);
  });
}
"""


def page(markdown: str, *, title: str) -> str:
    """The text as HTML, with its style and its script inside: nothing is loaded. HTML in the text is shown as text."""
    body = (
        MarkdownIt("js-default")
        .render(markdown)
        .replace("<table>", "<div><table>")
        .replace("</table>", "</table></div>")
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )
