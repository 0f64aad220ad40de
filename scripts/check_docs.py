"""Check the documentation: every relative link leads somewhere, every `make` target it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_MAKE = re.compile(r"`make ([a-z][a-z -]*)`")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """The Markdown pages of the repository, tests' data left out."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(page: Path) -> set[str]:
    """The fragments that *page*'s headings can be reached by, as the usual renderers make them."""
    headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", _without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    """A sentence for each relative link in *page* that leads nowhere."""
    for match in _LINK.finditer(_without_code(page)):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue  # another site: checking it would need the network
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            yield f"{page.relative_to(ROOT)} links to {target}, which is not there"
        elif fragment and file.suffix == ".md" and fragment not in anchors(file):
            yield f"{page.relative_to(ROOT)} links to {target}, but there is no such heading"


def unknown_targets(page: Path, known: set[str]) -> Iterator[str]:
    """A sentence for each `make` target that *page* names and the Makefile lacks."""
    for match in _MAKE.finditer(page.read_text(encoding="utf-8")):
        for target in match[1].split():
            if target not in known:
                yield f"{page.relative_to(ROOT)} names `make {target}`, which is no target"


def make_targets() -> set[str]:
    """Every target that `make help` tells of."""
    command = ["make", "--no-print-directory", "help"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^  make ([a-z-]+) ", told, re.MULTILINE))


def _without_code(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def problems() -> list[str]:
    """Everything that is wrong, one sentence each."""
    known = make_targets()
    return [line for page in pages() for line in (*broken_links(page), *unknown_targets(page, known))]


def main() -> int:
    found = problems()
    print("\n".join(found) or f"{len(pages())} pages, every link and target in them is there.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
