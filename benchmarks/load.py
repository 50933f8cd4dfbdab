"""Asks the same list of requests again and again from several callers: with wrk, or with Python where it is missing."""

import http.client
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.server import Server, Unmeasurable

LONGEST_ANSWER = 60
"""Seconds after which a request is given up."""

# wrk makes each request's bytes once, before it begins; its one thread then goes round the list.
_LUA = """
local made, at, headers = {}, 0, {}
init = function()
  for line in io.lines(@FILE@ .. ".headers") do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
  end
  for line in io.lines(@FILE@) do
    local method, path, body = line:match("^(%S+)\\t(%S+)\\t(.*)$")
    made[#made + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end
request = function() at = at % #made + 1; return made[at] end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nFIGURES {"requests":%d,"microseconds":%d,"bytes":%d,"errors":%d,',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
  io.write(string.format('"p50":%d,"p95":%d,"p99":%d,"max":%d}\\n', latency:percentile(50),
    latency:percentile(95), latency:percentile(99), latency.max))
end
"""


@dataclass(frozen=True)
class Request:
    """One request; `body` is JSON, without line breaks."""

    path: str
    body: str = ""

    @property
    def method(self) -> str:
        """POST when there is a body."""
        return "POST" if self.body else "GET"


@dataclass(frozen=True)
class Load:
    """What came of it. Latencies in milliseconds; `errors` are statuses above 399, broken lines and time-outs."""

    by: str
    requests: int
    seconds: float
    errors: int
    mean_bytes: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @property
    def per_second(self) -> float:
        """Requests answered in a second."""
        return self.requests / self.seconds if self.seconds else 0.0


def has_wrk() -> bool:
    """Whether the program wrk is installed, which costs so little itself that it can share the machine."""
    return shutil.which("wrk") is not None


def load(
    server: Server, requests: Sequence[Request], callers: int, seconds: int, *, wrk: bool | None = None
) -> Load:
    """Ask for that many seconds. `wrk` chooses the generator; None takes what is there."""
    if not requests:
        raise Unmeasurable("there is nothing to ask: the catalog seems to be empty")
    use_wrk = has_wrk() if wrk is None else wrk
    return (_with_wrk if use_wrk else _with_python)(server, requests, callers, seconds)


def _with_wrk(server: Server, requests: Sequence[Request], callers: int, seconds: int) -> Load:
    with tempfile.TemporaryDirectory() as folder:  # its own for its owner only: it holds the token
        listed = Path(folder) / "requests"
        lines = (f"{each.method}\t{each.path}\t{each.body}\n" for each in requests)
        listed.write_text("".join(lines))
        headers = server.headers(with_body=any(each.body for each in requests))
        listed.with_name("requests.headers").write_text("".join(f"{k}: {v}\n" for k, v in headers.items()))
        script = Path(folder) / "requests.lua"
        script.write_text(_LUA.replace("@FILE@", json.dumps(str(listed))))
        sizes = ["-t1", f"-c{callers}", f"-d{seconds}s", "--timeout", f"{LONGEST_ANSWER}s"]
        argv = ["wrk", *sizes, "-s", str(script), server.url]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = re.search(r"^FIGURES (.*)$", ran.stdout, re.MULTILINE)
    if found is None:
        raise Unmeasurable(f"wrk failed at {server.url}: {(ran.stdout + ran.stderr).strip()}")
    said = json.loads(found[1])
    return Load(
        by="wrk",
        requests=said["requests"],
        seconds=said["microseconds"] / 1e6,
        errors=said["errors"],
        mean_bytes=said["bytes"] // max(1, said["requests"]),
        **{f"{name}_ms": said[name] / 1000 for name in ("p50", "p95", "p99", "max")},
    )


class _Caller(threading.Thread):
    """One of several callers on a line of its own. Past a thousand requests a second it measures itself."""

    def __init__(self, server: Server, requests: Sequence[Request], first: int, until: float) -> None:
        super().__init__(daemon=True)
        self.server, self.until = server, until
        self.turn = itertools.islice(itertools.cycle(requests), first, None)
        self.took: list[float] = []
        self.bytes = self.errors = 0

    def run(self) -> None:
        line = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=LONGEST_ANSWER)
        for each in self.turn:
            if time.monotonic() >= self.until:
                break
            began = time.perf_counter()
            try:
                line.request(
                    each.method,
                    each.path,
                    each.body.encode() or None,
                    self.server.headers(with_body=bool(each.body)),
                )
                answer = line.getresponse()
                self.bytes += len(answer.read())
                self.errors += answer.status > 399
            except (OSError, http.client.HTTPException):
                self.errors += 1
                line.close()  # the next request opens it again
            self.took.append(time.perf_counter() - began)
        line.close()


def _with_python(server: Server, requests: Sequence[Request], callers: int, seconds: int) -> Load:
    began = time.monotonic()
    many = [_Caller(server, requests, i * 97 % len(requests), began + seconds) for i in range(callers)]
    for caller in many:
        caller.start()
    for caller in many:
        caller.join()
    lasted = time.monotonic() - began
    took = sorted(one for caller in many for one in caller.took)

    def percentile(share: float) -> float:
        return took[min(len(took) - 1, int(share * len(took)))] * 1000

    return Load(
        by="python",
        requests=len(took),
        seconds=lasted,
        errors=sum(caller.errors for caller in many),
        mean_bytes=sum(caller.bytes for caller in many) // len(took),
        p50_ms=percentile(0.5),
        p95_ms=percentile(0.95),
        p99_ms=percentile(0.99),
        max_ms=percentile(1.0),
    )


def probe(server: Server, request: Request) -> dict[str, Any]:
    """One answer in figures, so that two servers can be seen to answer alike: bytes, items, total."""
    size, said = server.ask(request.method, request.path, request.body.encode() or None)
    seen: dict[str, Any] = {"bytes": size}
    if isinstance(said, list):
        seen["items"] = len(said)
    elif "items" in said:
        seen["items"] = sum(item is not None for item in said["items"])
        if "totalItems" in said:
            seen["total"] = said["totalItems"]
    elif "facets" in said:
        seen["items"] = sum(len(values) for values in said["facets"].values())
    return seen
