"""Tries again what failed, later and later.

Problem: some failures pass by themselves, and whoever tries again at once only
adds to the trouble. Guarantee: the waits double up to a limit, and jitter keeps
many clients from coming back in step. Cost: the records behind it wait too.

    python3 retry.py 127.0.0.1:9092 [how many records, then stop]
"""
import json
import random
import sys
import time

from confluent_kafka import Consumer

RETRIES = 3  # 4 tries in all


def delay(attempt, base=0.1, factor=2, limit=5.0, jitter=0.2):
    """Seconds to wait after a try that failed; attempts count from 1."""
    wait = min(base * factor ** (attempt - 1), limit)
    return wait * (1 - jitter * random.random())


def with_retry(work, record):
    """Does the work in at most RETRIES + 1 tries and returns how many it took."""
    for attempt in range(1, RETRIES + 2):
        try:
            work(record, attempt)
            return attempt
        except Exception as error:
            if attempt > RETRIES:
                raise
            wait = delay(attempt)
            print(f"try {attempt} of {RETRIES + 1} failed: {error}; next in {wait * 1000:.0f} ms", flush=True)
            time.sleep(wait)


def flaky(record, attempt):
    """Stands for a service that recovers: every second try works."""
    if attempt % 2 == 1:
        raise ConnectionError("the bank does not answer")
    print("handled", json.loads(record.value())["event_type"], flush=True)


def run(servers, count):
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": "retry-demo",
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })
    consumer.subscribe(["orders"])
    try:
        while count != 0:
            record = consumer.poll(1.0)
            if record is None or record.error():
                continue
            with_retry(flaky, record)
            consumer.commit(record, asynchronous=False)
            count -= 1
    finally:
        consumer.close()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1)
