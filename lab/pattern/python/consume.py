"""A payment service in Python: it takes the place of the lab's own.

Problem: a consumer can crash between doing the work and saying so to the group.
Guarantee: the offset is saved after the work, so every record is handled at
least once. Cost: after a crash the record in hand comes again.

Scale payment to 0 in the lab first, then run:
    python3 consume.py 127.0.0.1:9092 [how many orders, then stop]
"""
import json
import sys
import uuid
from datetime import datetime, timezone

from confluent_kafka import Consumer, Producer


def handle(order, producer):
    """Charge for the order, and say so."""
    event = {
        "event_id": str(uuid.uuid4()),
        "event_type": "PaymentCompleted",
        "version": 1,
        "timestamp": datetime.now(timezone.utc).isoformat(),
        "data": {**order, "payment_id": f"py-{order['order_id']}", "method": "card", "amount": order["total_amount"]},
    }
    producer.produce("payments", key=str(order["user_id"]), value=json.dumps(event))
    if producer.flush(10) > 0:  # the work is done when the broker has the event
        raise RuntimeError("the broker did not take PaymentCompleted")


def run(servers, count):
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "partitioner": "murmur2_random"})
    consumer = Consumer({
        "bootstrap.servers": servers,
        "group.id": "payment-service",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,  # we say ourselves when a record is done
        "partition.assignment.strategy": "range",
    })
    consumer.subscribe(["orders"])
    try:
        while count != 0:
            record = consumer.poll(1.0)
            if record is None:
                continue
            if record.error():
                print(record.error(), file=sys.stderr)
                continue
            event = json.loads(record.value())
            if event["event_type"] == "OrderCreated":
                handle(event["data"], producer)
                print("charged", event["data"]["order_id"], flush=True)
                count -= 1
            consumer.commit(record, asynchronous=False)  # after the work
    finally:
        consumer.close()  # leaves the group at once


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1)
