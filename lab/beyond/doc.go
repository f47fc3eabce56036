// Package beyond runs small experiments with what lies beyond the shop's
// patterns: Kafka transactions, compaction, share groups, event-carried state
// transfer.
//
// What it guarantees:
//
//   - An experiment runs on a cluster of its own, which speaks the Kafka
//     protocol as the lab's does, and is gone afterwards. It touches nothing of
//     the lab.
//   - Each has one switch. The same is done with and without, and every fact
//     that it reports was counted while it was done.
//   - Run returns when every goroutine of the experiment has ended.
package beyond
