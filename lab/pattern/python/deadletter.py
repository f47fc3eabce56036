"""Puts aside what cannot be handled, and goes on.

Problem: one record that nobody can handle stops everything behind it.
Guarantee: it is put aside as it came, with the reason and the place it came
from, before its offset is saved. Cost: order, and somebody has to look after
the letters.

    python3 deadletter.py 127.0.0.1:9092 [how many records, then stop]
"""
import json
import sys
from datetime import datetime, timezone

from confluent_kafka import Consumer, Producer

GROUP = "letter-demo"


def letter(record, attempts, error):
    """The headers that say where a letter comes from and why it was written."""
    return [
        *(record.headers() or []),
        ("error", str(error)),
        ("attempts", str(attempts)),
        ("original-topic", record.topic()),
        ("original-partition", str(record.partition())),
        ("original-offset", str(record.offset())),
        ("failed-at", datetime.now(timezone.utc).isoformat()),
        ("group", GROUP),
    ]


def handle(record):
    event = json.loads(record.value())
    print("handled", event["event_type"], flush=True)


def run(servers, count):
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "partitioner": "murmur2_random"})
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": GROUP,
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })
    consumer.subscribe(["orders"])
    try:
        while count != 0:
            record = consumer.poll(1.0)
            if record is None or record.error():
                continue
            try:
                handle(record)
            except ValueError as error:  # not JSON: no number of tries helps
                producer.produce(record.topic() + ".dlq", key=record.key(), value=record.value(), headers=letter(record, 1, error))
                if producer.flush(10) > 0:
                    raise RuntimeError("the broker did not take the letter") from error
                print("put aside", record.offset(), flush=True)
            consumer.commit(record, asynchronous=False)  # handled, or its letter is written
            count -= 1
    finally:
        consumer.close()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1)
