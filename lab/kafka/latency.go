package kafka

import "time"

// What an answer takes on its way while leaders move or machines fail, and for
// how long after a move.
const (
	onTheWay = time.Millisecond
	unrest   = 2 * time.Second
)

// latency is what every answer takes on its way. In memory that is nothing: a
// client that is told to ask another broker asks at once, and where it must wait
// for a slow one to tell it of the new leader, it would ask a hundred thousand
// times until then. So answers take as long as on a network while that may be.
func (w *wire) latency() time.Duration {
	last := w.election.Load()
	if w.fragile.Load() > 0 || w.slow.Load() > 0 || last > 0 && time.Since(time.Unix(0, last)) < unrest {
		return onTheWay
	}
	return 0
}

// rush is how many answers a connection gives in one moment before the next one
// takes time. A client that is told what only fresh metadata helps against asks
// again at once until it may ask for metadata. On the wall that is a tenth of a
// second; the time of a bubble stands still meanwhile, so the moment never comes.
// It matters to a client that heard nothing while leaders moved, however long
// ago.
const rush = 200

// pace counts the answers of one moment. On the wall hardly two are of one.
type pace struct {
	at time.Time
	n  int
}

// answer is what the next answer takes, at least so long.
func (p *pace) answer(least time.Duration) time.Duration {
	if now := time.Now(); !now.Equal(p.at) {
		p.at, p.n = now, 0
	}
	if p.n++; p.n > rush {
		return max(least, onTheWay)
	}
	return least
}
