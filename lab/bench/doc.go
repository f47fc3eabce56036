// Package bench measures this machine: what a lab costs, and beside each
// figure the floor that it stands on.
//
// A figure without its floor says more about the machine than about the
// program. So whatever can be compared is measured side by side: same process,
// same run, in turns, and the ratio is what to look at. All figures are at
// work 0, which means without the simulated work of the services.
//
//   - startup_ms: from the start of the process until the first order is
//     COMPLETED. Floor: the same process start, a bare cluster, and the first
//     record that a group member gets.
//   - hop_ms: one order through the choreography saga, from the call until it
//     is COMPLETED, divided by the records on that way. A hop is a transaction,
//     an outbox, a produce, a consume, and the journal of it all. Floor: one
//     record from a bare producer to a bare group member on the same cluster.
//   - saga_ms: a whole order until it is COMPLETED, by style, in turns with each
//     other: each style has a lab of its own in the same process. sync is an
//     order by three HTTP calls, from the call until its answer.
//   - orders_per_s: 30 callers, each waiting for its order to be durable and
//     visible in the read model before it places the next. Only the order
//     service and the projector run, because that is the work of the floor: one
//     row in a transaction, one record with acks=all, one group member that
//     puts it into a map. sagas_per_s is the same with all services, until
//     COMPLETED; it has no floor.
//   - replay_events_per_s: the read model rebuilt from 100,000 events that stand
//     in the log, by the action that a learner has. Floor: a bare client fetches
//     the same events and folds them, by the same projection, into a map. Both
//     are of one round, the one whose ratio is the median.
//   - labs: memory, goroutines and CPU of many labs that idle, and under two
//     orders a second each. Each count is a process of its own.
//   - board_at_ms: the board as it was in the middle of a journal of 100,000
//     entries. frame_bytes: what a browser gets in one frame of 50 ms while 20
//     orders a second come in.
//
// Every measure runs in a child process of its own, so that none inherits the
// heap of another. Run starts the children; Child is what they do.
package bench
