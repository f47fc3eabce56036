package lab

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// packedBoard is a board with all that its fold remembers, as it is kept and
// written to a file: from here one can fold on.
type packedBoard struct {
	Board  *Board     `json:"board"`
	Memory packedFold `json:"memory"`
}

// packedFold mirrors fold and judged, field by field.
type packedFold struct {
	ByHandle map[string]string               `json:"by_handle"`
	Arrival  []string                        `json:"arrival"`
	Events   map[string]int                  `json:"events"`
	PerOrder map[string]map[string]int       `json:"per_order"`
	Known    map[string]known                `json:"known"`
	EventsOf map[string][]string             `json:"events_of"`
	Early    map[string]*Order               `json:"early"`
	Ended    []string                        `json:"ended"`
	Unread   map[tp][]unreadRecord           `json:"unread"`
	Accepted map[string]int64                `json:"accepted"`
	Unstored map[string]lostEvent            `json:"unstored"`
	Hard     map[string]map[string]violation `json:"hard"`
	Soft     map[string]map[string]violation `json:"soft"`
	Captures map[string][]int64              `json:"captures"`
	Handled  map[orderKey]handledInOrder     `json:"handled"`
	Stale    map[string]bool                 `json:"stale"`
	Settled  bool                            `json:"settled"`
}

// pack writes the board so that unpackBoard can fold on from it.
func (b *Board) pack() ([]byte, error) {
	f, j := &b.fold, &b.judged
	raw, err := json.Marshal(packedBoard{b, packedFold{
		f.byHandle, f.arrival, f.events, f.perOrder, f.known, f.eventsOf, f.early, f.ended, f.unread, f.accepted, f.unstored,
		j.hard, j.soft, j.captures, j.handled, j.stale, j.settled,
	}})
	if err != nil {
		return nil, fmt.Errorf("pack the board of entry %d: %w", b.Seq, err)
	}
	return raw, nil
}

// unpackBoard reads what pack wrote. Whoever wrote it may have been a stranger:
// the settings are checked, and every map that the fold writes to is there.
func unpackBoard(raw []byte) (*Board, error) {
	var head struct {
		Board struct {
			Settings Settings `json:"settings"`
		} `json:"board"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("read the board's settings: %w", err)
	}
	settings, err := head.Board.Settings.normal()
	if err != nil {
		return nil, fmt.Errorf("read the board's settings: %w", err)
	}
	b := newBoard(settings)
	// What stands in an empty board would be mixed with what is read.
	b.Stock, b.Invariants = nil, nil
	p := packedBoard{Board: b}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("read the board: %w", err)
	}
	m := p.Memory
	b.fold = fold{
		changes: changes{off: true}, byHandle: made(m.ByHandle), arrival: m.Arrival, events: made(m.Events), perOrder: made(m.PerOrder),
		known: made(m.Known), eventsOf: made(m.EventsOf), early: made(m.Early), ended: m.Ended, unread: made(m.Unread), accepted: made(m.Accepted), unstored: made(m.Unstored),
		judged: judged{hard: made(m.Hard), soft: made(m.Soft), captures: made(m.Captures), handled: made(m.Handled), stale: made(m.Stale), settled: m.Settled},
	}
	b.Stock, b.Invariants = made(b.Stock), made(b.Invariants)
	b.ReadModel.Orders, b.ReadModel.Late, b.Calls = made(b.ReadModel.Orders), made(b.ReadModel.Late), made(b.Calls)
	return b, nil
}

// made is m, or an empty map where it was null.
func made[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}

// The small values below are written as lists: a board has thousands of them.

func (k known) MarshalJSON() ([]byte, error) { return json.Marshal([]any{k.produced, k.handled}) }
func (k *known) UnmarshalJSON(raw []byte) error {
	return json.Unmarshal(raw, &[]any{&k.produced, &k.handled})
}

func (u unreadRecord) MarshalJSON() ([]byte, error) { return json.Marshal([]any{u.offset, u.at}) }
func (u *unreadRecord) UnmarshalJSON(raw []byte) error {
	return json.Unmarshal(raw, &[]any{&u.offset, &u.at})
}

func (l lostEvent) MarshalJSON() ([]byte, error) { return json.Marshal([]any{l.eventType, l.seq}) }
func (l *lostEvent) UnmarshalJSON(raw []byte) error {
	return json.Unmarshal(raw, &[]any{&l.eventType, &l.seq})
}

func (v violation) MarshalJSON() ([]byte, error) { return json.Marshal([]any{v.because, v.evidence}) }
func (v *violation) UnmarshalJSON(raw []byte) error {
	err := json.Unmarshal(raw, &[]any{&v.because, &v.evidence})
	if err == nil && len(v.evidence) == 0 {
		return fmt.Errorf("the violation %q has no evidence", v.because)
	}
	return err
}

func (h handledInOrder) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{h.newest, h.newestRun, h.eventType, h.order})
}
func (h *handledInOrder) UnmarshalJSON(raw []byte) error {
	return json.Unmarshal(raw, &[]any{&h.newest, &h.newestRun, &h.eventType, &h.order})
}

// MarshalText writes a partition as "orders/0".
func (at tp) MarshalText() ([]byte, error) {
	return []byte(at.topic + "/" + strconv.Itoa(int(at.partition))), nil
}

// UnmarshalText reads what MarshalText writes.
func (at *tp) UnmarshalText(text []byte) error {
	topic, number, _ := cutLast(string(text), "/")
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return fmt.Errorf("%q is not a partition, like orders/0", text)
	}
	*at = tp{topic, int32(n)}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// MarshalText writes the key's parts a line each; the subject, which may hold
// anything, comes last.
func (k orderKey) MarshalText() ([]byte, error) {
	return []byte(strings.Join([]string{k.scope, k.group, k.topic, k.subject}, "\n")), nil
}

// UnmarshalText reads what MarshalText writes.
func (k *orderKey) UnmarshalText(text []byte) error {
	parts := strings.SplitN(string(text), "\n", 4)
	if len(parts) != 4 {
		return fmt.Errorf("%q is not the four lines of scope, group, topic and subject", text)
	}
	*k = orderKey{parts[0], parts[1], parts[2], parts[3]}
	return nil
}
