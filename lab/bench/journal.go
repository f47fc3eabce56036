package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"eddy/lab"
)

// journalFigures is what the child of the journal tells.
type journalFigures struct{ BoardAt, Frames []float64 }

func runJournal(ctx context.Context, o Options, r *Report) error {
	f, err := ask[journalFigures](ctx, o, "journal")
	if err != nil {
		return err
	}
	r.BoardAtMS, r.FrameBytes = spread(f.BoardAt), spread(f.Frames)
	return nil
}

// measureJournal takes frames as a browser gets them, and then fills a journal
// and looks at the board in its middle.
func measureJournal(ctx context.Context, quick bool, _ time.Time) (any, error) {
	entries, rounds, orders := int64(100_000), 20, 100
	if quick {
		entries, rounds, orders = 2000, 2, 5
	}
	l, err := open(ctx, lab.Options{Keep: int(entries)})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var f journalFigures
	if f.Frames, err = frames(ctx, l, orders); err != nil {
		return nil, err
	}
	for l.Head() < entries {
		if _, err := do(ctx, l, `{"burst": {"orders": 200, "rate": 2000}}`); err != nil {
			return nil, err
		}
		if err := settled(ctx, l); err != nil {
			return nil, err
		}
	}
	_, first := l.Entries(0, 0, 0)
	for range rounds {
		began := time.Now()
		if _, err := l.BoardAt((first + l.Head()) / 2); err != nil {
			return nil, err
		}
		f.BoardAt = append(f.BoardAt, ms(time.Since(began)))
	}
	return f, nil
}

// frames are the sizes of what a browser is sent every 50 ms while 20 orders a
// second come in.
func frames(ctx context.Context, l *lab.Lab, orders int) (sizes []float64, err error) {
	if _, err := do(ctx, l, fmt.Sprintf(`{"burst": {"orders": %d, "rate": 20}}`, orders)); err != nil {
		return nil, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range orders {
		seq := l.Head()
		<-tick.C
		patch, head, ok := l.Since(seq)
		if !ok {
			return nil, fmt.Errorf("a reader at %d is further behind than the journal goes", seq)
		}
		happened, _ := l.Entries(seq+1, head, 10_000)
		frame, err := json.Marshal(struct {
			Seq      int64           `json:"seq"`
			Patch    json.RawMessage `json:"patch"`
			Happened []lab.Entry     `json:"happened"`
		}{head, patch, happened})
		if err != nil {
			return nil, fmt.Errorf("write a frame: %w", err)
		}
		sizes = append(sizes, float64(len(frame)))
	}
	return sizes, nil
}
