"""A Windows that is not there: its registry, and the calls that open files."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

from hive_building import Node, Value

SZ, BINARY, DWORD, MULTI, QWORD = 1, 3, 4, 7, 11


def kind(value: Value) -> int:
    if isinstance(value, int):
        return QWORD if value > 0xFFFFFFFF else DWORD
    return SZ if isinstance(value, str) else MULTI if isinstance(value, list) else BINARY


@dataclass
class Registry:
    """What the module `winreg` offers, over keys that a test made; counts what was opened how."""

    roots: Mapping[str, Node]
    refused: tuple[str, ...] = ()
    accesses: set[int] = field(default_factory=set)
    KEY_READ: int = 0x20019
    HKEY_LOCAL_MACHINE: str = "HKEY_LOCAL_MACHINE"
    HKEY_USERS: str = "HKEY_USERS"

    def as_module(self) -> ModuleType:
        module: Any = ModuleType("winreg")
        for name in ("KEY_READ", "HKEY_LOCAL_MACHINE", "HKEY_USERS", "OpenKey", "QueryInfoKey",
                     "EnumValue", "EnumKey"):  # fmt: skip
            setattr(module, name, getattr(self, name))
        found: ModuleType = module
        return found

    @contextmanager
    def OpenKey(self, root: str, path: str, zero: int, access: int) -> Iterator[Node]:
        self.accesses.add(access)
        if any(path.lower().endswith(one.lower()) for one in self.refused):
            raise PermissionError(13, "Access is denied")
        node = self.roots[root]
        for part in filter(None, path.split("\\")):
            low = {name.lower(): inner for name, inner in node.keys.items()}
            if part.lower() not in low:
                raise FileNotFoundError(2, "not found")
            node = low[part.lower()]
        yield node

    def QueryInfoKey(self, key: Node) -> tuple[int, int, int]:
        return len(key.keys), len(key.values), 0

    def EnumValue(self, key: Node, at: int) -> tuple[str, object, int]:
        name = list(key.values)[at]
        return name, key.values[name], kind(key.values[name])

    def EnumKey(self, key: Node, at: int) -> str:
        return list(key.keys)[at]


@dataclass
class Kernel:
    """`kernel32` as far as files are opened with it; hands out `handle`, or fails with `error`."""

    handle: int = 77
    error: int = 0
    asked: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def CreateFileW(self) -> Any:
        return _Function(self)


class _Function(SimpleNamespace):
    """A function to which ctypes' declarations can be given."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self._kernel = kernel

    def __call__(self, *arguments: object) -> int | None:
        self._kernel.asked.append(arguments)
        return None if self._kernel.error else self._kernel.handle
