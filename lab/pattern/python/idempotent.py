"""Remembers what it has handled, so that a record that comes again does nothing.

Problem: with at-least-once delivery a record comes again after a crash.
Guarantee: the event id is written in the same transaction as the work, so the
work is done once for each event. Cost: one more row a message. Not covered:
calls to the outside; they need an idempotency key.

    python3 idempotent.py 127.0.0.1:9092 [how many records, then stop]
"""
import json
import sqlite3
import sys

from confluent_kafka import Consumer

SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS spent (user_id TEXT PRIMARY KEY, amount INTEGER NOT NULL);
"""


def handle(db, event):
    """Adds the order to what its user has spent; False: it was counted before."""
    with db:  # one transaction: both rows, or neither
        seen = db.execute("INSERT INTO inbox VALUES (?) ON CONFLICT DO NOTHING", (event["event_id"],))
        if seen.rowcount == 0:
            return False
        db.execute(
            "INSERT INTO spent VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET amount = amount + excluded.amount",
            (str(event["data"]["user_id"]), event["data"]["total_amount"]),
        )
    return True


def run(servers, count):
    db = sqlite3.connect(":memory:")  # a file, if it is to be remembered tomorrow
    db.executescript(SCHEMA)
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": "idempotent-demo",
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })
    consumer.subscribe(["orders"])
    try:
        while count != 0:
            record = consumer.poll(1.0)
            if record is None or record.error():
                continue
            event = json.loads(record.value())
            if event["event_type"] == "OrderCreated":
                print("counted" if handle(db, event) else "seen before", event["data"]["order_id"], flush=True)
                count -= 1
            consumer.commit(record, asynchronous=False)
    finally:
        consumer.close()
    for user, amount in db.execute("SELECT * FROM spent ORDER BY user_id"):
        print(user, "spent", amount, flush=True)


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1)
