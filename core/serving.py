"""`python -m core serve`: dashboard, API and worker together, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from core.errors import Busy
from core.workspace import HOME

ADDRESS = "127.0.0.1"
_START_SECONDS = 90
_STOP_SECONDS = 10


def serve(config: Path, port: int) -> int:
    """Start the worker and the web server as processes of their own and wait; the exit code.

    Raises `Busy` when the port is taken. Ends when either ends, or on Ctrl-C or SIGTERM, taking both down.
    """
    _require_free(port)
    environment = {**os.environ, "RISK_CONFIG": str(config.resolve())}
    web = [
        sys.executable, "-m", "streamlit", "run", "dashboard.py",
        "--server.address", ADDRESS, "--server.port", str(port),
    ]  # fmt: skip
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)
    processes = {
        "worker": subprocess.Popen([sys.executable, "worker.py"], cwd=HOME, env=environment),
        "dashboard": subprocess.Popen(web, cwd=HOME, env=environment),  # noqa: S603
    }
    try:
        told = False
        begun = time.monotonic()
        while not stopped:
            ended = next((name for name, process in processes.items() if process.poll() is not None), None)
            if ended is not None:
                print(f"The {ended} ended with code {processes[ended].returncode}; stopping.", file=sys.stderr)
                return 1
            if not told and _answers(port):
                told = True
                print(f"\n  Bellwether is at http://{ADDRESS}:{port}   (Ctrl-C stops it)\n", flush=True)
            elif not told and time.monotonic() - begun > _START_SECONDS:
                print(f"The dashboard did not answer within {_START_SECONDS} seconds; stopping.", file=sys.stderr)
                return 1
            time.sleep(0.2)
        return 0
    finally:
        _end(list(processes.values()))


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            raise Busy(f"Port {port} is in use on this machine; name another one with --port.") from None


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=1) as answer:
            return bool(answer.read() == b"ok")
    except (URLError, OSError):
        return False


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
