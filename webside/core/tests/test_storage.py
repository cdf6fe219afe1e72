"""Static files as browsers get them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from webside.core.storage import COMMENTS, HashedStaticStorage, without_comments

OURS = [
    path
    for path in sorted(Path(settings.BASE_DIR, "webside").rglob("*.js"))
    if "static" in path.parts and "vendor" not in path.parts
]

MODULE = """/**
 * What it does.
 */
import { t } from "ui/words.js"; // stays: beside code
  // goes

const link = "https://example.test/"; /* stays */
/** @type {string} */ const kind = "x";
  /* goes */
export default link;
"""


def test_comments_that_fill_their_lines_are_left_out_and_lines_keep_their_numbers() -> None:
    sent = without_comments("visits/call.js", MODULE)
    assert "What it does" not in sent and "goes" not in sent
    assert sent.count("stays") == 2 and '"https://example.test/"' in sent
    number = MODULE.splitlines().index("export default link;")
    assert sent.splitlines()[number] == "export default link;"


def test_a_stylesheet_keeps_its_addresses() -> None:
    sent = without_comments("ui/x.css", "/* Looks. */\n@import url(\n//x.test/y.css);\n.a { color: red; } /* b */\n")
    assert sent == "\n@import url(\n//x.test/y.css);\n.a { color: red; } /* b */\n"


def test_what_others_wrote_is_sent_with_its_licence(tmp_path: Path) -> None:
    storage = HashedStaticStorage(location=str(tmp_path))
    for name in ("ui/vendor/other.js", "ui/ours.js"):
        storage._save(name, ContentFile(b"/* MIT */\nconst a = 1;\n"))
    assert (tmp_path / "ui/vendor/other.js").read_text() == "/* MIT */\nconst a = 1;\n"
    assert (tmp_path / "ui/ours.js").read_text() == "\nconst a = 1;\n"


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_module_has_a_text_that_looks_like_a_comment(path: Path) -> None:
    """Within a text of several lines a line may begin with two slashes; it would be taken for a comment."""
    code = ""
    for part in COMMENTS[".js"].split(path.read_text(encoding="utf-8"))[:-1]:
        code += part
        assert code.count("`") % 2 == 0, f"within a text: {code[-60:]!r}"
