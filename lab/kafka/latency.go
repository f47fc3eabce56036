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
