package lab

// A lab is frozen by somebody, or by a breakpoint. Both, and what ends it, are
// one step under Lab.mu: the gate, the clock and the journal never disagree.

const frozenText = "the lab is frozen: no handler starts, lab time stands, heartbeats go on"

// holdStill freezes a lab that runs, and reports whether it did. Where a
// breakpoint has done so, it goes on standing when the held message goes on.
func (l *Lab) holdStill(cause int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hold != nil {
		l.hold.stay = true
	}
	return l.freezeWith(Entry{Kind: KindFrozen, Cause: cause, Text: frozenText, Data: &Data{}})
}

// freezeWith freezes a lab that runs and writes the entry that says so. False:
// it was frozen. The caller holds Lab.mu.
func (l *Lab) freezeWith(e Entry) bool {
	state := l.clock.State()
	if state.Frozen {
		return false
	}
	l.gate.freeze(true)
	l.clock.set(true, state.Speed)
	e.Data.Clock = &ClockState{Frozen: true, Speed: state.Speed}
	l.recordLocked(e)
	return true
}

// letGo lets a frozen lab go on. False: it was not frozen. The caller holds
// Lab.mu.
func (l *Lab) letGo(cause int64) bool {
	state := l.clock.State()
	if !state.Frozen {
		return false
	}
	l.recordLocked(Entry{Kind: KindThawed, Cause: cause, Text: "the lab goes on", Data: &Data{Clock: &ClockState{Speed: state.Speed}}})
	l.clock.set(false, state.Speed)
	l.gate.freeze(false)
	return true
}
