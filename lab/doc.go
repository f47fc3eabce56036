// Package lab is one learner's world: a Kafka cluster, a small shop of real
// services on it, a journal of what happens there, and the board that is its
// fold.
//
// Actions go in (Lab.Do), entries come out (the journal), and the board is
// what the entries add up to. Nothing else changes a lab, and a lab says
// nothing else.
//
// What it guarantees:
//
//   - Journal order is the order in which the lab learned of things. Seq starts
//     at 1 and has no holes. A cause has a smaller seq than its effect.
//   - Entries of one partition are in offset order, and produced stands before
//     delivered: whoever sees a record first, an ack, a consumer or a look at
//     the cluster, has it written, after any gap below it (ledger).
//   - Appending never waits for a reader. What a lab keeps is bounded
//     (Options.Keep); a reader that is further behind is told so by Since and
//     takes a snapshot.
//   - The board is a pure fold: Board.Apply over the entries from 1 to N gives
//     the board of N, today and in a year (BoardAt). Patches (Since) bring a
//     board of any kept seq up to date.
//   - The newest 100,000 entries (Options.Keep) are kept as long as the lab is
//     open, and with them every board in between: the journal is cut into
//     segments, each with the board below its first entry, so that BoardAt folds
//     a few thousand entries and not all of them. All but the newest 25,000
//     entries and their boards are packed, in the background.
//   - A verdict that is broken, or that is broken no more, is an entry with its
//     evidence. What only passes between holds and pending is part of the fold.
//     A lab that nobody looks at takes its time to find out that it is settled,
//     and so does what is broken only then.
//   - Freeze: no handler starts, lab time stands, simulated work and back-off
//     stand, heartbeats go on, so nobody is thrown out of a group by a pause.
//     What an action publishes goes out all the same. Step takes a handler that
//     is under way, else the waiting message that was produced first, with its
//     commit.
//   - A call of the sync style that would begin while the lab stands still has its
//     slot and waits there, its timeout with it; a step takes a call as it takes a
//     message. A customer's order is then accepted when it is written down, as
//     long as the order service has a free slot.
//   - Queries (QueryOrder, QueryOrders) are answered from the read model alone.
//     While it is rebuilt the old one answers and goes on hearing of events; the
//     new one takes its place at once, in one entry, and a crash loses neither. It
//     is built by an instance that is not paused; where none can, the action is
//     answered all the same, and the rebuild goes on later.
//   - A refused action changes nothing but writes a refused entry; its error is
//     an *Error in words for a learner. An action has taken effect when Do
//     returns.
//   - Close returns when every goroutine of the lab has ended.
//   - The seed decides every choice that the lab makes itself: users of a burst,
//     failures by rate, jitter, event ids. Which member gets which partition is
//     Kafka's choice.
//
// Lock order: Lab.acting (actions that change services) before Lab.mu (journal,
// board, ledger, faults), Lab.mu before the gate's and the clock's own.
package lab
