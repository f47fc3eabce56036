"""Keeps what happened, and folds it into what is.

Problem: a row holds what is true now and forgets how it came about; two writers
that read the same row overwrite each other. Guarantee: a stream is append-only
and numbered; who appends says which version it has seen, and is refused if
somebody else was faster. Cost: to read the state, read the stream.

Reads the lab's events, appends each to the stream of its order, and prints what
the streams add up to:
    python3 eventstore.py 127.0.0.1:9092 [how many events, then stop]
"""
import json
import sqlite3
import sys

from confluent_kafka import Consumer

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, aggregate_id TEXT NOT NULL,
    type TEXT NOT NULL, data TEXT NOT NULL, version INTEGER NOT NULL, UNIQUE (aggregate_id, version));
CREATE TRIGGER IF NOT EXISTS events_keep BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are never changed; append a new one'); END;
"""


class Conflict(Exception):
    """The stream has moved on: load it again, decide again, append again."""


def append(db, order, expected_version, event):
    try:
        with db:
            db.execute("INSERT INTO events (event_id, aggregate_id, type, data, version) VALUES (?, ?, ?, ?, ?)",
                       (event["event_id"], order, event["event_type"], json.dumps(event["data"]), expected_version + 1))
    except sqlite3.IntegrityError as error:
        raise Conflict(f"{order} is not at version {expected_version} any more, or has this event") from error


def load(db, order):
    rows = db.execute("SELECT version, type, data FROM events WHERE aggregate_id = ? ORDER BY version", (order,))
    return [(version, kind, json.loads(data)) for version, kind, data in rows]


def fold(events):
    """The state is what the events make of nothing."""
    state = {"status": None, "charged": 0, "version": 0}
    for version, kind, data in events:
        state["version"] = version
        if kind == "OrderCreated":
            state["status"], state["total"] = "CREATED", data["total_amount"]
        elif kind == "PaymentCompleted":
            state["status"], state["charged"] = "PAID", state["charged"] + data["amount"]
        elif kind == "PaymentRefunded":
            state["charged"] -= data["amount"]
        elif kind == "OrderCompleted":
            state["status"] = "COMPLETED"
        elif kind == "OrderCancelled":
            state["status"] = "CANCELLED"
    return state


def run(servers, count):
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": "eventstore-demo",
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })
    consumer.subscribe(["orders", "payments"])
    try:
        while count != 0:
            record = consumer.poll(1.0)
            if record is None or record.error():
                continue
            event = json.loads(record.value())
            order = str(event["data"]["order_id"])
            append(db, order, len(load(db, order)), event)
            consumer.commit(record, asynchronous=False)
            count -= 1
    finally:
        consumer.close()
    for (order,) in db.execute("SELECT DISTINCT aggregate_id FROM events ORDER BY seq"):
        print(order, json.dumps(fold(load(db, order)), sort_keys=True), flush=True)


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1)
