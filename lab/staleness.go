package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Staleness is how many events the read model did not have, over a while of lab
// time that ends with entry To.
type Staleness struct {
	From   int64   `json:"from"` // lab time, ms
	To     int64   `json:"to"`   // lab time, ms
	Seq    int64   `json:"seq"`
	Points []Stale `json:"points"` // where the number changed, oldest first; the first stands at From
	Most   int64   `json:"most"`
}

// Stale is the number of events from a moment on.
type Stale struct {
	At  int64 `json:"at"` // lab time, ms
	Lag int64 `json:"lag"`
}

// stalePoints bounds the entries that are looked at, and with them the points.
const stalePoints = 20_000

// journaled is where entries and boards of the past can be had: a lab or a run.
type journaled interface {
	BoardAt(seq int64) (json.RawMessage, error)
	Entries(from, to int64, limit int) (entries []Entry, first int64)
	SeqAt(ms int64) int64
}

// StalenessUpTo works out the staleness over a while that ends at the entry
// seq, or at the lab time end where that is later. It goes back from the board
// of seq: a record that is produced makes one event more, an offset that the
// projector saves makes so many fewer.
func StalenessUpTo(of journaled, seq, end int64, while time.Duration) (Staleness, error) {
	raw, err := of.BoardAt(seq)
	if err != nil {
		return Staleness{}, err
	}
	var b struct {
		LabTime   int64    `json:"lab_time"`
		Settings  Settings `json:"settings"`
		ReadModel struct {
			Lag int64 `json:"lag"`
		} `json:"read_model"`
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return Staleness{}, fmt.Errorf("read the board of entry %d: %w", seq, err)
	}
	end = max(end, b.LabTime)
	s := Staleness{From: max(0, end-while.Milliseconds()), To: end, Seq: seq}
	first := max(of.SeqAt(s.From)+1, seq-stalePoints+1)
	entries, _ := of.Entries(first, seq, stalePoints)
	lag := b.ReadModel.Lag
	for _, e := range slices.Backward(entries) {
		was := lag - lagOf(e)
		if was == lag {
			continue
		}
		// Of several changes at one moment the last one is what was to be seen.
		if n := len(s.Points); n == 0 || s.Points[n-1].At != e.At {
			s.Points = append(s.Points, Stale{e.At, lag})
		}
		s.Most = max(s.Most, lag)
		lag = max(0, was)
	}
	s.Most = max(s.Most, lag)
	s.Points = append(s.Points, Stale{s.From, lag})
	slices.Reverse(s.Points)
	s.Points = slices.CompactFunc(s.Points, func(a, b Stale) bool { return a.Lag == b.Lag })
	return s, nil
}

// lagOf is by how many events the read model is further behind with an entry.
func lagOf(e Entry) int64 {
	switch {
	case e.Kind == KindProduced && slices.Contains(subscriptions["projector"], e.Topic):
		return 1
	case e.Kind == KindCommitted && e.Data != nil && e.Data.Group != nil && e.Data.Group.ID == GroupID("projector") && e.Data.Group.Committed != nil:
		var was int64
		if e.Data.Group.Was != nil {
			was = *e.Data.Group.Was
		}
		return was - *e.Data.Group.Committed
	}
	return 0
}
