#!/usr/bin/env python3
"""Gives each instruction that the server executes to a stage of its work.

    stages.py PROGRAM PROFILES [OPERATION ...]

PROGRAM is the benchmark, built with line tables; PROFILES the directory in which `counts --keep` left valgrind's profiles
of it. docs/performance.md has the commands. An instruction belongs to the innermost line of our own in its inline stack; what
has none, to the function of the library that it is in. Needs llvm-symbolizer (Debian: llvm).
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

# Rounds of the shorter and of the longer run, and operations in a round, as src/counts/mod.rs has them.
ROUNDS = (3, 11)
OPERATIONS = 64 * 64

# By parts of the names of functions, wherever they are in the inline stack below our innermost line.
BY_FUNCTION = [
    ("utf8", re.compile(r"from_utf8|utf8|is_ascii|run_utf8_validation")),
    ("malloc", re.compile(r"malloc|calloc|realloc|\bfree\b|_int_free|__rust_alloc|__rust_dealloc|__rdl_|alloc::alloc::|unlink_chunk|tcache")),
    ("memcpy", re.compile(r"^_*(memcpy|memmove|memset|memcmp|bcmp)|copy_nonoverlapping|_avx_unaligned|_sse2_unaligned|_evex_")),
]

# By the path of our own line, below crates/; the first that fits.
BY_PATH = [
    ("arguments", r"serverwamp-proto/src/payload/(bind|missing|shape|part|mod|error)|serverwamp-proto/src/codec/(de|de_key|exact|walk|value)\.rs|serverwamp/src/api/extract/"),
    ("encode", r"serverwamp-proto/src/payload/(encode|returned|transcode)|serverwamp-proto/src/message/(encode|encoded)|serverwamp-proto/src/codec/(ser|ser_key|writer|transcode)\.rs|/writer\.rs|serverwamp/src/(router|peering)/wire\.rs|serverwamp/src/api/reply/"),
    ("integers", r"serverwamp-proto/src/codec/json/number\.rs"),
    ("envelope", r"serverwamp-proto/src/(message|codec|session|uri|id)"),
    ("frame", r"serverwamp-proto/src/(websocket|rawsocket)/|serverwamp/src/transport/(framing|recoding|websocket/echo)"),
    ("read", r"serverwamp/src/transport/(input|io)\.rs|serverwamp/src/transport/connection/receiving\.rs"),
    ("outbox", r"serverwamp/src/transport/(outbox/|output|handler)"),
    ("turn", r"serverwamp/src/transport/|serverwamp/src/rt/|serverwamp/src/base/(measure|io)"),
    ("route", r"serverwamp/src/peer/route|serverwamp/src/router/routes/|serverwamp/src/api/routes/|serverwamp-proto/src/pattern/"),
    ("handler", r"serverwamp/src/api/(handler|layer|request)|serverwamp/src/peer/call_tasks|serverwamp/src/peering/served/"),
    ("dealer", r"serverwamp/src/router/dealer/|serverwamp-proto/src/dealer/"),
    ("broker", r"serverwamp/src/router/broker/|serverwamp-proto/src/broker/"),
    ("bookkeeping", r"serverwamp/src/(peer|router|base|peering|api)/|serverwamp-proto/src/"),
]
BY_PATH = [(stage, re.compile(pattern)) for stage, pattern in BY_PATH]

STAGES = (
    "read frame utf8 envelope integers arguments route bookkeeping handler dealer broker encode outbox turn malloc memcpy rest"
).split()

LIBRARIES = [("turn", re.compile(r"/(tokio|mio|hyper)-")), ("route", re.compile(r"/hashbrown-|/foldhash-"))]


def executed(profile):
    """How often each (object, function, address) was executed."""
    counts = collections.Counter()
    names = {"ob": {}, "fn": {}}
    place = {"ob": "", "fn": ""}
    behind_call = False
    with open(profile, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("0x"):
                if behind_call:
                    behind_call = False
                    continue
                address, _, times = line.split()[:3]
                counts[place["ob"], place["fn"], int(address, 16)] += int(times)
            elif line.startswith("calls="):
                behind_call = True
            elif named := re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line):
                called, kind, number, name = named.groups()
                if name:
                    names[kind][number] = name
                if not called:
                    place[kind] = names[kind].get(number, "")
    return counts


def inline_stacks(program, addresses):
    """The functions and files of each address, the innermost first."""
    asked = "\n".join(hex(address) for address in addresses)
    told = subprocess.run(
        ["llvm-symbolizer", "--inlines", "--output-style=JSON", f"--obj={program}"],
        input=asked, capture_output=True, text=True, check=True,
    ).stdout
    stacks = {}
    for line in told.splitlines():
        answer = json.loads(line)
        frames = answer.get("Symbol", [])
        stacks[int(answer["Address"], 16)] = [(frame["FunctionName"], frame["FileName"]) for frame in frames]
    return stacks


def of_function(name):
    return next((stage for stage, pattern in BY_FUNCTION if pattern.search(name)), None)


def stage(function, stack):
    for name, file in stack:
        if found := of_function(name):
            return found
        own = re.search(r"crates/(serverwamp(?:-proto)?/src/.*)", file)
        if own:
            return next((stage for stage, pattern in BY_PATH if pattern.search(own.group(1))), "rest")
    if found := of_function(function):
        return found
    for stage, pattern in LIBRARIES:
        if any(pattern.search(file) for _, file in stack):
            return stage
    return "rest"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, profiles = sys.argv[1], pathlib.Path(sys.argv[2])
    operations = sys.argv[3:] or ["echo", "call-json", "routed-call", "event"]
    columns = []
    for operation in operations:
        more = executed(profiles / f"{operation}.long")
        more.subtract(executed(profiles / f"{operation}.short"))
        name = pathlib.Path(program).name
        stacks = inline_stacks(program, sorted({at for ob, _, at in more if pathlib.Path(ob).name == name}))
        column = collections.Counter()
        for (ob, function, address), times in more.items():
            stack = stacks.get(address, []) if pathlib.Path(ob).name == name else []
            column[stage(function, stack)] += times
        columns.append(column)
    each = (ROUNDS[1] - ROUNDS[0]) * OPERATIONS
    print("| stage | " + " | ".join(operations) + " |")
    print("|---|" + "--:|" * len(operations))
    for row in STAGES:
        print(f"| {row} | " + " | ".join(f"{column[row] / each:,.0f}" for column in columns) + " |")
    print("| **all** | " + " | ".join(f"**{sum(column.values()) / each:,.0f}**" for column in columns) + " |")


if __name__ == "__main__":
    main()
