"""A snapshot whose data are damaged is named with the remedy, not with a trace."""

from __future__ import annotations

import json

import pytest

from crlft.condition import ClassScheme, ConditionClass
from crlft.errors import DataError
from workbench.services.trainset import read_train_set


def test_damaged_data_are_no_whole_snapshot(tmp_path):
    scheme = ClassScheme((ConditionClass("a", "A", 1.0),))
    (tmp_path / "manifest.json").write_text(json.dumps({"scheme": scheme.to_dict()}))
    (tmp_path / "data.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(DataError, match="no whole snapshot"):
        read_train_set(tmp_path)
