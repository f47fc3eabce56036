package lab

import (
	"fmt"
	"strings"
)

// unreadMax bounds what is counted one by one of what is read again.
const unreadMax = 200_000

// readAgain notes that the projector was sent back: what it had read is to be
// read once more.
func (b *Board) readAgain(at tp, from, was int64) {
	if from >= was {
		return
	}
	from = max(from, was-unreadMax, b.Topics[at.topic].Partitions[at.partition].Start)
	again := make([]unreadRecord, 0, max(was-from, 0)+int64(len(b.unread[at])))
	for offset := from; offset < was; offset++ {
		record := unreadRecord{offset: offset, at: b.LabTime}
		if tape := b.Tapes[at.topic][at.partition]; tape != nil && tape.Records[offset] != nil {
			record.at = tape.Records[offset].At
		}
		again = append(again, record)
	}
	b.unread[at] = append(again, b.unread[at]...)
}

// late notes by how many versions the read model is behind with an order, and
// since when.
func (b *Board) late(e Entry, o *Order, behind int) {
	was, row := b.ReadModel.Late[o.ID], b.ReadModel.Orders[o.ID]
	switch {
	case behind <= 0 || row != nil && row.Status == o.Status:
		if was == nil {
			return
		}
		delete(b.ReadModel.Late, o.ID)
	case was == nil:
		b.ReadModel.Late[o.ID] = &Late{Behind: behind, Since: e.At, Seq: e.Seq}
	case was.Behind == behind:
		return
	default:
		was.Behind = behind
	}
	b.touch("read_model", "late", o.ID)
}

// whyRead says why the read model does not show all that is true yet.
func (b *Board) whyRead() {
	why, seq := b.behind()
	r := &b.ReadModel
	if r.Because == why && r.BecauseSeq == seq {
		return
	}
	r.Because, r.BecauseSeq = why, seq
	b.touch("read_model", "because")
	b.touch("read_model", "because_seq")
}

func (b *Board) behind() (why string, seq int64) {
	svc := b.Services["projector"]
	switch {
	case svc == nil || b.ReadModel.Lag == 0 && len(b.ReadModel.Late) == 0:
		return "", 0
	case b.ReadModel.Lag == 0:
		for _, l := range b.DeadLetters {
			if l.Group == svc.Group && l.State == "waiting" && b.ReadModel.Late[l.Order] != nil {
				return fmt.Sprintf("the projector gave up %s of %s: %s", l.EventType, l.Order, l.Error), l.Seq
			}
		}
		return "no event about it waits: it is not published yet, or was passed over", 0
	case b.noBroker() != "":
		return b.noBroker(), 0
	case len(svc.Cut) > 0:
		for _, f := range b.Faults {
			if f.Kind == "cut" && f.Service == "projector" {
				return "you cut the projector off from its " + strings.Join(svc.Cut, " and "), f.ID
			}
		}
	case svc.State == "paused" && svc.stuck() != "":
		return "you paused the projector", svc.BecauseSeq
	case svc.stuck() != "":
		return strings.Replace(svc.Because, " because ", ": ", 1), svc.BecauseSeq
	case svc.State == "stopped":
		return "no instance of the projector runs", 0
	case b.State == "frozen":
		return "the lab is frozen", 0
	case svc.State == "starting":
		return "the projector is joining its group", 0
	}
	for _, f := range b.Faults {
		if f.Kind == "slow" && f.Service == "projector" {
			return fmt.Sprintf("you slowed the projector down, by %s an event", f.By), f.ID
		}
	}
	return "the projector takes one event after the other, and has not come to it yet", 0
}

// rebuilds tells whether a new read model is being built.
func (b *Board) rebuilds() bool {
	return b.ReadModel.Rebuild.State == "running" || b.ReadModel.Rebuild.State == "waiting"
}

// applyRebuild follows a rebuild. While it goes on, what the read model shows
// is what the old one shows; when it is done, the rows that differ change.
func (b *Board) applyRebuild(e Entry, f RebuildFact) {
	b.ReadModel.Rebuild = f.Rebuild
	b.touch("read_model", "rebuild")
	for id, row := range f.Rows {
		switch {
		case row == nil:
			delete(b.ReadModel.Orders, id)
		case b.showsRow(id):
			copied := *row
			b.ReadModel.Orders[id] = &copied
		}
		b.touch("read_model", "orders", id)
		about := e
		about.Order = id
		b.judgeRead(about)
	}
}

// showsRow bounds the read model: a projector that was sent back reads of
// orders that have left the board long ago.
func (b *Board) showsRow(order string) bool {
	return b.Orders[order] != nil || b.ReadModel.Orders[order] != nil || len(b.ReadModel.Orders) < ordersMax
}
