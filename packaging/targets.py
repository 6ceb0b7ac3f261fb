"""For which machine a bundle is: its system, its processor, its Python.

Compiled wheels fit one system, one processor and mostly one Python version, so that there is one
bundle for each. What a package asks for can differ too (`tzdata` is for Windows only): pip answers
such questions for the machine it runs on, `environment` for the machine the bundle goes to.
"""

import platform
import sys
from dataclasses import dataclass

EXTRAS = ("disk", "7z")
"""What can be added: disk images (AGPL-3.0), 7z archives (LGPL-2.1)."""
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""The versions of Python that bundles are made for."""

_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
_MACOS = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
_WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"}


@dataclass(frozen=True, slots=True)
class System:
    """A kind of machine: the tags that its wheels may have, and what it says of itself."""

    title: str
    tags: tuple[str, ...]
    facts: dict[str, str]


def _manylinux(processor: str) -> tuple[str, ...]:
    return tuple(
        f"{name}_{processor}" for name in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
    )


SYSTEMS = {
    "manylinux_x86_64": System(
        "Linux, x86-64", _manylinux("x86_64"), _LINUX | {"platform_machine": "x86_64"}
    ),
    "manylinux_aarch64": System(
        "Linux, ARM64", _manylinux("aarch64"), _LINUX | {"platform_machine": "aarch64"}
    ),
    "win_amd64": System(
        "Windows, x86-64", ("win_amd64",), _WINDOWS | {"platform_machine": "AMD64"}
    ),
    "macosx_14_0_arm64": System(
        "macOS 14 or later, Apple silicon",
        ("macosx_14_0_arm64",),
        _MACOS | {"platform_machine": "arm64"},
    ),
    "macosx_14_0_x86_64": System(
        "macOS 14 or later, Intel", ("macosx_14_0_x86_64",), _MACOS | {"platform_machine": "x86_64"}
    ),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A system with a version of Python, as `3.12`."""

    name: str
    python: str
    extras: tuple[str, ...] = ("web",)
    """What goes into a bundle beside the core: by default the web server of `extriage serve`."""

    @property
    def asked(self) -> str:
        """Return what pip is asked for: `extriage[web]`."""
        return f"extriage[{','.join(self.extras)}]"

    @property
    def system(self) -> System:
        """Return what is known of the system."""
        return SYSTEMS[self.name]

    @property
    def tag(self) -> str:
        """Return a short name for files: `cp312-win_amd64`."""
        return f"cp{self.python.replace('.', '')}-{self.name}"

    @property
    def pip(self) -> tuple[str, ...]:
        """Return the options that make pip fetch wheels for this machine."""
        platforms = [f"--platform={tag}" for tag in self.system.tags]
        return (*platforms, f"--python-version={self.python}", "--only-binary=:all:")

    def environment(self, extra: str = "") -> dict[str, str]:
        """Return what a requirement's marker is to be asked with."""
        return self.system.facts | {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
            "extra": extra,
        }


def this_machine() -> Target:
    """Return the target that runs this; raises ValueError for a machine without wheels."""
    major, minor = sys.version_info[:2]
    facts = {"sys_platform": sys.platform, "platform_machine": platform.machine()}
    for name, system in SYSTEMS.items():
        if facts.items() <= system.facts.items():
            return Target(name, f"{major}.{minor}")
    raise ValueError(
        f"no bundle is known for {sys.platform} on {platform.machine()}; name --platform"
    )
