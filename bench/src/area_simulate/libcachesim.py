"""Replays files for the benchmark: one request per line on standard input, one answer per line on standard output.

A request is `class<TAB>capacity<TAB>file`, an answer `processor seconds<TAB>miss ratio`.
"""

import sys
import time

import libcachesim

print(libcachesim.__version__ if hasattr(libcachesim, "__version__") else "unknown version", flush=True)
for line in sys.stdin:
    policy, capacity, file = line.rstrip("\n").split("\t")
    params = libcachesim.ReaderInitParam(ignore_obj_size=True)
    start = time.process_time()
    reader = libcachesim.TraceReader(
        file, trace_type=libcachesim.TraceType.ORACLE_GENERAL_TRACE, reader_init_params=params
    )
    cache = getattr(libcachesim, policy)(cache_size=int(capacity))
    miss_ratio, _ = cache.process_trace(reader)
    print(f"{time.process_time() - start}\t{miss_ratio}", flush=True)
