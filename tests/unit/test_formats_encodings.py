"""Encodings found out by content, said, and counted."""

from __future__ import annotations

import codecs
import json

import pytest

from crlft.formats.containers import open_rows
from crlft.formats.encodings import decode, legacy_encoding, stream_encoding

CHINESE = [
    {"prompt": f"第{i}题：北京是中国的首都吗？请用一句话回答。", "answer": "是的，北京是中国的首都。"}
    for i in range(6)
]
FRENCH = [
    {"prompt": f"Où est né n° {i} ?", "answer": "À Orléans – l’été dernier, “peut-être”, déjà"} for i in range(6)
]
GERMAN = [{"prompt": "Größe? Übrigens: 20 °C", "answer": "Schöne Grüße aus Köln"}] * 3
RUSSIAN = [{"prompt": "Какая столица у России сегодня?", "answer": "Москва, самый большой город страны."}] * 4
JAPANESE = [{"prompt": "日本の首都はどこですか。教えてください。", "answer": "東京です。とても大きな町です。"}] * 4
KINDS = {"lines": "json lines", "array": "json array", "csv": "csv"}


def packed(rows, kind):
    if kind == "array":
        return json.dumps(rows, ensure_ascii=False)
    if kind == "csv":
        return "prompt,answer\n" + "\n".join(f'"{r["prompt"]}","{r["answer"]}"' for r in rows) + "\n"
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def read(tmp_path, data):
    path = tmp_path / "rows"
    path.write_bytes(data)
    with open_rows(path) as file:
        return file.container, list(file)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("rows", "encoding", "said", "repair"),
    [
        (CHINESE, "utf-8", "", None),
        (CHINESE, "utf-8-sig", ", byte order mark", None),
        (CHINESE, "utf-16", ", UTF-16", "encoding-utf-16-le"),
        (CHINESE, "utf-16-le", ", UTF-16", "encoding-utf-16-le"),
        (FRENCH, "utf-16-be", ", UTF-16 (big-endian)", "encoding-utf-16-be"),
        (CHINESE, "utf-32", ", UTF-32", "encoding-utf-32-le"),
        (CHINESE, "utf-32-be", ", UTF-32 (big-endian)", "encoding-utf-32-be"),
        (CHINESE, "gb18030", ", GB18030", "encoding-gb18030"),
        (FRENCH, "cp1252", "", "encoding-cp1252"),
        (GERMAN, "latin-1", "", "encoding-cp1252"),
        (RUSSIAN, "cp1251", "", "encoding-cp1251"),
    ],
)  # fmt: skip
def test_every_encoding_gives_the_same_rows_and_is_named(tmp_path, kind, rows, encoding, said, repair):
    container, found = read(tmp_path, packed(rows, kind).encode(encoding))
    assert container == KINDS[kind] + said
    assert [row.value for row in found] == rows
    assert {row.repairs for row in found} == {(repair,) if repair is not None else ()}


def test_shift_jis_is_recoded_before_it_is_cut(tmp_path):
    container, found = read(tmp_path, packed(JAPANESE, "array").encode("shift_jis"))
    assert container == "json array, shift_jis"
    assert [row.value for row in found] == JAPANESE


def test_a_stray_row_does_not_spoil_the_others(tmp_path):
    lines = [json.dumps(row, ensure_ascii=False).encode() for row in CHINESE]
    lines[2] = '{"prompt": "café", "answer": "crème brûlée"}'.encode("cp1252")
    _, found = read(tmp_path, b"\n".join(lines))
    assert [row.repairs for row in found] == [(), (), ("encoding-cp1252",), (), (), ()]
    assert found[2].value == {"prompt": "café", "answer": "crème brûlée"}
    assert found[3].value == CHINESE[3]


def test_a_first_stray_byte_late_in_an_ascii_file_is_found(tmp_path):
    lines = [b'{"prompt": "plain", "answer": "words"}'] * 3000 + ['{"prompt": "né"}'.encode("latin-1")]
    _, found = read(tmp_path, b"\n".join(lines))
    assert found[-1].value == {"prompt": "né"}
    assert sum(bool(row.repairs) for row in found) == 1


def test_bytes_that_are_no_text_are_marked_where_the_rest_is_utf8():
    cut = "北京是中国的首都".encode()[:-1]
    assert decode(cut) == ("北京是中国的首\ufffd", ("broken-utf-8",))


def test_bytes_that_are_no_text_of_a_recoded_file_stay_to_be_seen(tmp_path):
    data = packed(CHINESE, "lines").encode("gb18030")
    _, found = read(tmp_path, data.replace("是的".encode("gb18030"), b"\xff\xff", 1))
    assert found[0].value["answer"].startswith(r"\<ff>\<ff>")
    assert "bad-escape" in found[0].repairs
    assert [row.value for row in found[1:]] == CHINESE[1:]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_known_without_a_mark_only_where_it_begins_like_text(encoding):
    assert stream_encoding('[{"a": "你"}]'.encode(encoding)) == encoding
    assert stream_encoding(b"\x00\x01\x02\x03" * 8) is None


def test_a_mark_of_utf32_is_not_taken_for_one_of_utf16():
    assert stream_encoding(codecs.BOM_UTF32_LE + "[]".encode("utf-32-le")) == "utf-32-le"


def test_latin_1_reads_what_nothing_else_does():
    assert legacy_encoding(b"a \x81 b \x8d") == "latin-1"


@pytest.mark.parametrize("front", [b"\x00", b"\x00\x00", b"[\x00"])
def test_a_stray_nul_in_front_is_no_sign_of_utf16(front):
    assert stream_encoding(front + json.dumps(CHINESE, ensure_ascii=False).encode()) is None
