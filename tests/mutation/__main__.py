"""Mutation check: do the tests notice small wrong changes of the code that is most dangerous when wrong?

Each mutant of a seeded sample is written into a copy of the package, never into the working tree. Tests run in a fork
of this process, which has loaded the libraries, but nothing of the package.
"""

import argparse
import compileall
import importlib.util
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.mutation.groups import GROUPS
from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
PACKAGE = Path("src/strandline")
LIBRARIES = ("geopandas", "numba", "pydantic", "pytest", "rasterio", "scipy.stats", "torch", "xarray")
SLOWEST, START_SECONDS, IDLE = 3.0, 10.0, 20.0
"""Times the unmutated CPU time, and seconds more, after which a mutant has timed out: a loop that does not end. Beside
busy programs the time on the clock says nothing; so many times longer, it ends what only waits."""
OPTIONS = ("-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-seed=0")


def main() -> None:
    """Run a sample; what an earlier run has judged already is not run again."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, help="mutants; as many as the group names where not given")
    parser.add_argument("--folder", type=Path, default=Path("build/mutation"), help="for the copy and the results")
    parser.add_argument("--again", action="store_true", help="judge the survivors of an earlier run once more")
    parser.add_argument("--wide", action="store_true", help="the same, by many more tests")
    given = parser.parse_args()
    group, results = GROUPS[given.group], given.folder / f"{given.group}-{given.seed}.jsonl"
    files = sorted({path for each in group.modules for path in (ROOT / PACKAGE).glob(each)})
    every = [(path.relative_to(ROOT), one) for path in files for one in mutants_of(path.read_bytes())]
    chosen = random.Random(given.seed).sample(every, min(given.count or group.count, len(every)))
    copy = _copy_package(given.folder.absolute())
    judged, tests = _judged(results), group.wide if given.wide else group.near
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    code, output = _run(copy, tests, 3600.0)
    if code != 0:
        raise RuntimeError(f"tests fail without a mutant:\n{output}")
    limit = SLOWEST * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) + START_SECONDS
    print(f"{len(chosen)} of {len(every)} mutants, {limit:.0f} s each at most", flush=True)
    for path, mutant in sorted(chosen, key=lambda one: (one[0], one[1].start)):
        row = {"file": path.relative_to(PACKAGE).as_posix()} | asdict(mutant)
        earlier = judged.get(_key(row))
        if earlier is None or (earlier == "survived" and (given.again or given.wide)):
            row["verdict"] = _judge(copy, path, mutant, tests, limit)
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(f"{row['file']}:{mutant.line}: {mutant.before} → {mutant.after}: {row['verdict']}", flush=True)


def _judged(results: Path) -> dict[tuple[str, ...], str]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    rows = [json.loads(line) for line in lines]
    return {_key(row): row["verdict"] for row in rows}


def _key(row: dict) -> tuple[str, ...]:
    return row["file"], str(row["start"]), row["before"], row["after"]


def _copy_package(folder: Path) -> Path:
    """A fresh copy of the package, from which this process and what it starts import; returns its folder."""
    shutil.rmtree(folder / "src", ignore_errors=True)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    compileall.compile_dir(folder / "src", quiet=2)  # of which a run renews what is newer
    os.environ |= {
        "PYTHONPATH": os.pathsep.join((str(folder / "src"), str(ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
    }
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder / "src"))
    os.chdir(ROOT)
    for name in LIBRARIES:
        importlib.import_module(name)
    found = importlib.util.find_spec("strandline")
    if "strandline" in sys.modules or found is None or not str(found.origin).startswith(str(folder)):
        raise RuntimeError(f"tests would not run on the copy in {folder}")
    return folder


def _judge(copy: Path, path: Path, mutant: Mutant, tests: tuple[str, ...], limit: float) -> str:
    source = (ROOT / path).read_bytes()
    changed = mutant.apply(source)
    compile(changed, path, "exec")
    try:
        (copy / path).write_bytes(changed)
        code, output = _run(copy, tests, limit)
    finally:
        (copy / path).write_bytes(source)
    if code is None:
        return "timed out"
    if code == 0:
        return "survived"
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    return f"killed by {failed[1] if failed else f'exit status {code}'}"


def _run(copy: Path, tests: tuple[str, ...], limit: float) -> tuple[int | None, str]:
    """Exit status and output of pytest in a fork; ``None`` = out of time.

    Args:
        limit: of its CPU time [s].
    """
    import pytest

    output = copy / "output.txt"
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit)))
        with output.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = int(pytest.main([*OPTIONS, *tests]))
        sys.stdout.flush()
        os._exit(code)
    begun = time.perf_counter()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            is_late = code in (-signal.SIGXCPU, -signal.SIGKILL)
            return None if is_late else code, output.read_text(encoding="utf-8", errors="replace")
        if time.perf_counter() - begun > IDLE * limit:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
