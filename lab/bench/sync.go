package bench

import (
	"context"
	"time"

	"eddy/lab"
)

func runSync(ctx context.Context, o Options, r *Report) error {
	times, err := ask[[]float64](ctx, o, "sync")
	r.SagaMS.Sync = spread(times)
	return err
}

// measureSync places orders one after the other in the sync style: the answer
// comes when the order is COMPLETED and its customer told.
func measureSync(ctx context.Context, quick bool, _ time.Time) (any, error) {
	l, err := openStyle(ctx, "sync", lab.Options{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	rounds, warm := 1000, 200
	if quick {
		rounds, warm = 20, 5
	}
	var times []float64
	for i := range warm + rounds {
		time.Sleep(pace)
		began := time.Now()
		if _, err := place(ctx, l, i); err != nil {
			return nil, err
		}
		if i >= warm {
			times = append(times, ms(time.Since(began)))
		}
	}
	return times, nil
}
