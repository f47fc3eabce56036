"""Writes an order and its event in one transaction, and publishes it later.

Problem: a service writes to its database and to Kafka, and no transaction spans
both. Guarantee: the event is a row, written with the change; a relay publishes
the rows and deletes each after Kafka's ack. So it is published if and only if
the change is committed, at least once. Cost: a row and a delete an event.

    python3 outbox.py 127.0.0.1:9092 shop.db order 4711    write order 4711, publish it
    python3 outbox.py 127.0.0.1:9092 shop.db crash 4712    die between the two
    python3 outbox.py 127.0.0.1:9092 shop.db relay         publish what was left behind
"""
import json
import os
import sqlite3
import sys
import uuid
from datetime import datetime, timezone

from confluent_kafka import Producer

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, total INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL);
"""


def place(db, order_id):
    """The order and its event become true together."""
    event = {
        "event_id": str(uuid.uuid4()), "event_type": "OrderCreated", "version": 1,
        "timestamp": datetime.now(timezone.utc).isoformat(),
        "data": {"order_id": order_id, "user_id": "user-3", "items": [{"sku": "mouse", "qty": 1}], "total_amount": 2500},
    }
    with db:
        db.execute("INSERT INTO orders VALUES (?, ?)", (order_id, 2500))
        db.execute("INSERT INTO outbox (topic, key, value) VALUES (?, ?, ?)", ("orders", "user-3", json.dumps(event)))


def relay(db, producer):
    """Publishes what waits, oldest first, and returns how many."""
    rows = db.execute("SELECT id, topic, key, value FROM outbox ORDER BY id").fetchall()
    for row, topic, key, value in rows:
        failed = []
        producer.produce(topic, key=key, value=value, callback=lambda error, _: failed.append(error) if error else None)
        if producer.flush(10) > 0 or failed:
            raise RuntimeError(f"the broker did not take row {row}: it stays in the outbox")
        with db:
            db.execute("DELETE FROM outbox WHERE id = ?", (row,))  # a crash before this publishes it twice
    return len(rows)


def main(servers, file, what, order_id=""):
    db = sqlite3.connect(file)
    db.executescript(SCHEMA)
    if what in ("order", "crash"):
        place(db, order_id)
    if what == "crash":
        os._exit(1)  # no goodbye: the row is committed, nothing was published
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "partitioner": "murmur2_random"})
    print("published", relay(db, producer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
