"""Every error the workbench raises on purpose.

    WorkbenchError               what was found, where, and the remedy (a CrlftError, so one handler serves both)
    ├── ProjectError             a project folder cannot be made or opened
    ├── QueryError               a search query has a mistake; `position` says where
    ├── ImportFault              a file cannot be read at all
    ├── PlanError                a planned act cannot be applied (the data changed meanwhile, nothing matches)
    ├── NotFound                 an id names nothing
    └── JobError                 a job cannot be started, stopped or resumed
"""

from __future__ import annotations

from crlft.errors import CrlftError


class WorkbenchError(CrlftError):
    """A fault with a remedy; pages and commands show both."""


class ProjectError(WorkbenchError):
    """A project folder cannot be made or opened."""


class QueryError(WorkbenchError):
    """A search query has a mistake.

    Attributes:
        position: Index of the first wrong character in the query text.
    """

    def __init__(self, message: str, remedy: str = "", position: int = 0) -> None:
        super().__init__(message, remedy)
        self.position = position


class ImportFault(WorkbenchError):
    """A file cannot be read at all."""


class PlanError(WorkbenchError):
    """A planned act cannot be applied."""


class NotFound(WorkbenchError):
    """An id names nothing."""


class JobError(WorkbenchError):
    """A job cannot be started, stopped or resumed."""
