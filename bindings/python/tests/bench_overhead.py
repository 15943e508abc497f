"""CPU time of a `get` through this package beside the same by hand with httpx, the two taking turns; `--most RATIO` fails above."""

import json
import os
import statistics
import subprocess
import sys
import time

import clerk_sessions
import httpx


def main():
    process = subprocess.Popen([os.environ["FAKE_CLERK"], "--seed-user", "user_1"], stdout=subprocess.PIPE, text=True)
    try:
        url, key = (process.stdout.readline().strip().split("=", 1)[1] for _ in range(2))
        by_hand = httpx.Client(headers={"authorization": f"Bearer {key}", "clerk-api-version": "2026-05-12"}, timeout=10)
        clerk = clerk_sessions.Client(key, api_url=url)
        session_id = clerk.sessions.list(user_id="user_1")[0]["id"]

        def hand():
            response = by_hand.get(f"{url}/v1/sessions/{session_id}")
            response.raise_for_status()
            return json.loads(response.content)

        def ours():
            return clerk.sessions.get(session_id)

        assert hand() == ours()
        ratios, of_hand = [], []
        for _ in range(41):
            times = []
            for function in (hand, ours):
                started = time.process_time()
                for _ in range(50):
                    function()
                times.append((time.process_time() - started) / 50)
            of_hand.append(times[0])
            ratios.append(times[1] / times[0])
    finally:
        process.kill()
    low, ratio, high = statistics.quantiles(ratios)
    print(f"get, CPU: by hand {statistics.median(of_hand) * 1e6:.0f} µs, ratio {ratio:.3f}, middle half {low:.3f} to {high:.3f}")
    if "--most" in sys.argv and ratio > float(sys.argv[-1]):
        sys.exit(f"more than {sys.argv[-1]}")


main()
