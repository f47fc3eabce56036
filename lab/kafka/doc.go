// Package kafka is the cluster of a lab behind one type. Today the cluster is
// embedded (kfake, in memory); nothing outside this package knows that.
//
// Guarantees:
//
//   - Every topic of the Config exists before Start returns, so that no client
//     ever waits for a missing one.
//   - Clients made with Cluster.Options reach this cluster and nothing else:
//     their dialer refuses every address that is not one of its brokers.
//   - A cut Link says no goodbye. The client behind it is still a member of its
//     group until the session timeout; a client that is closed leaves at once.
//   - A change is marked after it took effect: whoever looks after the mark
//     sees it. Marks are never lost, only merged. What the lab's own clients
//     (client id prefix "eddy-") produce and commit is not marked, because the
//     lab hears of that from the clients themselves.
//   - The probe asks over the Kafka protocol alone. What it reports of one
//     broker is true at one moment; answers of several brokers are not a cut
//     through time.
//   - An idle cluster runs no ticker of its own, and a probe that was never
//     asked has no client.
//   - Close returns when everything that served a connection has ended. Clients
//     and probes belong to whoever made them, and are closed by them, before or
//     after the cluster.
//
// Limits lists what the embedded cluster leaves out.
package kafka
