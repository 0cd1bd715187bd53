"""Runs many cases with few processes and survives what the program under test does.

`wick run --batch LIST` reads lines MODEL<TAB>INDIR<TAB>OUTDIR and prints, in
order, one line a case to stdout:

    RESULT <index from 0> <exit code> <message>

going on after a failure. When the process dies, the case that it was at is
tried again in a process of its own, so that damage done by an earlier case is
not held against it; when it says nothing for `timeout` seconds, it is killed.
Both ways the rest goes on in a new process.
"""
import os
import resource
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

MEMORY = 8 << 30        # address space for data of one process


def limits():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Program:
    """One process that works through a list of jobs."""

    def __init__(self, command, jobs, scratch):
        handle, self.list = tempfile.mkstemp(dir=scratch, suffix=".txt")
        with os.fdopen(handle, "w") as f:
            f.writelines("\t".join(map(str, job)) + "\n" for job in jobs)
        self.log = tempfile.TemporaryFile(dir=scratch)
        self.process = subprocess.Popen([*command, self.list], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
                                        preexec_fn=limits, start_new_session=True)
        self.buffer = b""

    def line(self, timeout):
        """The next RESULT line as (index, code, message); "timeout"; or None at the end of the output."""
        deadline = time.monotonic() + timeout
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                parts = line.decode("utf-8", "replace").split(" ", 3)
                if parts[0] == "RESULT" and len(parts) >= 3:
                    return int(parts[1]), int(parts[2]), parts[3] if len(parts) > 3 else ""
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return "timeout"
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return None
            self.buffer += data

    def close(self):
        """Ends the process; returns its exit status (negative: signal) and the end of what it wrote to stderr."""
        if self.process.poll() is None:
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process.stdout.close()
        self.log.seek(max(0, self.log.seek(0, 2) - 2000))
        tail = " ".join(self.log.read().decode("utf-8", "replace").split())[-400:]
        self.log.close()
        os.unlink(self.list)
        return self.process.returncode, tail

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)


def run(command, jobs, scratch, timeout, report):
    """Calls report(index, status, message) for each job, in order; status is an exit code, "crash" or "timeout"."""
    done = 0
    while done < len(jobs):
        program = Program(command, jobs[done:], scratch)
        start, ended = done, None
        while done < len(jobs) and ended is None:
            answer = program.line(timeout)
            if answer == "timeout":
                program.kill()
                ended = "timeout"
            elif answer is None:
                ended = "died"
            else:
                index, code, message = answer
                if start + index != done:
                    ended = "died"                 # out of step: the protocol is broken, treat it as a failure of this case
                    program.kill()
                else:
                    report(done, code, message)
                    done += 1
        status, tail = program.close()
        if ended is None:
            continue
        if ended == "died" and done > start:
            continue                               # try this one again, first in a new process
        if ended == "timeout":
            report(done, "timeout", f"no answer in {timeout:g} s")
        elif status < 0 or status in (132, 134, 135, 136, 139):
            name = signal.Signals(-status).name if status < 0 else f"exit {status}"
            report(done, "crash", f"{name}: {tail}")
        else:
            report(done, status or 2, f"ended without a result, exit {status}: {tail}")
        done += 1


def run_single(command, jobs, scratch, timeout, report):
    """The same with a process for each case: `command MODEL INDIR OUTDIR`. Slow; for programs without --batch."""
    for index, job in enumerate(jobs):
        with tempfile.TemporaryFile(dir=scratch) as log:
            process = subprocess.Popen([*command, *map(str, job)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limits,
                                       start_new_session=True)
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                report(index, "timeout", f"over {timeout:g} s")
                continue
            log.seek(max(0, log.seek(0, 2) - 2000))
            tail = " ".join(log.read().decode("utf-8", "replace").split())[-400:]
        report(index, "crash" if status < 0 or status in (134, 136, 137, 139) else status, tail)


def scratch_folder():
    """Memory-backed where there is one: the files are small and many."""
    return tempfile.mkdtemp(prefix="wick-conformance-", dir="/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None)
