"""Child processes that surely end: each is ended by its own id, and dies with this program even
when that is killed."""
import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Failed(Exception):
    """Something the demo needs did not work; the text is for the person at the terminal."""


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    def __init__(self, folder):
        self.folder = folder  # their output goes to NAME.log in it
        self.all = []  # (name, process), in the order of their start

    def start(self, name, argv, **kwargs):
        """Starts a long-running program. Its session is its own, so that Ctrl-C reaches only us."""
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [str(a) for a in argv],
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True,
                   "preexec_fn": _die_with_parent, **kwargs})
        self.all.append((name, process))
        return process

    def run(self, argv, seconds=60, check=True, **kwargs):
        """Runs a program to its end and gives its output; raises Failed with what it said."""
        try:
            done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=seconds, preexec_fn=_die_with_parent,
                                  check=False, **kwargs)
        except FileNotFoundError as e:
            raise Failed(f"program {argv[0]} is not installed") from e
        except subprocess.TimeoutExpired as e:
            raise Failed(f"{' '.join(map(str, argv))}: did not end within {seconds} s") from e
        text = done.stdout.decode(errors="replace")
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(map(str, argv))}: exit {done.returncode}: {text.strip()[-400:]}")
        return text

    def check(self):
        """Raises when one of them has ended by itself."""
        for name, process in self.all:
            if process.poll() is not None:
                raise Failed(f"{name} ended with {process.returncode}: {self.last_words(name)}")

    def last_words(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace").strip()[-600:]

    def end(self, name, seconds=8):
        for i, (known, process) in enumerate(self.all):
            if known == name:
                del self.all[i]
                return _end(process, seconds)
        return None

    def kill(self, name):
        """As a crash would: without a chance to say goodbye."""
        for i, (known, process) in enumerate(self.all):
            if known == name:
                del self.all[i]
                process.kill()
                process.wait()

    def end_all(self):
        """In the reverse order of their start."""
        while self.all:
            _, process = self.all.pop()
            _end(process, 8)


def _end(process, seconds):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def wait_until(condition, seconds, what, children=None):
    """Gives the first true value of condition(); raises Failed after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if children is not None:
            children.check()
        if time.monotonic() > end:
            raise Failed(f"{what}: nothing within {seconds} s")
        time.sleep(0.05)


def process_is_alive(pid):
    return os.path.exists(f"/proc/{pid}")
