"""The process that is the ClickHouse server: `clickhouse_child.py LIBRARY OPTION…`, started by its path.

The library's command line serves for as long as its last query runs. That query reads standard input, which is a
terminal held by this very process: on SIGTERM the input ends, the query ends, and ClickHouse finishes running inserts
and shuts down normally. It is a terminal because this build, when not interactive, aborts as soon as a client, such as
a worker that is killed, resets its connection (https://github.com/ClickHouse/ClickHouse/issues/115666).
"""

import ctypes
import os
import signal
import sys
import threading

SERVE = "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; SELECT * FROM file('-', 'LineAsString') FORMAT Null"
END_OF_FILE = b"\x04"  # Ctrl-D
STOP = {signal.SIGTERM, signal.SIGINT}


def serve(library: str, options: list[str]) -> None:
    """Run the server to its end, then end the process: with 1 and the reason when it failed."""
    clickhouse = ctypes.CDLL(library)
    clickhouse.chdb_query_cmdline.restype = ctypes.c_void_p
    clickhouse.chdb_result_error.argtypes = [ctypes.c_void_p]
    clickhouse.chdb_result_error.restype = ctypes.c_char_p
    words = [word.encode() for word in ("clickhouse", *options, "--interactive", "--multiquery", "--query", SERVE)]
    result = clickhouse.chdb_query_cmdline(len(words), (ctypes.c_char_p * len(words))(*words))
    error = clickhouse.chdb_result_error(result) if result else b"ClickHouse gave no result"
    if error:
        print(error.decode(errors="replace"), file=sys.stderr, flush=True)
    os._exit(1 if error else 0)


def main(library: str, *options: str) -> None:
    """Serve on a separate thread; this one only waits for the signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # inherited by every thread of the server
    holding, reading = os.openpty()
    os.dup2(reading, 0)
    server = threading.Thread(target=serve, args=(library, list(options)))
    server.start()
    signal.sigwait(STOP)
    os.write(holding, END_OF_FILE)
    server.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
