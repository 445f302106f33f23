"""Exit codes, and what a failure looks like to the user: lines that say where and what, never a traceback."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable

from accelax.errors import AccelaxError, SpecError, UnsupportedError


class ExitCode(enum.IntEnum):
    """What the process returns; other tools rely on these numbers."""

    FINE = 0
    INVALID = 1
    """No valid mapping was found, or the given one is invalid."""
    BAD_INPUT = 2
    UNSUPPORTED = 3
    INTERNAL = 70
    INTERRUPTED = 130


def guard(command: Callable[[], int]) -> int:
    """Run ``command`` and return its exit code; report any exception on stderr and return the code that belongs to it.

    An exception that accelax does not foresee becomes one line, unless the environment variable ``ACCELAX_DEBUG`` is
    set, which lets it through.
    """
    try:
        return int(command())
    except SpecError as error:
        say(*(str(problem) for problem in error.problems), _count(len(error.problems)))
        return ExitCode.BAD_INPUT
    except UnsupportedError as error:
        say(describe_unsupported(error))
        return ExitCode.UNSUPPORTED
    except AccelaxError as error:
        say(str(error))
        return ExitCode.INVALID
    except KeyboardInterrupt:
        say("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FINE
    except OSError as error:
        say(f"{error.filename or 'accelax'}: {error.strerror or error}")
        return ExitCode.BAD_INPUT
    except Exception as error:
        if os.environ.get("ACCELAX_DEBUG"):
            raise
        what = " ".join(str(error).split())[:300]
        say(f"internal error: {type(error).__name__}: {what}; please report it (ACCELAX_DEBUG=1 shows the traceback)")
        return ExitCode.INTERNAL


def describe_unsupported(error: UnsupportedError) -> str:
    """One line that begins with the place, as for any other problem.

    >>> describe_unsupported(UnsupportedError("fused mappings", path="mapping.nodes[3]"))
    'mapping.nodes[3]: fused mappings is not supported yet'
    """
    return "".join(f"{place}: " for place in (error.location, error.path) if place) + (
        f"{error.feature} is not supported yet"
    )


def say(*lines: str) -> None:
    """Print ``lines`` to stderr: what a user should read, but a program that uses the result should not."""
    for line in lines:
        print(line, file=sys.stderr)


def _count(problems: int) -> str:
    return "1 problem" if problems == 1 else f"{problems} problems"
