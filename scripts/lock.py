"""Write requirements.lock and requirements-dev.lock from what this environment holds.

    .venv/bin/python scripts/lock.py

Run it in an environment in which the tests pass; the locks then name exactly that environment: everything
the program needs, and everything its developers need on top.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def closure(requirements: list[str]) -> dict[str, str]:
    """Return name → installed version of the requirements and all they pull in on this platform."""
    found: dict[str, str] = {}
    todo = [(Requirement(r), extra) for r in requirements for extra in ("", *Requirement(r).extras)]
    while todo:
        requirement, extra = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        distribution = metadata.distribution(name)
        if name in found and not requirement.extras:
            continue
        # A local build tag (+cpu) is a fact of the machine, not of the release.
        found[name] = distribution.version.split("+")[0]
        for text in distribution.requires or ():
            todo += [(Requirement(text), e) for e in ("", *requirement.extras)]
    return found


def write(path: Path, pins: dict[str, str], head: str) -> None:
    """Write one lock file."""
    lines = [head, *(f"{name}=={version}" for name, version in sorted(pins.items()))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write both locks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime = closure(project["dependencies"])
    everything = closure(project["dependencies"] + project["optional-dependencies"]["dev"])
    extra = {name: version for name, version in everything.items() if name not in runtime}
    write(ROOT / "requirements.lock", runtime, "# Exact versions for running. Remake: scripts/lock.py")
    write(
        ROOT / "requirements-dev.lock",
        extra,
        "# Exact versions for developing, on top of requirements.lock. Remake: scripts/lock.py",
    )


if __name__ == "__main__":
    main()
