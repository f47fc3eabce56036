package quiz_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"eddy/quiz"
)

// slow is a judge that takes a second, as a lab does, and counts.
type slow struct {
	quiz.Judge
	asked *atomic.Int32
}

func (j slow) Value(ctx context.Context, _ *quiz.Question, v quiz.Variant) (any, error) {
	j.asked.Add(1)
	select {
	case <-time.After(time.Second):
		return v["n"], nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A class that submits at once asks the lab once for each variant, and a
// learner who goes while the lab is asked leaves the question to the next one.
func TestTheLabIsAskedOnceForEachVariant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &atomic.Int32{}
		judge := quiz.Remembering(slow{asked: asked})
		q := inBank(t, "kafka/predict-paused")
		began := time.Now()

		leaving, leave := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer leave()
		var class sync.WaitGroup
		class.Go(func() {
			_, err := judge.Value(leaving, q, quiz.Variant{"n": "3"})
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		for i := range 100 {
			n := []string{"3", "4"}[i%2]
			class.Go(func() {
				value, err := judge.Value(t.Context(), q, quiz.Variant{"n": n})
				assert.NoError(t, err)
				assert.Equal(t, n, value)
			})
		}
		class.Wait()
		assert.EqualValues(t, 3, asked.Load(), "once for each of the two, and once in vain")
		assert.Equal(t, 1500*time.Millisecond, time.Since(began))
	})
}
