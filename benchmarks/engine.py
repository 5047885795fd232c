"""What the engine costs by itself: per request beside bare httpx, and per definition as their number grows.

The first part applies invoices to the sandbox and takes the sandbox's own time out; bare httpx then sends the
same requests and gets the same answers. The second plans definitions with nothing to do, in processes of
their own: time and memory should grow with the number, no faster. All times are processor time.

    python benchmarks/engine.py [NUMBER OF DEFINITIONS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import account
import httpx
from measure import run

LINES = 10
APPLIED = 300


class Recorder(httpx.BaseTransport):
    """Passes requests on, keeps them with their answers, and counts the seconds that these took."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.exchanges: list[tuple[httpx.Request, httpx.Response]] = []
        self.seconds = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the inner transport does."""
        start = time.process_time()
        answer = self._inner.handle_request(request)
        answer.read()
        self.seconds += time.process_time() - start
        self.exchanges.append((request, answer))
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def engine(folder: Path) -> Recorder:
    """Plan, apply and journal some invoices; ``seconds`` become the engine's own."""
    from pennyform.sandbox import Sandbox

    sandbox = Sandbox(rate_limit=False)
    recorder = Recorder(sandbox.transport())
    account.write(folder, APPLIED, LINES)
    start = time.process_time()
    account.apply(folder, recorder)
    recorder.seconds = time.process_time() - start - recorder.seconds
    sandbox.close()
    return recorder


def bare(recorder: Recorder) -> float:
    """The seconds that httpx takes for the same requests and answers."""
    answers = iter([answer for _, answer in recorder.exchanges])

    def replay(_: httpx.Request) -> httpx.Response:
        answer = next(answers)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    with httpx.Client(transport=httpx.MockTransport(replay)) as client:
        start = time.process_time()
        for request, _ in recorder.exchanges:
            headers = {"content-type": "application/json"}
            client.request(request.method, request.url, content=request.content, headers=headers).json()
        return time.process_time() - start


def per_request(scratch: Path) -> None:
    recorder = engine(scratch / "applied")
    count, own, other = len(recorder.exchanges), recorder.seconds, bare(recorder)
    print(
        f"per request     engine {own / count * 1000:.2f} ms   httpx {other / count * 1000:.2f} ms   "
        f"{own / other:.1f} times ({count:,} requests: load, plan, journal, apply, verify; "
        f"the rate limit gives each 200 ms)"
    )


def planning(scratch: Path, count: int) -> None:
    costs = []
    for number in (count // 10, count):
        folder = scratch / f"of-{number}"
        account.write(folder, number, LINES)
        done = run([sys.executable, __file__, "--plan", str(folder), str(number)])
        costs.append(done)
        print(
            f"{number:>7,} definitions  {done.processor:7.1f} s of processor time   {done.mebibytes:6.0f} MiB"
        )
    tenth, whole = costs
    memory = (whole.mebibytes - tenth.mebibytes) * 1024 / (count - count // 10)
    print(
        f"ten times as many take {whole.processor / tenth.processor:.1f} times as long, {memory:.1f} KiB each"
    )


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        per_request(Path(scratch))
        planning(Path(scratch), count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plan"]:
        account.plan(Path(sys.argv[2]), int(sys.argv[3]), LINES)
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
