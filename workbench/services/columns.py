"""Column mappings made by hand, remembered in the project by the schema they are for."""

from __future__ import annotations

from crlft.formats.mapping import ColumnMapping
from workbench.services.project import Project, get_setting, set_setting

_SETTING = "column_mappings"


def remembered_mappings(project: Project) -> dict[str, ColumnMapping]:
    """Return the mappings by the fingerprint of their schema (`crlft.formats.mapping.fingerprint`)."""
    stored = get_setting(project, _SETTING, {})
    return {name: ColumnMapping.from_dict(value) for name, value in stored.items()}


def remember_mapping(
    project: Project, fingerprint: str, mapping: ColumnMapping | None, *, actor: str
) -> None:
    """Remember a mapping for this and the next file with these columns; an entry of the log, undone like any.

    Args:
        project: The project.
        fingerprint: The schema's.
        mapping: Which column is what; None forgets it, and the next file is asked about again.
        actor: Who says so.
    """
    stored = dict(get_setting(project, _SETTING, {}))
    stored.pop(fingerprint, None)
    if mapping is not None:
        stored[fingerprint] = mapping.to_dict()
    set_setting(project, _SETTING, stored, actor=actor)
