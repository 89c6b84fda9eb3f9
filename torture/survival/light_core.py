"""The core of the light engine: a process of its own, as some engines have one, with another one that tries to outlive
it. It imports nothing of ours; each line on standard input is a request, each line on standard output an answer."""

import json
import os
import signal
import sys
import time

ANSWER_S = 0.1  # so that whoever looks for this process finds it at work


def start_a_stubborn_process() -> None:
    """A daemon in a session of its own, which heeds no signal. It holds none of our pipes, as daemons do: a worker that
    waits for an engine which died, and whose pipe is held, would hang until its deadline."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for standard in (0, 1):
                os.dup2(os.open(os.devnull, os.O_RDWR), standard)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
                signal.signal(number, signal.SIG_IGN)
            time.sleep(3600)
        os._exit(0)
    os.wait()


def main() -> None:
    start_a_stubborn_process()
    for line in sys.stdin:
        request = json.loads(line)
        time.sleep(ANSWER_S)
        answer = [list(range(request["output_tokens"])) for _ in range(request["prompts"])]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
