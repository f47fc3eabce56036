"""Reads old events as if they were new ones.

Problem: events are kept for ever and their form changes. Guarantee: a reader
sees the newest version only; each change of form is one step, and the steps are
chained. The log itself stays as it is. Cost: a default for what the old event
did not say.

    python3 upcast.py 127.0.0.1:9092 [how many orders, then stop]
"""
import json
import sys

from confluent_kafka import Consumer


def order_created_1_to_2(data):
    """Version 1 had no currency, because the shop sold in one country only."""
    return {"currency": "USD", **data}


STEPS = {("OrderCreated", 1): order_created_1_to_2}


def upcast(event):
    """Takes an event as far up as there are steps."""
    event = {"version": 1, **event}
    while step := STEPS.get((event["event_type"], event["version"])):
        event = {**event, "version": event["version"] + 1, "data": step(event["data"])}
    return event


def run(servers, count):
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": "upcast-demo",
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })
    consumer.subscribe(["orders"])
    try:
        while count != 0:
            record = consumer.poll(1.0)
            if record is None or record.error():
                continue
            stored = json.loads(record.value())
            if stored["event_type"] == "OrderCreated":
                event = upcast(stored)
                print(event["data"]["order_id"], f"stored as version {stored.get('version', 1)}, read as version {event['version']},", event["data"]["currency"], flush=True)
                count -= 1
            consumer.commit(record, asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1)
