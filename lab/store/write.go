package store

import (
	"context"
	"database/sql"
)

// Write is the shop's write database, which is its event store too. Its tables
// are in writeSchema; times are milliseconds since 1970.
type Write struct {
	DB *sql.DB
}

// OpenWrite opens an empty write database. The caller closes it.
func OpenWrite(ctx context.Context) (*Write, error) {
	db, err := open(ctx, writeSchema)
	if err != nil {
		return nil, err
	}
	return &Write{DB: db}, nil
}

// Close closes the database, and with it everything in it is gone.
func (w *Write) Close() error { return w.DB.Close() }

const writeSchema = `
CREATE TABLE orders (
	order_id   TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL,
	items      TEXT NOT NULL, -- JSON
	method     TEXT NOT NULL DEFAULT '',
	total      INTEGER NOT NULL,
	address    TEXT NOT NULL DEFAULT '',
	status     TEXT NOT NULL,
	reason     TEXT NOT NULL DEFAULT '',
	version    INTEGER NOT NULL,
	source     TEXT NOT NULL DEFAULT '',
	saga       TEXT NOT NULL DEFAULT '',
	created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
	seq            INTEGER PRIMARY KEY,
	event_id       TEXT NOT NULL UNIQUE,
	aggregate_id   TEXT NOT NULL,
	type           TEXT NOT NULL,
	data           TEXT NOT NULL, -- JSON
	timestamp      INTEGER NOT NULL,
	version        INTEGER NOT NULL,
	schema_version INTEGER NOT NULL,
	UNIQUE (aggregate_id, version)
);
CREATE TRIGGER events_keep BEFORE UPDATE ON events BEGIN
	SELECT RAISE(ABORT, 'events are never changed; append a new one');
END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN
	SELECT RAISE(ABORT, 'events are never deleted; append a new one');
END;

CREATE TABLE snapshots (
	aggregate_id   TEXT NOT NULL,
	version        INTEGER NOT NULL,
	state          TEXT NOT NULL, -- JSON
	schema_version INTEGER NOT NULL,
	PRIMARY KEY (aggregate_id, version)
) WITHOUT ROWID;

CREATE TABLE inbox (
	consumer TEXT NOT NULL,
	event_id TEXT NOT NULL,
	PRIMARY KEY (consumer, event_id)
) WITHOUT ROWID;

CREATE TABLE answers ( -- what a call was answered, so that the same call gets the same
	consumer TEXT NOT NULL,
	call_key TEXT NOT NULL,
	answer   TEXT NOT NULL, -- JSON
	PRIMARY KEY (consumer, call_key)
) WITHOUT ROWID;

CREATE TABLE outbox (
	id            INTEGER PRIMARY KEY,
	service       TEXT NOT NULL,
	owner         TEXT NOT NULL,
	claimed_until INTEGER NOT NULL,
	topic         TEXT NOT NULL,
	key           BLOB,
	event_id      TEXT NOT NULL,
	value         BLOB,
	headers       TEXT NOT NULL -- JSON
);

CREATE TABLE payments (
	payment_id TEXT PRIMARY KEY,
	order_id   TEXT NOT NULL,
	amount     INTEGER NOT NULL,
	method     TEXT NOT NULL,
	status     TEXT NOT NULL CHECK (status IN ('captured', 'refunded', 'failed', 'void')),
	reason     TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX payments_order ON payments (order_id);

CREATE TABLE reservations (
	id       INTEGER PRIMARY KEY,
	order_id TEXT NOT NULL,
	items    TEXT NOT NULL, -- JSON
	status   TEXT NOT NULL CHECK (status IN ('reserved', 'released', 'failed')),
	reason   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX reservations_order ON reservations (order_id);

CREATE TABLE stock (
	sku       TEXT PRIMARY KEY,
	available INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notifications (
	id       INTEGER PRIMARY KEY,
	order_id TEXT NOT NULL,
	user_id  TEXT NOT NULL,
	at       INTEGER NOT NULL
);
CREATE INDEX notifications_order ON notifications (order_id);

-- Which way an order goes through the shop, from its first message to its end.
CREATE TABLE styles (
	order_id TEXT PRIMARY KEY,
	saga     TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sagas (
	saga_id  TEXT PRIMARY KEY,
	state    TEXT NOT NULL,
	steps    TEXT NOT NULL, -- JSON
	deadline INTEGER NOT NULL, -- 0: it waits for nothing
	tries    INTEGER NOT NULL,
	reply_id TEXT NOT NULL,
	reason   TEXT NOT NULL,
	data     TEXT NOT NULL, -- JSON
	version  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sagas_deadline ON sagas (deadline) WHERE deadline > 0;
`
