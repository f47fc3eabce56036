package shop

import (
	"context"
	"sync"
	"time"

	"eddy/lab/kafka"
	"eddy/lab/store"
)

// Env is what the services of one shop stand on. It is shared; its exported
// fields are not changed after New.
type Env struct {
	Cluster *kafka.Cluster
	Write   *store.Write
	Read    *ReadModel
	Gateway *Gateway
	Reader  *Reader
	Clock   Clock
	Watch   Watcher
	NewID   func() string  // an event id
	Jitter  func() float64 // in [0, 1)
	Key     func() string  // what the record key is: user order none
	Saga    func() string  // the style that new orders start in

	// SnapshotEvery says after how many events of a stream its state is written
	// down; 0 or nil: never.
	SnapshotEvery func() int

	// Open tells whether a record would pass the watcher at once; nil: yes.
	Open func(service string, instance int) bool
	// Seat makes the context in which an instance lives; nil: a plain one.
	Seat func(ctx context.Context, service string, instance int) context.Context

	SessionTimeout time.Duration // until a silent member is out of its group
	Heartbeat      time.Duration
	SagaTimeout    time.Duration // until an orchestrated step that is not answered counts as failed

	// Running lists the instances of a service that can be called.
	Running     func(service string) []int
	CallTimeout time.Duration // how long a call waits for its answer, lab time
	Slots       int           // calls that an instance serves at once

	calls  numbers
	turns  turns    // which instance is to be called next
	styles sync.Map // order id → its style, as far as it is known
}

// Clock is the shop's time: the lab can slow it down or stop it. The timers of
// the Kafka clients do not run on it.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
	AfterFunc(d time.Duration, f func()) (stop func())
}

// Settings are the switches of one service.
type Settings struct {
	Instances          int
	Idempotent         bool // inbox, and a key at the gateway
	Retries            int  // tries = Retries + 1
	Backoff            time.Duration
	DeadLetter         bool // false: retry for ever
	Outbox             bool // false: write, then publish
	Commit             string
	Upcast             bool
	SchemaVersion      int
	Work               time.Duration // simulated work a message
	Balancer           string
	Acks               string
	IdempotentProducer bool
	CheckStock         bool
}

// needsNewClient tells whether a change from s to t takes a new Kafka client.
func (s Settings) needsNewClient(t Settings) bool {
	return s.Balancer != t.Balancer || s.Acks != t.Acks || s.IdempotentProducer != t.IdempotentProducer || s.Commit != t.Commit
}
