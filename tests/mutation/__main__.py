"""Mutation check: do the tests notice small wrong changes of the code that is most dangerous when wrong?

Each mutant of a seeded sample is written into a copy of the package, never into the working tree.
"""

import argparse
import compileall
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

from tests.mutation.groups import GROUPS
from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
PACKAGE = Path("src/strandline")
SLOWEST = 3.0
"""Times the unmutated time, after which a mutant has timed out: a loop that does not end."""
START_SECONDS = 30.0
PYTEST = (
    *(sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no"),
    *("-p", "no:cacheprovider", "--hypothesis-seed=0"),
)


def main() -> None:
    """Run a sample; what an earlier run has judged already is not run again."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, help="mutants; as many as the group names where not given")
    parser.add_argument("--folder", type=Path, default=Path("build/mutation"), help="for the copy and the results")
    parser.add_argument("--again", action="store_true", help="judge the survivors of an earlier run once more")
    given = parser.parse_args()
    group, results = GROUPS[given.group], given.folder / f"{given.group}-{given.seed}.jsonl"
    files = sorted({path for each in group.modules for path in (ROOT / PACKAGE).glob(each)})
    every = [(path.relative_to(ROOT), one) for path in files for one in mutants_of(path.read_bytes())]
    chosen = random.Random(given.seed).sample(every, min(given.count or group.count, len(every)))
    judged = _judged(results)
    copy = _copy_package(given.folder.absolute())
    unmutated = cache(partial(_unmutated_seconds, copy))
    print(f"{len(chosen)} of {len(every)} mutants; tests near them take {unmutated(group.near):.0f} s")
    for path, mutant in sorted(chosen, key=lambda one: (one[0], one[1].start)):
        row = {"file": path.relative_to(PACKAGE).as_posix()} | asdict(mutant)
        key = _key(row)
        if key in judged and not (given.again and judged[key] == "survived"):
            continue
        for tests in (group.near, group.wide):
            verdict = _judge(copy, path, mutant, tests, SLOWEST * unmutated(tests) + START_SECONDS)
            if verdict != "survived":
                break
        line = json.dumps(row | {"verdict": verdict}, ensure_ascii=False)
        with results.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        print(f"{row['file']}:{mutant.line}: {mutant.before} → {mutant.after}: {verdict}", flush=True)


def _judged(results: Path) -> dict[tuple[str, ...], str]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    rows = [json.loads(line) for line in lines]
    return {_key(row): row["verdict"] for row in rows}


def _key(row: dict) -> tuple[str, ...]:
    return row["file"], str(row["start"]), row["before"], row["after"]


def _copy_package(folder: Path) -> Path:
    """A fresh copy of the package; returns the folder that holds it."""
    shutil.rmtree(folder / "src", ignore_errors=True)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    compileall.compile_dir(folder / "src", quiet=2)  # of which a run renews what is newer
    found = _run(folder, sys.executable, "-c", "import strandline; print(strandline.__file__)")[1]
    if not found.startswith(str(folder)):
        raise RuntimeError(f"tests would run on {found.strip()}, not on the copy in {folder}")
    return folder


def _unmutated_seconds(copy: Path, tests: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    code, output = _run(copy, *PYTEST, *tests)
    if code != 0:
        raise RuntimeError(f"tests fail without a mutant:\n{output}")
    return time.perf_counter() - begun


def _judge(copy: Path, path: Path, mutant: Mutant, tests: tuple[str, ...], limit: float) -> str:
    source = (ROOT / path).read_bytes()
    changed = mutant.apply(source)
    compile(changed, path, "exec")
    try:
        (copy / path).write_bytes(changed)
        code, output = _run(copy, *PYTEST, *tests, limit=limit)
    finally:
        (copy / path).write_bytes(source)
    if code is None:
        return "timed out"
    if code == 0:
        return "survived"
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    return f"killed by {failed[1] if failed else f'exit status {code}'}"


def _run(copy: Path, *command: str, limit: float | None = None) -> tuple[int | None, str]:
    """Exit status and output; ``None`` = out of time, with all that it has started."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(copy / "src"), str(ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(copy / "numba"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / "hypothesis"),
    }
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, output


if __name__ == "__main__":
    main()
