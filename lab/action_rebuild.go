package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"eddy/lab/shop"
)

type rebuild struct {
	Projection string `json:"projection" is:"projection"`
}

// do has a second read model built from the log while the first one answers
// queries, and waits until the second one has taken its place.
func (a *rebuild) do(ctx context.Context, l *Lab, c call) (Result, error) {
	if err := oneOf(a, "projection", a.Projection); err != nil {
		return Result{}, err
	}
	seq, err := l.beginRebuild(ctx, c)
	if err != nil {
		return Result{}, err
	}
	for {
		l.mu.Lock()
		now, head := l.board.ReadModel.Rebuild, l.journal.head()
		stands := l.board.State == "frozen" || l.board.Services["projector"].stuck() != "" || l.board.noBroker() != "" || now.State == "waiting"
		l.mu.Unlock()
		switch {
		case now.Seq != seq || now.State == "done":
			return Result{Seq: seq, Text: rebuiltText(now)}, nil
		case stands:
			return Result{Seq: seq, Text: fmt.Sprintf("%d of %d records are still to be read, and the projector stands still: the old read model answers, and the new one is built on when the projector runs again", now.Left, now.Total)}, nil
		}
		if err := l.Wait(ctx, head); err != nil {
			return Result{}, err
		}
	}
}

func rebuiltText(r Rebuild) string {
	text := fmt.Sprintf("the read model is built anew from %s and answers queries now", counted(int(r.Total), "record"))
	if r.LeftOut > 0 {
		text += fmt.Sprintf("; %d of them could not be understood and are left out", r.LeftOut)
	}
	return text
}

func (l *Lab) beginRebuild(ctx context.Context, c call) (seq int64, err error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	if l.ctx.Err() != nil {
		return 0, errClosed
	}
	if l.clock.State().Frozen {
		return 0, Errorf(Conflict, "the lab is frozen, so nothing could be read: let it go on first")
	}
	if len(l.instances("projector", "running", "starting", "blocked")) == 0 {
		return 0, Errorf(Conflict, "the projector does not run, so nobody would read: restart it first")
	}
	l.mu.Lock()
	now := l.board.ReadModel.Rebuild
	l.mu.Unlock()
	if now.State == "running" || now.State == "waiting" {
		return 0, Errorf(Conflict, "the read model is being built anew already: %d of %d records are read", now.Total-now.Left, now.Total)
	}
	if err := l.needsBroker(); err != nil {
		return 0, err
	}
	log, total, err := l.projected(ctx)
	if err != nil {
		return 0, err
	}
	seq = c.accept(l, "", "you had the read model built anew from the log")
	l.tellRebuild(Rebuild{State: "running", Seq: seq, Total: total, Left: total}, seat{service: "projector"},
		"a second read model is begun beside the first one, which goes on answering")
	l.work.Go(func() { l.buildAnew(seq, log) })
	return seq, nil
}

// projected is the part of the log that the projector's group has done with.
func (l *Lab) projected(ctx context.Context) (log []shop.Extent, total int64, err error) {
	group := GroupID("projector")
	parts, err := l.partsOf(group, "projector", "", nil)
	if err != nil {
		return nil, 0, err
	}
	from, err := l.offsetsAt(ctx, parts, "earliest", false)
	if err != nil {
		return nil, 0, err
	}
	g, err := l.lookAtGroup(ctx, group)
	if err != nil {
		return nil, 0, err
	}
	for _, at := range parts {
		start := from[at]
		end := max(start, g.Committed[at.topic][at.partition])
		log = append(log, shop.Extent{Topic: at.topic, Partition: at.partition, Start: start, End: end})
		total += end - start
	}
	return log, total, nil
}

// buildAnew goes on, from instance to instance, until the new read model is
// there or the lab is closed.
func (l *Lab) buildAnew(seq int64, log []shop.Extent) {
	for {
		err := l.projector.Rebuild(l.ctx, log, func(n int) bool { return l.gate.pausedSeat(seat{"projector", n}) })
		if err == nil || l.ctx.Err() != nil {
			return
		}
		if errors.Is(err, shop.ErrElsewhere) {
			continue
		}
		l.mu.Lock()
		now := l.board.ReadModel.Rebuild
		if now.State == "running" {
			now.State, now.Because = "waiting", fmt.Sprintf("the rebuild stands still at %d of %d records because %v", now.Total-now.Left, now.Total, err)
			l.recordLocked(Entry{Kind: KindNote, Service: "projector", Cause: max(seq, l.board.Services["projector"].BecauseSeq),
				Text: now.Because + "; the old read model goes on answering", Data: &Data{Rebuild: &RebuildFact{Rebuild: now}}})
		}
		l.mu.Unlock()
		for head := l.Head(); len(l.projector.Running()) == 0; head = l.Head() {
			select {
			case <-l.grown(head):
			case <-l.ctx.Done():
				return
			}
		}
	}
}

func (l *Lab) tellRebuild(r Rebuild, at seat, text string) {
	l.record(Entry{Kind: KindProjected, Service: at.service, Instance: at.instance, Cause: r.Seq, Text: text, Data: &Data{Rebuild: &RebuildFact{Rebuild: r}}})
}

// progressEvery is how often the journal says how far a rebuild is, in lab time.
const progressEvery = 100 * time.Millisecond

// rebuilding holds the next batch of a rebuild as a message would be held, and
// says how far it is.
func (l *Lab) rebuilding(ctx context.Context, at seat, m shop.Moment) error {
	if err := l.mayBuild(ctx, at); err != nil {
		return err
	}
	if f := l.fire("slow", at, shop.Handling, ""); f != nil {
		if err := l.clock.Sleep(ctx, f.by); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	was, now := l.board.ReadModel.Rebuild, l.clock.Elapsed()
	is := Rebuild{State: "running", Seq: was.Seq, Total: m.Rebuild.Total, Left: m.Rebuild.Left, LeftOut: m.Rebuild.LeftOut}
	text := fmt.Sprintf("%d of %d records are in the read model that is built anew", is.Total-is.Left, is.Total)
	if m.Err != nil {
		is.Because = fmt.Sprintf("the rebuild does not get on because %v", m.Err)
		text = is.Because + "; it tries again"
	}
	if is.Because == was.Because && was.State == "running" && now < l.progressed+progressEvery {
		return nil
	}
	l.progressed = now
	l.recordLocked(Entry{Kind: KindProjected, Service: at.service, Instance: at.instance, Cause: was.Seq, Text: text, Data: &Data{Rebuild: &RebuildFact{Rebuild: is}}})
	return nil
}

// mayBuild waits until the instance may go on with a rebuild. Where it is
// paused and another one is not, the rebuild is to go on there.
func (l *Lab) mayBuild(ctx context.Context, at seat) error {
	for {
		grown := l.grown(l.Head())
		moved, open := l.gate.look(at)
		switch {
		case open:
			return nil
		case slices.ContainsFunc(l.projector.Running(), func(n int) bool { return l.gate.open(seat{at.service, n}) }):
			return shop.ErrElsewhere
		}
		select {
		case <-moved:
		case <-grown: // somebody may have been started
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// rebuilt says what the new read model shows that the old one did not. Nothing
// is projected meanwhile.
func (l *Lab) rebuilt(at seat, m shop.Moment) {
	l.mu.Lock()
	shown := maps.Clone(l.board.ReadModel.Orders)
	orders := map[string]bool{}
	for id := range l.board.Orders {
		orders[id] = true
	}
	l.mu.Unlock()
	for id := range shown {
		orders[id] = true
	}
	rows := map[string]*shop.ReadRow{}
	for id := range orders {
		view, found, err := shop.Queries{Read: l.read}.Order(l.ctx, id)
		switch row := l.inLabTime(shop.Row(view)); {
		case err != nil: // the lab is being closed
			return
		case found && !reflect.DeepEqual(row, shown[id]):
			rows[id] = row
		case !found && shown[id] != nil:
			rows[id] = nil // the log does not reach back so far
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	done := Rebuild{State: "done", Seq: l.board.ReadModel.Rebuild.Seq, Total: m.Rebuild.Total, LeftOut: m.Rebuild.LeftOut}
	l.recordLocked(Entry{Kind: KindProjected, Service: at.service, Instance: at.instance, Cause: done.Seq, Text: rebuiltText(done),
		Data: &Data{Rebuild: &RebuildFact{Rebuild: done, Rows: rows}}})
}

// inLabTime is a row whose times are lab time.
func (l *Lab) inLabTime(r *shop.ReadRow) *shop.ReadRow {
	row := *r
	row.AsOf = l.labTime(r.AsOf)
	return &row
}

// labTime turns ms since 1970 into ms of lab time; what was before the lab
// began is 0.
func (l *Lab) labTime(ms int64) int64 { return max(0, ms-l.clock.start.UnixMilli()) }
