package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"eddy/lab/kafka"
)

// The observer looks at the cluster over the Kafka protocol whenever something
// moved on the wire, and writes what it finds into the journal. What the shop
// itself reported is there already; so an outside client shows up by the same
// path as everything else.

// settleAfter is how long the journal must be quiet before the observer finds
// out whether the lab is settled; while it is not, it asks again, ever slower.
// settleUnseen holds where nobody looks.
const (
	settleAfter  = 20 * time.Millisecond
	settleSlow   = 320 * time.Millisecond
	settleUnseen = 2 * time.Second
	lookTimeout  = 5 * time.Second
)

func (l *Lab) askToLook() {
	select {
	case l.look <- struct{}{}:
	default:
	}
}

// observe runs until the lab is closed.
func (l *Lab) observe() {
	pause, head := settleAfter, int64(0)
	for l.ctx.Err() == nil {
		if !l.unsettled() {
			l.sleepUntilMoved()
			pause = settleAfter
			continue
		}
		wait := pause
		if !l.heed.paid() {
			wait = settleUnseen
		}
		due := time.NewTimer(wait)
		select {
		case <-l.heed.came: // who comes to look wants to know
		case <-l.cluster.Changed():
			l.lookAt(scopeOf(l.cluster.TakeChanges()))
		case <-l.look:
			l.lookAt(kafka.Scope{Topics: true, AllGroups: true})
		case <-due.C:
			switch now := l.Head(); {
			case now != head:
				head, pause = now, settleAfter // it must be quiet for a while first
			case !l.settle(l.ctx):
				pause = min(2*pause, settleSlow)
			}
		case <-l.ctx.Done():
		}
		due.Stop()
	}
}

// sleepUntilMoved is how a settled lab costs nothing: it waits for something
// to happen on the wire or in the journal.
func (l *Lab) sleepUntilMoved() {
	grew := l.grown(l.Head())
	if !l.unsettled() {
		select {
		case <-grew:
		case <-l.cluster.Changed():
			l.lookAt(scopeOf(l.cluster.TakeChanges()))
		case <-l.look:
			l.lookAt(kafka.Scope{Topics: true, AllGroups: true})
		case <-l.ctx.Done():
		}
	}
}

// grown is closed when the journal grows beyond seq.
func (l *Lab) grown(seq int64) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.journal.head() > seq {
		done := make(chan struct{})
		close(done)
		return done
	}
	if l.moved == nil {
		l.moved = make(chan struct{})
	}
	return l.moved
}

// unsettled tells whether anything happened since the lab was last seen
// settled.
func (l *Lab) unsettled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.quiet != l.journal.head()
}

func scopeOf(c kafka.Changes) kafka.Scope {
	s := kafka.Scope{Topics: len(c.Topics) > 0 || c.Brokers, Brokers: c.Brokers, Groups: slices.Sorted(maps.Keys(c.Groups))}
	if c.Groups[kafka.Some] {
		s.Groups, s.AllGroups = nil, true
	}
	return s
}

// lookAt takes one look and writes what is new in it.
func (l *Lab) lookAt(scope kafka.Scope) {
	if !scope.Topics && !scope.Brokers && !scope.AllGroups && len(scope.Groups) == 0 {
		return
	}
	// One look at a time: what an older look saw must not be written after
	// what a newer one did.
	select {
	case l.looking <- struct{}{}:
		defer func() { <-l.looking }()
	case <-l.ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, lookTimeout)
	defer cancel()
	if !l.anybody(ctx) {
		l.seenBrokers(nil)
		return
	}
	before := l.commitCounts()
	seen, err := l.probe.Look(ctx, scope)
	if err != nil {
		if l.ctx.Err() == nil {
			l.mu.Lock()
			l.recordLocked(Entry{Kind: KindNote, Cause: l.causes.cluster, Text: fmt.Sprintf("the lab could not look at the cluster: %v", err)})
			l.mu.Unlock()
		}
		return
	}
	if scope.Brokers {
		l.seenBrokers(seen.Brokers)
	}
	l.seenLeaders(seen.Partitions)
	for _, topic := range slices.Sorted(maps.Keys(seen.Partitions)) {
		l.seenTopic(ctx, topic, seen.Partitions[topic])
	}
	for _, id := range slices.Sorted(maps.Keys(seen.Groups)) {
		l.seenGroup(id, seen.Groups[id], before)
	}
}

func (l *Lab) commitCounts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.ledger.commits)
}

// lookNow looks at topics and brokers before it returns.
func (l *Lab) lookNow(context.Context) { l.lookAt(kafka.Scope{Topics: true, Brokers: true}) }

// anybody tells whether a broker answers. It asks only where one was seen down:
// a look at a cluster that is not there takes as long as it may.
func (l *Lab) anybody(ctx context.Context) bool {
	l.mu.Lock()
	brokers := slices.Clone(l.board.Brokers)
	l.mu.Unlock()
	if len(brokers) > 1 && !slices.ContainsFunc(brokers, func(b Broker) bool { return b.State == "down" }) || len(brokers) == 0 {
		return true
	}
	return slices.ContainsFunc(brokers, func(b Broker) bool { return l.probe.Answers(ctx, b.ID) })
}

// seenBrokers writes which brokers came and went: the cluster names those that
// are up.
func (l *Lab) seenBrokers(brokers []kafka.Broker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range brokers {
		now := l.board.broker(b.ID)
		known := slices.ContainsFunc(l.board.Brokers, func(o Broker) bool { return o.ID == b.ID })
		if known && now.Controller == b.Controller && now.State == "up" {
			continue
		}
		now.State, now.Controller = "up", b.Controller
		l.recordLocked(Entry{Kind: KindBroker, Cause: l.causes.cluster, Text: fmt.Sprintf("broker %d is up", b.ID), Data: &Data{Broker: &now}})
	}
	for _, old := range slices.Clone(l.board.Brokers) {
		if old.State == "down" || slices.ContainsFunc(brokers, func(b kafka.Broker) bool { return b.ID == old.ID }) {
			continue
		}
		now := old
		now.State, now.Because = "down", fmt.Sprintf("broker %d is down because %s", old.ID, l.whyDown(old.ID))
		l.recordLocked(Entry{Kind: KindBroker, Cause: l.causes.cluster, Text: fmt.Sprintf("broker %d is down: the cluster does not name it any more", old.ID), Data: &Data{Broker: &now}})
	}
}

func (l *Lab) whyDown(id int32) string {
	for _, f := range l.faults {
		if f.Kind == "broker" && *f.Broker == id {
			return "you took it down"
		}
	}
	return "it does not answer"
}

// seenLeaders writes, at the first look, who leads what, in one entry. Later
// looks write what moved.
func (l *Lab) seenLeaders(topics map[string][]kafka.Partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	leaders := map[string][]int32{}
	for topic, partitions := range topics {
		if t := l.board.Topics[topic]; t == nil || t.Partitions[0].Leader >= 0 {
			continue
		}
		for _, p := range partitions {
			leaders[topic] = append(leaders[topic], p.Leader)
		}
	}
	if len(leaders) > 0 {
		l.recordLocked(Entry{Kind: KindBroker, Cause: l.causes.cluster, Text: fmt.Sprintf("the cluster has %d topics", len(leaders)), Data: &Data{Leaders: leaders}})
	}
}

// seenTopic writes leaders that moved, and records that nobody told of.
func (l *Lab) seenTopic(ctx context.Context, topic string, partitions []kafka.Partition) {
	for _, p := range partitions {
		at := tp{topic, p.ID}
		l.mu.Lock()
		if t := l.board.Topics[topic]; t != nil && int(p.ID) >= len(t.Partitions) {
			l.enlarge(topic, leadersOf(partitions))
		}
		part := l.ledger.parts[at]
		if part == nil {
			l.mu.Unlock()
			continue // a topic of somebody else
		}
		old := l.board.Topics[topic].Partitions[p.ID]
		now := Partition{ID: p.ID, Leader: p.Leader, Start: p.Start}
		if old.Leader != p.Leader {
			text := fmt.Sprintf("broker %d leads %s p%d", p.Leader, topic, p.ID)
			l.recordLocked(Entry{Kind: KindLeaderMoved, Cause: l.causes.cluster, Topic: topic, Partition: p.ID, Text: text, Data: &Data{Partition: &now}})
		}
		from := part.next
		l.mu.Unlock()
		if from < p.End {
			for _, rec := range l.readRange(ctx, at, max(from, p.Start), p.End) {
				l.sighted(ctx, rec)
			}
		}
		if old.Start < p.Start {
			text := fmt.Sprintf("%s p%d begins at %d: what stood before was deleted", topic, p.ID, p.Start)
			l.record(Entry{Kind: KindNote, Topic: topic, Partition: p.ID, Offset: p.Start, Text: text, Data: &Data{Partition: &now}})
		}
	}
}

func leadersOf(partitions []kafka.Partition) (leaders []int32) {
	for _, p := range partitions {
		leaders = append(leaders, p.Leader)
	}
	return leaders
}

// seenGroup writes a group's state, its members and, for what the shop did not
// report itself, its committed offsets.
func (l *Lab) seenGroup(id string, g kafka.Group, before map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.board.Groups[id]
	if old == nil && g.State == kafka.Dead {
		return
	}
	now := groupFact(id, g)
	if old == nil || !sameGroup(old, now) {
		l.memberEntries(id, old, now)
		l.recordLocked(Entry{Kind: KindRebalanced, Service: serviceOf(id), Cause: l.causes.group[id], Text: groupText(now), Data: &Data{Group: now}})
	}
	if l.ledger.commits[id] != before[id] {
		return // somebody committed since; that is newer than what was seen
	}
	for _, topic := range slices.Sorted(maps.Keys(g.Committed)) {
		for _, p := range slices.Sorted(maps.Keys(g.Committed[topic])) {
			if l.ledger.parts[tp{topic, p}] != nil && g.Committed[topic][p] >= 0 {
				cause := l.ofCommit(serviceOf(id), tp{topic, p}, g.Committed[topic][p], l.causes.group[id])
				l.commitEntry(id, topic, p, g.Committed[topic][p], seat{service: serviceOf(id)}, cause)
			}
		}
	}
}

func serviceOf(group string) string {
	name, err := ServiceName(group)
	if err != nil {
		return ""
	}
	return name
}

func groupFact(id string, g kafka.Group) *GroupFact {
	f := &GroupFact{ID: id, State: g.State, Protocol: g.Protocol, Generation: g.Generation, Members: []Member{}}
	for _, m := range g.Members {
		service, instance := seatOfClient(m.ClientID)
		parts := m.Partitions
		if parts == nil {
			parts = map[string][]int32{}
		}
		f.Members = append(f.Members, Member{ID: m.ID, Client: m.ClientID, Service: service, Instance: instance, Partitions: parts})
	}
	slices.SortFunc(f.Members, func(a, b Member) int {
		if a.Instance != b.Instance {
			return a.Instance - b.Instance
		}
		return strings.Compare(a.ID, b.ID)
	})
	return f
}

// seatOfClient reads "eddy-payment-1", the client id of one of ours.
func seatOfClient(client string) (service string, instance int) {
	rest, ok := strings.CutPrefix(client, "eddy-")
	i := strings.LastIndexByte(rest, '-')
	if !ok || i < 0 {
		return "", 0
	}
	n, err := strconv.Atoi(rest[i+1:])
	if err != nil || GroupID(rest[:i]) == "" {
		return "", 0
	}
	return rest[:i], n
}

func sameGroup(old *Group, now *GroupFact) bool {
	return old.State == now.State && (now.Generation == 0 || old.Generation == now.Generation) && old.Protocol == now.Protocol &&
		slices.EqualFunc(old.Members, now.Members, func(a, b Member) bool {
			return a.ID == b.ID && maps.EqualFunc(a.Partitions, b.Partitions, func(x, y []int32) bool { return slices.Equal(x, y) })
		})
}

// memberEntries says who came and who went.
func (l *Lab) memberEntries(id string, old *Group, now *GroupFact) {
	var was []Member
	if old != nil {
		was = old.Members
	}
	has := func(ms []Member, id string) bool {
		return slices.ContainsFunc(ms, func(m Member) bool { return m.ID == id })
	}
	for _, m := range now.Members {
		if !has(was, m.ID) {
			l.memberEntry(KindMemberJoined, id, m, now, "joined")
		}
	}
	for _, m := range was {
		if !has(now.Members, m.ID) {
			l.memberEntry(KindMemberLeft, id, m, now, "is out of")
		}
	}
}

func (l *Lab) memberEntry(kind Kind, group string, m Member, now *GroupFact, verb string) {
	name, at := m.Client, seat{m.Service, m.Instance}
	if m.Service != "" {
		name = nameOf(at)
	}
	l.causes.group[group] = l.append(Entry{Kind: kind, Service: m.Service, Instance: m.Instance, Cause: l.causes.ofMember(kind, group, at),
		Text: fmt.Sprintf("%s %s %s", name, verb, group)})
}

func groupText(f *GroupFact) string {
	word := map[string]string{
		"Stable": "works", "PreparingRebalance": "stops to share out its partitions anew", "CompletingRebalance": "is handing out partitions",
		"Empty": "has no members", "Dead": "is gone",
	}[f.State]
	if word == "" {
		word = "is " + f.State
	}
	return fmt.Sprintf("%s %s (%s, generation %d, %d members)", f.ID, word, f.State, f.Generation, len(f.Members))
}

// settle finds out whether the lab is settled, and if so judges what only a
// settled lab can tell. It reports whether it is.
func (l *Lab) settle(ctx context.Context) bool {
	head, ok := l.isSettled(ctx)
	if !ok {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.journal.head() != head {
		return false
	}
	for _, v := range l.board.verdicts(true) {
		l.append(Entry{Kind: KindInvariant, Text: v.ID + " " + v.State + ": " + v.Because, Cause: last(v.Evidence), Data: &Data{Invariant: &v}})
	}
	l.quiet = l.journal.head()
	l.wake()
	return true
}

func last(seqs []int64) int64 {
	if len(seqs) == 0 {
		return 0
	}
	return slices.Max(seqs)
}

// isSettled is the contract's `settled`: by an observation newer than the last
// journal entry, every service's group has committed what there is, and no
// outbox row, retry, timer, call, burst or rebalance is in flight. It returns
// the head for which it holds.
func (l *Lab) isSettled(ctx context.Context) (head int64, ok bool) {
	l.mu.Lock()
	head = l.journal.head()
	quick := l.calm() && !l.retrying()
	l.mu.Unlock()
	if !quick || l.calls.Load() > 0 || l.gate.inHand() > 0 {
		return head, false
	}
	for _, name := range ServiceNames {
		if s := l.services[name]; s != nil {
			if n, err := s.Pending(ctx); err != nil || n > 0 {
				return head, false
			}
		}
	}
	return head, l.seenSettled(ctx) && l.Head() == head && l.calls.Load() == 0
}

// calm is what the board can tell: no lag, nobody starting, nothing in hand,
// nothing being rebuilt, no group that is not at rest. It saves a look.
func (l *Lab) calm() bool {
	if l.board.noBroker() != "" || len(l.board.Calls) > 0 || l.board.rebuilds() {
		return false
	}
	for name, svc := range l.board.Services {
		if svc.Lag != 0 || svc.State == "starting" || svc.State == "blocked" {
			return false
		}
		if g := l.board.Groups[GroupID(name)]; g.State == "PreparingRebalance" || g.State == "CompletingRebalance" {
			return false
		}
	}
	return true
}

// retrying tells whether a retry waits for its time.
func (l *Lab) retrying() bool {
	for _, parts := range l.parked {
		if len(parts) > 0 {
			return true
		}
	}
	return false
}

// isNews tells whether a group is not as the board shows it: then an entry
// about it is due, and has the observer look.
func (l *Lab) isNews(id string, g kafka.Group) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g.State == kafka.Dead || sameGroup(l.board.Groups[id], groupFact(id, g)) {
		return false
	}
	l.askToLook()
	return true
}

// seenSettled looks at every group of the shop.
func (l *Lab) seenSettled(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var groups []string
	for _, name := range ServiceNames {
		groups = append(groups, GroupID(name))
	}
	seen, err := l.probe.Look(ctx, kafka.Scope{Topics: true, Groups: groups})
	if err != nil {
		return false
	}
	l.mu.Lock()
	orchestrates := l.board.orchestrates()
	l.mu.Unlock()
	for _, name := range ServiceNames {
		g := seen.Groups[GroupID(name)]
		if name == "orchestrator" && !orchestrates {
			continue // its seat is empty: nobody reads for it
		}
		if g.State == "PreparingRebalance" || g.State == "CompletingRebalance" || l.isNews(GroupID(name), g) {
			return false
		}
		for _, topic := range subscriptions[name] {
			for _, p := range seen.Partitions[topic] {
				if p.End > p.Start && g.Committed[topic][p.ID] != p.End {
					return false
				}
			}
		}
	}
	return true
}
