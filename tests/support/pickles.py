"""What a pickle refers to, found without opening it."""

import pickletools
from typing import Any


def modules_of(pickle: bytes) -> set[str]:
    """Return the names of the modules whose classes and functions a pickle takes."""
    modules: set[str] = set()
    strings: list[str] = []
    memo: dict[Any, str] = {}
    for opcode, argument, _ in pickletools.genops(pickle):
        if opcode.name == "STACK_GLOBAL":
            modules.add(strings[-2])
        elif opcode.name.endswith("UNICODE"):
            strings.append(str(argument))
        elif opcode.name.endswith("BINGET"):
            strings.append(memo.get(argument, ""))
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = strings[-1] if strings else ""
    return modules
