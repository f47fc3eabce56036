package lab

import (
	"slices"

	"eddy/lab/shop"
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
	b.unread[at] = slices.Concat(again, b.unread[at])
}

// applyRebuild empties what the read model shows.
func (b *Board) applyRebuild(f RebuildFact) {
	for id := range b.ReadModel.Orders {
		b.touch("read_model", "orders", id)
	}
	b.ReadModel.Orders = map[string]*shop.ReadRow{}
	for id := range b.Orders {
		b.judgeRead(id)
	}
	b.rebuild = map[tp]int64{}
	for topic, ends := range f.Targets {
		for p, end := range ends {
			b.rebuild[tp{topic, p}] = end
		}
	}
	b.ReadModel.Rebuild = Rebuild{Total: f.Total, Left: f.Total}
	b.touch("read_model", "rebuild")
	b.rebuildLeft()
}

// rebuildLeft counts what a rebuild has still to read.
func (b *Board) rebuildLeft() {
	if b.ReadModel.Rebuild.Left == 0 {
		return
	}
	var left int64
	g := b.Groups[GroupID("projector")]
	for at, end := range b.rebuild {
		var done int64
		if t := b.Topics[at.topic]; t != nil && int(at.partition) < len(t.Partitions) {
			done = t.Partitions[at.partition].Start
		}
		if g != nil && g.Offsets[at.topic][at.partition] != nil {
			done = max(done, g.Offsets[at.topic][at.partition].Committed)
		}
		left += max(0, end-done)
	}
	b.ReadModel.Rebuild.Left = left
	b.touch("read_model", "rebuild")
}

// showsRow bounds the read model: a rebuild reads of orders that have left the
// board long ago.
func (b *Board) showsRow(order string) bool {
	return b.Orders[order] != nil || b.ReadModel.Orders[order] != nil || len(b.ReadModel.Orders) < ordersMax
}
