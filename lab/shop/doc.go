// Package shop is the business that the lab runs: an order service and the
// services that charge, reserve, notify and project for it.
//
// What it guarantees:
//
//   - A service is a real consumer group. Its members commit by hand, after the
//     work is done unless told otherwise, so a record is handled at least once.
//   - A crash cuts a member off the network without a goodbye: the group learns
//     of it when the session times out. A stop leaves the group at once.
//   - A member handles one record at a time. A failing record holds up its own
//     partition only.
//   - Every change of a service's state and its event are one transaction when
//     its outbox is on; the event follows at least once.
//   - An order keeps the style of the saga that it was first seen in, by whoever
//     saw it first. In an orchestrated one, services answer commands on Replies
//     and pass over the events of the others.
//   - Whoever watches (Watcher) hears of each point in the order in which the
//     member passed it, and before the member goes on.
//   - In the sync style the order service calls the others over HTTP, each within
//     Env.CallTimeout, with the same reactions behind a call as behind a message.
//     An order is published nowhere and projected by nobody: the order service
//     writes the read model itself, after its own row. When a call fails, those
//     that were answered are undone; the one that failed is not. Nothing is tried
//     again by itself.
//   - An instance serves Env.Slots calls at once (door).
//
// The services know each other only by topics, event types, and, in the sync
// style, by name and call.
package shop
