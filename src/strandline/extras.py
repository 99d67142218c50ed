"""Optional packages that a command or a source of data needs."""

from importlib.util import find_spec

from strandline.errors import InputError


def require_extra(command: str, extra: str, *modules: str) -> None:
    """Refuse what lacks optional packages before any work.

    Raises:
        InputError: naming the first missing package and the extra that brings it.
    """
    for module in modules:
        if find_spec(module) is None:
            raise InputError(command, f"{module} is missing", f"pip install 'strandline[{extra}]'")
