# SPDX-License-Identifier: GPL-3.0-or-later
"""The app's files: what Zendesk's validator demands at upload, and what it does not notice."""

from __future__ import annotations

import json
import re
import struct
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from worker.app_package import member_names

ROOT = Path(__file__).parents[2]
SDK_HOST = "https://static.zdassets.com"
POLICY = (
    f"default-src 'none'; script-src 'self' {SDK_HOST}; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
LOCATIONS = {
    "top_bar",
    "nav_bar",
    "ticket_sidebar",
    "new_ticket_sidebar",
    "user_sidebar",
    "organization_sidebar",
    "background",
    "modal",
    "ticket_editor",
    "system_top_bar",
}
KEYS = {
    "name",
    "author",
    "defaultLocale",
    "private",
    "singleInstall",
    "version",
    "frameworkVersion",
    "location",
    "parameters",
}
PARAMETER_KINDS = {"text", "checkbox", "url", "number", "multiline", "hidden", "oauth"}
SCOPES = {
    "header",
    "body",
    "url",
    "jwt_secret_key",
    "jwt_claim",
    "basic_auth_username",
    "basic_auth_password",
}
ACCEPTED = {"png", "jpg", "jpeg", "gif", "svg", "js", "htm", "html", "css", "map", "json", "xml"}
BANNED_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"Rar!", b"BZh", b"7z\xbc\xaf", b"\xd0\xcf")
SVG_PARTS = {
    "svg": {"width", "height", "viewBox"},
    "g": {"fill", "stroke"},
    "path": {"d", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"},
    "rect": {"width", "height", "rx", "fill"},
    "circle": {"cx", "cy", "r", "fill", "stroke"},
}
SUSPICIOUS = re.compile(
    r"\b(?:token|secret|passw(?:or)?d|pwd)\b|(?:api|auth|app|master)[_-]?key", re.IGNORECASE
)


def refuse_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a key stands twice: {names}"
    return dict(pairs)


def strict_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=refuse_doubles)


MANIFEST = strict_json(ROOT / "manifest.json")
TRANSLATIONS = {path.stem: strict_json(path) for path in (ROOT / "translations").iterdir()}
FILES = [ROOT / name for name in member_names(ROOT)]
PAGES = [path for path in FILES if path.suffix == ".html"]
CODE = [path for path in FILES if path.suffix == ".js"]
named = {"ids": lambda path: path.name}


# --- the manifest --------------------------------------------------------------------------------


def test_the_manifest_has_the_required_keys_and_no_unknown_ones():
    assert set(MANIFEST) == KEYS
    assert MANIFEST["frameworkVersion"] == "2.0"
    assert all(MANIFEST["author"][key] for key in ("name", "email", "url"))
    assert MANIFEST["author"]["url"].startswith("https://")


def test_booleans_are_booleans_and_the_version_is_the_projects():
    assert MANIFEST["private"] is True
    assert MANIFEST["singleInstall"] is True
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert MANIFEST["version"] == project["version"]


def test_locations_are_known_and_their_pages_are_there():
    assert set(MANIFEST["location"]) == {"support"}
    assert set(MANIFEST["location"]["support"]) <= LOCATIONS
    for place in MANIFEST["location"]["support"].values():
        assert place["url"].startswith("assets/")
        assert (ROOT / place["url"]).is_file()
        assert isinstance(place.get("flexible", True), bool)
        assert isinstance(place.get("autoLoad", True), bool)


def test_places_that_need_an_icon_have_it():
    for place in {"nav_bar", "top_bar", "ticket_editor"} & set(MANIFEST["location"]["support"]):
        assert (ROOT / "assets" / f"icon_{place}.svg").is_file()


def test_parameters_are_as_the_validator_wants_them():
    names = [one["name"] for one in MANIFEST["parameters"]]
    assert len(names) == len(set(names))
    assert "name" not in names
    for one in MANIFEST["parameters"]:
        is_secure = one.get("secure", False)
        assert set(one) <= {"name", "type", "required", "secure", "default", "scopes"}
        assert one.get("type", "text") in PARAMETER_KINDS
        assert all(isinstance(one.get(key, False), bool) for key in ("required", "secure"))
        assert not (one.get("type") == "hidden" and one.get("required"))
        assert not ("default" in one and (is_secure or one.get("type") == "hidden"))
        assert ("scopes" in one) == is_secure
        assert set(one.get("scopes", [])) <= SCOPES
        assert is_secure or not re.search(r"token|key|pwd|password", one["name"])


# --- translations --------------------------------------------------------------------------------


def keys_of(node: object, path: str = "") -> set[str]:
    if not isinstance(node, dict):
        return {path}
    return {key for name, below in node.items() for key in keys_of(below, f"{path}.{name}")}


def test_translations_have_good_names_and_the_same_keys():
    assert {"en", "nl", "de", "fr"} == set(TRANSLATIONS)
    assert MANIFEST["defaultLocale"] in TRANSLATIONS
    assert all(re.fullmatch(r"[a-z]{2,3}(-\w{2,3})?", name) for name in TRANSLATIONS)
    wanted = keys_of(TRANSLATIONS["en"])
    assert {name: keys_of(one) ^ wanted for name, one in TRANSLATIONS.items()} == {
        name: set() for name in TRANSLATIONS
    }


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_every_parameter_is_explained_and_none_besides(locale: str):
    told = TRANSLATIONS[locale]["app"]["parameters"]
    assert set(told) == {one["name"] for one in MANIFEST["parameters"]}
    assert all(one["label"] and one["helpText"] for one in told.values())


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_the_name_fits_and_borrows_no_trademark(locale: str):
    app = TRANSLATIONS[locale]["app"]
    assert len(app["name"]) <= 40
    assert "zendesk" not in app["name"].lower()
    assert all(app[key] for key in ("short_description", "long_description"))
    assert app["installation_instructions"]
    assert "package" not in app


# --- assets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, **named)
def test_every_file_is_of_a_kind_that_zendesk_serves(path: Path):
    assert path.suffix.removeprefix(".") in ACCEPTED
    assert not path.is_symlink()
    assert not path.read_bytes().startswith(BANNED_STARTS)


@pytest.mark.parametrize(("name", "side"), [("logo.png", 320), ("logo-small.png", 128)])
def test_logos_have_their_sizes(name: str, side: int):
    content = (ROOT / "assets" / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (side, side)


@pytest.mark.parametrize("path", [one for one in FILES if one.suffix == ".svg"], **named)
def test_pictures_hold_nothing_that_the_validator_would_rewrite(path: Path):
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own file
    for node in root.iter():
        tag = node.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert tag in SVG_PARTS
        assert set(node.attrib) <= SVG_PARTS[tag]


def test_the_icon_of_the_navigation_bar_takes_its_colour():
    root = ET.fromstring((ROOT / "assets" / "icon_nav_bar.svg").read_text())  # noqa: S314 - ours
    assert root.get("viewBox")
    colours = {node.get(key) for node in root.iter() for key in ("fill", "stroke")}
    assert colours <= {None, "none", "currentColor"}


@pytest.mark.parametrize(
    "path", [one for one in FILES if one.suffix in {".js", ".html", ".json"}], **named
)
def test_no_file_looks_like_a_leak_to_the_validator(path: Path):
    text = path.read_text(encoding="utf-8")
    assert "http://" not in text
    assert SUSPICIOUS.findall(text) == []


# --- pages and code ------------------------------------------------------------------------------


class Tags(HTMLParser):
    """All start tags of a page, with their attributes, and whether a script has text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.script_text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in {"script", "style"}:
            self.script_text += data.strip()


@pytest.mark.parametrize("path", PAGES, **named)
def test_pages_have_a_strict_policy_and_nothing_inline(path: Path):
    page = Tags(path.read_text(encoding="utf-8"))
    head = [tag for tag, _ in page.tags].index("head")
    assert page.tags[head + 1] == ("meta", {"charset": "utf-8"})
    assert page.tags[head + 2][1] == {"http-equiv": "Content-Security-Policy", "content": POLICY}
    assert dict(page.tags)["html"]["lang"]
    assert "title" in dict(page.tags)
    assert page.script_text == ""
    assert not any(tag == "style" for tag, _ in page.tags)
    for _, attributes in page.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes)


@pytest.mark.parametrize("path", PAGES, **named)
def test_what_pages_refer_to_is_there_and_nowhere_else(path: Path):
    page = Tags(path.read_text(encoding="utf-8"))
    referred = [one[key] for _, one in page.tags for key in ("src", "href") if one.get(key)]
    outside = [url for url in referred if url and url.startswith("https:")]
    assert outside == [f"{SDK_HOST}/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js"]
    for url in referred:
        assert url is not None
        assert url in outside or (path.parent / url).is_file(), url


@pytest.mark.parametrize("path", CODE, **named)
def test_imports_are_there_and_relative(path: Path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"from '([^']+)'", text):
        assert target.startswith("./")
        assert (path.parent / target).is_file()


def test_every_module_is_loaded_by_some_page():
    reached = {
        path.parent / url
        for path in PAGES
        for url in re.findall(r'"([\w/]+\.js)"', path.read_text())
    }
    reached |= set((ROOT / "assets" / "i18n").iterdir())
    seen: set[Path] = set()
    while reached - seen:
        path = (reached - seen).pop()
        seen.add(path)
        found = re.findall(r"from '([^']+)'", path.read_text(encoding="utf-8"))
        reached |= {(path.parent / one).resolve() for one in found}
    assert seen == set(CODE)


@pytest.mark.parametrize("path", CODE, **named)
def test_code_makes_no_markup_and_runs_no_text(path: Path):
    text = path.read_text(encoding="utf-8")
    banned = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|console\."
    )
    assert re.findall(banned, text) == []
    assert re.findall(r"localStorage|sessionStorage|indexedDB|document\.cookie", text) == []


@pytest.mark.parametrize("path", [*CODE, ROOT / "assets" / "style.css"], **named)
def test_app_files_name_their_licence(path: Path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert "SPDX-License-Identifier: GPL-3.0-or-later" in first


def test_the_pure_modules_know_no_page_and_no_clock():
    for name in ("sla.js", "words.js", "board_rows.js"):
        text = (ROOT / "assets" / name).read_text(encoding="utf-8")
        assert re.findall(r"\bdocument\b|\bwindow\b|Date\.now|\bIntl\b|new Date\(\)", text) == []


# --- texts ---------------------------------------------------------------------------------------


def texts_of(language: str) -> dict[str, str]:
    text = (ROOT / "assets" / "i18n" / f"{language}.js").read_text(encoding="utf-8")
    body = re.sub(r",\n};\s*$", "\n}", text.partition("export default ")[2])
    return dict(json.loads(body, object_pairs_hook=refuse_doubles))


LANGUAGES = sorted(path.stem for path in (ROOT / "assets" / "i18n").iterdir())
ENGLISH = texts_of("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_gaps(language: str):
    texts = texts_of(language)
    assert list(texts) == sorted(texts)
    assert set(texts) == set(ENGLISH)
    for key, text in texts.items():
        assert text.strip()
        assert set(re.findall(r"{(\w+)}", text)) <= set(re.findall(r"{(\w+)}", ENGLISH[key])) | {
            "n"
        }


# Words that come from the worker: what stands after the dot is in no code of the app.
FROM_DATA = {"measure", "status", "reason", "ended_by", "commitment"}


def test_every_text_that_code_asks_for_is_there_and_none_besides():
    read = "\n".join(path.read_text(encoding="utf-8") for path in CODE if "i18n/" not in str(path))
    code = re.sub(r"element\('[^']+'", "", read)  # names and classes of elements are no texts
    keys = {re.sub(r"\.(one|other)$", "", key) for key in ENGLISH}
    literals = set(re.findall(r"'([a-z_]+(?:\.[a-z_]+)*)'", code))
    templates = re.findall(r"`([a-z_.]*\$\{\w+(?:\.\w+)*\}[a-z_.]*)`", code)
    made = [re.sub(r"\$\{[^}]*\}", "[a-z_]+", one) for one in templates]

    def is_used(key: str) -> bool:
        group, _, word = key.rpartition(".")
        if key in literals or group in FROM_DATA:
            return True
        if not any(re.fullmatch(one, key) for one in made):
            return False
        return any(re.fullmatch(one, word) for one in made) or bool(
            re.search(rf"\b{word.removesuffix('_title')}\b", code)
        )

    unused = {key for key in keys if not is_used(key)}
    assert unused == set()
    groups_of_texts = {key.partition(".")[0] for key in keys}
    asked = {one for one in literals if "." in one and one.partition(".")[0] in groups_of_texts}
    assert asked - keys == set()
