"""Interrupts before any work has begun: the process says so and ends at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_at_once(say: Callable[[str], None], sentence: str, code: int) -> Iterator[None]:
    """On SIGINT or SIGTERM during the block, say the sentence and end the process with this exit code.

    Python's own handlers wait until native code returns, which takes a compiler seconds. Use only in the main thread,
    and only around work that leaves nothing half done.
    """
    read, write = os.pipe()
    os.set_blocking(write, False)

    def wait() -> None:
        if os.read(read, 1):  # empty when the block has ended
            say(sentence)
            os._exit(code)

    before = {number: signal.signal(number, lambda *_: None) for number in _NUMBERS}
    woken = signal.set_wakeup_fd(write)
    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(write)
        waiting.join()
        os.close(read)
