#!/bin/sh
# `make report`: the chapters of report/ as one page of HTML, and (unless `html` follows) as a book in PDF, in the folder
# that is named.
set -eu
cd "$(dirname "$0")/../.."
needs() {
    command -v "$1" >/dev/null || { echo "$1 is missing: install pandoc and weasyprint (Debian has both)" >&2; exit 1; }
}
needs pandoc
mkdir -p "$1"
chapters=$(echo report/README.md report/[0-9]*.md)
SOURCE="$(realpath --relative-to="$1" . 2>/dev/null || pwd)/"
export CHAPTERS="$chapters" SOURCE

commit=$(git log -1 --format=%cd --date=format:'%-d %B %Y' 2>/dev/null || date '+%-d %B %Y')
commit="$commit$(git describe --always --dirty 2>/dev/null | sed 's/^/, commit /')"

book() {
    # shellcheck disable=SC2086 # no name of a chapter has a blank
    pandoc --from gfm-implicit_figures --to html5 --standalone --toc --toc-depth=2 --section-divs --resource-path=report \
        --lua-filter=tests/book/print.lua --highlight-style=kate --metadata lang=en \
        --metadata date="$commit" \
        "$@" $chapters
}

MEDIUM=screen book --css=tests/book/print.css --self-contained --output="$1/report.html"
[ "${2-}" != html ] || exit 0
needs weasyprint
# The pictures of a book are found from the folder of its page.
MEDIUM=print book --css=../tests/book/print.css --output=report/.print.html
trap 'rm -f report/.print.html' EXIT INT TERM
weasyprint --quiet --presentational-hints report/.print.html "$1/report.pdf"
echo "$1/report.html and $1/report.pdf"
