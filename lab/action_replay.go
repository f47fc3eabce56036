package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"eddy/lab/kafka"
)

type rewind struct {
	Group     string   `json:"group"`
	Topic     string   `json:"topic,omitempty" is:"topic"`
	Partition *int32   `json:"partition,omitempty"`
	To        rewindTo `json:"to"`
}

// rewindTo is where a group is to go on: earliest, latest, an offset, or so
// much lab time back.
type rewindTo string

// UnmarshalJSON reads an offset as a number or as text.
func (r *rewindTo) UnmarshalJSON(data []byte) error {
	var offset json.Number
	if json.Unmarshal(data, &offset) == nil {
		*r = rewindTo(offset.String())
		return nil
	}
	return json.Unmarshal(data, (*string)(r))
}

// do has the lab's members leave, sets the offsets of the empty group over the
// Kafka protocol, and has the members join again: a broker takes offsets from
// outside only while a group has no members.
func (a *rewind) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	group, service := groupOf(a.Group), serviceOf(groupOf(a.Group))
	parts, err := l.partsOf(group, service, a.Topic, a.Partition)
	if err != nil {
		return Result{}, err
	}
	if err := l.needsBroker(); err != nil {
		return Result{}, err
	}
	offsets, err := l.offsetsAt(ctx, parts, a.To, a.Partition != nil)
	if err != nil {
		return Result{}, err
	}
	if err := l.noStrangers(ctx, group); err != nil {
		return Result{}, err
	}
	where := a.Topic
	if a.Partition != nil {
		where += " p" + strconv.Itoa(int(*a.Partition))
	}
	if where == "" {
		where = "everything that it reads"
	}
	seq := c.accept(l, "", fmt.Sprintf("you set the offsets of %s for %s to %s", group, where, a.To))
	text := fmt.Sprintf("%s goes on from %s: the offsets were set while nobody was in it", group, a.To)
	if service != "" {
		text = fmt.Sprintf("%s goes on from %s: its members left, the offsets were set, they join again", group, a.To)
	}
	return Result{Seq: seq, Text: text},
		l.setOffsets(ctx, group, service, offsets, seq)
}

// partsOf lists the partitions that are meant.
func (l *Lab) partsOf(group, service, topic string, partition *int32) (parts []tp, err error) {
	if partition != nil && topic == "" {
		return nil, Errorf(Invalid, "a partition needs its topic")
	}
	if topic != "" {
		if err := l.knowsPartition(topic, partition); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.board.Groups[group]
	if g == nil {
		return nil, Errorf(NotFound, "there is no group %q: there are %s", group, strings.Join(slices.Sorted(maps.Keys(l.board.Groups)), ", "))
	}
	topics := slices.Sorted(maps.Keys(g.Offsets))
	if service != "" {
		topics = subscriptions[service]
	}
	if topic != "" {
		if !slices.Contains(topics, topic) {
			return nil, Errorf(Invalid, "%s does not read %s: it reads %s", group, topic, strings.Join(topics, ", "))
		}
		topics = []string{topic}
	}
	for _, t := range topics {
		for _, p := range l.board.Topics[t].Partitions {
			if partition == nil || *partition == p.ID {
				parts = append(parts, tp{t, p.ID})
			}
		}
	}
	return parts, nil
}

// offsetsAt works out the offset of each partition. What a partition does not
// have is refused where one was named, and otherwise the nearest that it has.
func (l *Lab) offsetsAt(ctx context.Context, parts []tp, to rewindTo, one bool) (map[tp]int64, error) {
	seen, err := l.probe.Look(ctx, kafka.Scope{Topics: true})
	if err != nil {
		return nil, Errorf(Unavailable, "the cluster does not say where its partitions begin and end: %v", err)
	}
	offset, notOffset := strconv.ParseInt(string(to), 10, 64)
	back, notBack := time.ParseDuration(string(to))
	var first map[tp]int64
	switch {
	case to == "earliest" || to == "latest" || notOffset == nil && offset >= 0:
	case notBack == nil && back > 0:
		first = l.firstSince(l.clock.Elapsed() - back)
	default:
		return nil, Errorf(Invalid, "offsets cannot be set to %q: it is earliest, latest, an offset, or a duration back such as 30s", to)
	}
	at := map[tp]int64{}
	for _, part := range parts {
		for _, p := range seen.Partitions[part.topic] {
			if p.ID != part.partition {
				continue
			}
			next := offset
			switch {
			case to == "earliest":
				next = p.Start
			case to == "latest":
				next = p.End
			case notOffset != nil:
				next = p.End
				if o, ok := first[part]; ok {
					next = o
				}
			}
			if one && (next < p.Start || next > p.End) {
				return nil, Errorf(Invalid, "%s p%d has no offset %d: it goes from %d to %d", part.topic, p.ID, next, p.Start, p.End)
			}
			at[part] = min(max(next, p.Start), p.End)
		}
	}
	return at, nil
}

// firstSince finds the first record of each partition that has been standing
// there since a lab time, as far back as the journal reaches.
func (l *Lab) firstSince(since time.Duration) map[tp]int64 {
	entries, _ := l.Entries(1, l.Head(), l.options.Keep*2)
	first := map[tp]int64{}
	for _, e := range slices.Backward(entries) {
		if e.At < since.Milliseconds() {
			break
		}
		if e.Kind == KindProduced {
			first[tp{e.Topic, e.Partition}] = e.Offset
		}
	}
	return first
}

// noStrangers refuses to touch a group in which somebody from outside is: the
// lab cannot ask them to leave.
func (l *Lab) noStrangers(ctx context.Context, group string) error {
	g, err := l.lookAtGroup(ctx, group)
	if err != nil {
		return err
	}
	for _, m := range g.Members {
		if service, _ := seatOfClient(m.ClientID); service == "" {
			return Errorf(Conflict, "%s has a member from outside, %s: offsets are set while a group is empty, so stop that client first", group, m.ClientID)
		}
	}
	return nil
}

func (l *Lab) lookAtGroup(ctx context.Context, group string) (kafka.Group, error) {
	seen, err := l.probe.Look(ctx, kafka.Scope{Groups: []string{group}})
	if err != nil {
		return kafka.Group{}, Errorf(Unavailable, "the cluster does not say who is in %s: %v", group, err)
	}
	return seen.Groups[group], nil
}

// setOffsets empties a group, sets its offsets and fills it again. Who did not
// run before does not run afterwards. The caller holds Lab.acting.
func (l *Lab) setOffsets(ctx context.Context, group, service string, offsets map[tp]int64, cause int64) error {
	var running []int
	if service != "" {
		running = l.services[service].Running()
	}
	for _, n := range running {
		l.halt(service, n, cause, "so that the offsets of "+group+" can be set", false)
	}
	err := l.commitWhenEmpty(ctx, group, service, offsets, cause)
	for _, n := range running {
		if again := l.start(service, n, cause, ""); err == nil {
			err = again
		}
	}
	return err
}

// emptyPoll is how soon the group is looked at again while it is not empty.
const emptyPoll = 50 * time.Millisecond

// commitWhenEmpty waits until the group has no members, those that crashed
// included, which stay for their session, and sets the offsets.
func (l *Lab) commitWhenEmpty(ctx context.Context, group, service string, offsets map[tp]int64, cause int64) error {
	ctx, cancel := context.WithTimeout(ctx, l.settings().SessionTimeout.D()+5*time.Second)
	defer cancel()
	for {
		g, err := l.lookAtGroup(ctx, group)
		if err != nil {
			return err
		}
		if len(g.Members) == 0 && (g.State == "Empty" || g.State == kafka.Dead) {
			break
		}
		select {
		case <-time.After(emptyPoll):
		case <-ctx.Done():
			return Errorf(Unavailable, "%s did not become empty, so its offsets are as they were", group)
		case <-l.ctx.Done():
			return errClosed
		}
	}
	hand, err := l.handLocked()
	if err != nil {
		return err
	}
	by := map[string]map[int32]int64{}
	for at, next := range offsets {
		if by[at.topic] == nil {
			by[at.topic] = map[int32]int64{}
		}
		by[at.topic][at.partition] = next
	}
	if err := kafka.SetOffsets(ctx, hand, group, by); err != nil {
		return Errorf(Unavailable, "the cluster did not take the offsets: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range slices.SortedFunc(maps.Keys(offsets), func(a, b tp) int {
		return strings.Compare(placeText(a.topic, a.partition, 0), placeText(b.topic, b.partition, 0))
	}) {
		l.commitEntry(group, at.topic, at.partition, offsets[at], seat{service: service}, cause)
	}
	return nil
}
