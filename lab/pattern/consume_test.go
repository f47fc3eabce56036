package pattern

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var errCrash = errors.New("crash")

// crashAt breaks off at a stage of the record with this value.
func crashAt(stage Stage, value string) func(context.Context, Step) error {
	return func(_ context.Context, s Step) error {
		if s.Stage == stage && s.Record != nil && string(s.Record.Value) == value {
			return errCrash
		}
		return nil
	}
}

func TestEachRecordIsCommittedAfterItIsHandled(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b")
		m := b.join(&Consumer{})
		later(time.Second)
		assert.Equal(t, []string{
			"delivered a", "handling a", "handled a", "committed 1",
			"delivered b", "handling b", "handled b", "committed 2",
		}, m.told())
		assert.EqualValues(t, 2, b.committed(0))
		assert.NoError(t, m.leave())
	})
}

func TestCommitEveryCommitsInBatchesAndTheTail(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b", "c", "d", "e")
		m := b.join(&Consumer{CommitEvery: 2})
		later(time.Second)
		assert.Equal(t, []string{"committed 2", "committed 4", "committed 5"},
			slices.DeleteFunc(m.told(), func(s string) bool { return s[:4] != "comm" }))
		require.NoError(t, m.leave())
	})
}

// What comes one by one shares a commit, which does not wait for ever for more.
func TestCommitWithinCommitsWhatCameInAMoment(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		m := b.join(&Consumer{CommitEvery: 4, CommitWithin: 100 * time.Millisecond})
		later(5 * time.Second)
		commits := func() []string {
			return slices.DeleteFunc(m.told(), func(s string) bool { return s[:4] != "comm" })
		}
		for _, v := range []string{"a", "b", "c"} { // at 0, 40 and 80 ms
			b.produce(0, v)
			later(40 * time.Millisecond)
		}
		assert.Equal(t, []string{"committed 3"}, commits(), "within 100 ms of the first")
		b.produce(0, "d", "e", "f", "g")
		later(time.Millisecond)
		assert.Equal(t, []string{"committed 3", "committed 7"}, commits(), "as many as it may be")
		b.produce(0, "h")
		later(90 * time.Millisecond)
		assert.EqualValues(t, 7, b.committed(0))
		require.NoError(t, m.leave())
		assert.EqualValues(t, 8, b.committed(0), "a stop does not wait")
	})
}

func TestARecordComesAgainAfterACrashBeforeItsCommit(t *testing.T) {
	for _, stage := range []Stage{Delivered, Handling, Handled} {
		inBubble(t, 1, func(b *bench) {
			b.produce(0, "a", "b", "c")
			m := b.join(&Consumer{Trace: crashAt(stage, "b")})
			assert.ErrorIs(t, <-m.ended, errCrash)
			m.Client.Close()
			assert.EqualValues(t, 1, b.committed(0), "crash at %s", stage)

			m = b.join(&Consumer{})
			later(time.Second)
			assert.Equal(t, []string{"b", "c"}, m.seen(), "crash at %s", stage)
			require.NoError(t, m.leave())
		})
	}
}

func TestCommitBeforeLosesTheRecordInHand(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b", "c")
		m := b.join(&Consumer{Commit: CommitBefore, Trace: crashAt(Handling, "b")})
		require.ErrorIs(t, <-m.ended, errCrash)
		m.Client.Close()
		assert.Equal(t, []string{"a"}, m.seen())
		assert.EqualValues(t, 2, b.committed(0))

		m = b.join(&Consumer{Commit: CommitBefore})
		later(time.Second)
		assert.Equal(t, []string{"c"}, m.seen(), "b is lost")
		require.NoError(t, m.leave())
	})
}

func TestCommitAutoLosesWhatWasPolledAndNotHandled(t *testing.T) {
	slow := func(ctx context.Context, _ *kgo.Record) error {
		select {
		case <-time.After(4 * time.Second):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b", "c")
		m := b.join(&Consumer{Commit: CommitAuto, Handle: slow})
		later(6 * time.Second) // b is in hand
		assert.EqualValues(t, 3, b.committed(0))
		require.ErrorIs(t, m.crash(), context.Canceled)

		m = b.join(&Consumer{Commit: CommitAuto})
		later(10 * time.Second)
		assert.Empty(t, m.seen(), "b and c are lost")
		require.NoError(t, m.leave())
	})
}

func TestACleanStopLosesNothingEvenWithCommitAuto(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b", "c")
		m := b.join(&Consumer{Commit: CommitAuto, Handle: func(context.Context, *kgo.Record) error {
			time.Sleep(4 * time.Second)
			return nil
		}})
		later(6 * time.Second)
		require.NoError(t, m.leave())
		assert.Equal(t, []string{"a", "b"}, m.seen(), "the record in hand is finished")

		m = b.join(&Consumer{})
		later(time.Second)
		assert.Equal(t, []string{"c"}, m.seen())
		require.NoError(t, m.leave())
	})
}

func TestAFailingRecordHoldsUpItsOwnPartitionOnly(t *testing.T) {
	inBubble(t, 2, func(b *bench) {
		b.produce(0, "a0", "a1")
		b.produce(1, "b0", "b1")
		var healed atomic.Bool
		m := b.join(&Consumer{
			Retry: Backoff{Base: time.Minute},
			Handle: func(_ context.Context, rec *kgo.Record) error {
				if string(rec.Value) == "a0" && !healed.Load() {
					return errors.New("down")
				}
				return nil
			},
		})
		later(10 * time.Second)
		assert.ElementsMatch(t, []string{"a0", "b0", "b1"}, m.seen())
		assert.EqualValues(t, 2, b.committed(1))
		assert.EqualValues(t, -1, b.committed(0))

		healed.Store(true)
		later(time.Minute)
		assert.Equal(t, []string{"a0", "a1"}, m.seen()[3:], "in order, once it works")
		assert.EqualValues(t, 2, b.committed(0))
		require.NoError(t, m.leave())
	})
}

func TestAfterTheLastTryTheRecordBecomesALetter(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "poison", "b")
		var waits []time.Duration
		var c *Consumer
		c = &Consumer{
			Retry: Backoff{Base: time.Second}, Retries: 2,
			Handle: func(_ context.Context, rec *kgo.Record) error {
				if string(rec.Value) == "poison" {
					return errors.New("cannot digest")
				}
				return nil
			},
			Letter: func(ctx context.Context, rec *kgo.Record, attempts int, cause error) error {
				return c.Client.ProduceSync(ctx, Letter(rec, group, attempts, cause, time.Now())).FirstErr()
			},
			Trace: func(_ context.Context, s Step) error {
				if s.Stage == Retrying {
					waits = append(waits, s.Next)
					assert.Equal(t, 3, s.Of)
				}
				return nil
			},
		}
		m := b.join(c)
		later(10 * time.Second)
		assert.Equal(t, []string{"poison", "poison", "poison", "b"}, m.seen())
		assert.Equal(t, []time.Duration{time.Second, 2 * time.Second}, waits)
		assert.EqualValues(t, 2, b.committed(0))

		dead := b.client(kgo.ConsumeTopics("orders.dlq"))
		defer dead.Close()
		letter, ok := ReadLetter(dead.PollFetches(b.Context()).Records()[0])
		require.True(t, ok)
		assert.Equal(t, "cannot digest", letter.Error)
		assert.Equal(t, 3, letter.Attempts)
		require.NoError(t, m.leave())
	})
}

func TestAPermanentErrorIsNotTriedAgain(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "not JSON")
		letters := map[string]int{}
		m := b.join(&Consumer{
			Retry: Backoff{Base: time.Second}, Retries: 3,
			Handle: func(context.Context, *kgo.Record) error {
				return fmt.Errorf("read: %w", Permanent(errors.New("broken")))
			},
			Letter: func(_ context.Context, rec *kgo.Record, attempts int, _ error) error {
				letters[string(rec.Value)] = attempts
				return nil
			},
		})
		later(10 * time.Second)
		assert.Equal(t, map[string]int{"not JSON": 1}, letters)
		assert.Equal(t, []string{"delivered not JSON", "handling not JSON", "failed not JSON",
			"dead_lettered not JSON", "committed 1"}, m.told())
		require.NoError(t, m.leave())
	})
}

func TestARecordIsNotDoneBeforeItsLetterIsWritten(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "poison")
		var written atomic.Bool
		m := b.join(&Consumer{
			Retry:  Backoff{Base: time.Second, Max: time.Second},
			Handle: func(context.Context, *kgo.Record) error { return Permanent(errors.New("broken")) },
			Letter: func(context.Context, *kgo.Record, int, error) error {
				if !written.Load() {
					return errors.New("no leader")
				}
				return nil
			},
		})
		later(5 * time.Second)
		assert.EqualValues(t, -1, b.committed(0))
		written.Store(true)
		later(2 * time.Second)
		assert.EqualValues(t, 1, b.committed(0))
		assert.Len(t, m.seen(), 1, "only the letter is tried again")
		require.NoError(t, m.leave())
	})
}

func TestWithoutLettersAFailingRecordBlocksUntilItHeals(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b")
		var healed atomic.Bool
		m := b.join(&Consumer{
			Retry: Backoff{Base: time.Second, Max: time.Second}, Retries: 1,
			Handle: func(context.Context, *kgo.Record) error {
				if !healed.Load() {
					return Permanent(errors.New("down"))
				}
				return nil
			},
		})
		later(20*time.Second + 500*time.Millisecond)
		assert.NotContains(t, m.seen(), "b")
		assert.GreaterOrEqual(t, len(m.seen()), 20)
		healed.Store(true)
		later(2 * time.Second)
		assert.EqualValues(t, 2, b.committed(0))
		require.NoError(t, m.leave())
	})
}

// A member that is held keeps heartbeating, so a rebalance takes its partition
// away while the record is in hand.
func TestARevokedRecordIsDroppedAndHandledByTheNewOwner(t *testing.T) {
	inBubble(t, 2, func(b *bench) {
		frozen := make(chan struct{})
		first := b.join(&Consumer{Trace: func(ctx context.Context, s Step) error {
			if s.Stage != Delivered {
				return nil
			}
			select {
			case <-frozen:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}, kgo.Balancers(kgo.RoundRobinBalancer()))
		later(time.Second)
		b.produce(0, "a0", "a1")
		b.produce(1, "b0", "b1")
		later(time.Second)

		second := b.join(&Consumer{}, kgo.Balancers(kgo.RoundRobinBalancer()))
		later(10 * time.Second)
		taken := second.seen()
		require.Len(t, taken, 2, "one of two partitions")
		assert.Empty(t, first.seen())
		for _, v := range taken {
			assert.Contains(t, first.told(), "dropped "+v)
		}
		close(frozen)
		later(time.Second)
		assert.ElementsMatch(t, []string{"a0", "a1", "b0", "b1"}, append(first.seen(), taken...))
		assert.EqualValues(t, 2, b.committed(0))
		assert.EqualValues(t, 2, b.committed(1))
		require.NoError(t, first.leave())
		require.NoError(t, second.leave())
	})
}

// The handler does not stop for a rebalance, and what it finishes afterwards
// must not throw the new owner back.
func TestWhatIsFinishedAfterARevocationIsNotCommitted(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		first := b.join(&Consumer{Handle: func(context.Context, *kgo.Record) error {
			time.Sleep(20 * time.Second)
			return nil
		}})
		b.produce(0, "a")
		later(time.Second)
		b.produce(0, "b", "c")
		later(time.Second)
		first.revoked(b.Context(), first.Client, map[string][]int32{"orders": {0}}, false)
		later(30 * time.Second)
		assert.Contains(t, first.told(), "handled a")
		assert.EqualValues(t, -1, b.committed(0))
		first.crash()
	})
}

func TestARecordThatFailsAfterItsRevocationGetsNoLetter(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		m := b.join(&Consumer{
			Handle: func(context.Context, *kgo.Record) error {
				time.Sleep(20 * time.Second)
				return Permanent(errors.New("broken"))
			},
			Letter: func(context.Context, *kgo.Record, int, error) error {
				t.Error("the new owner writes its own letter")
				return nil
			},
		})
		b.produce(0, "a")
		later(2 * time.Second)
		m.revoked(b.Context(), m.Client, map[string][]int32{"orders": {0}}, false)
		later(30 * time.Second)
		assert.Equal(t, []string{"delivered a", "handling a", "failed a", "dropped a"}, m.told())
		m.crash()
	})
}

// At most once holds for a rebalance too: the offset of the record in hand must
// not be taken back.
func TestCommitBeforeStaysCommittedThroughARevocation(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		m := b.join(&Consumer{Commit: CommitBefore, Handle: func(context.Context, *kgo.Record) error {
			time.Sleep(20 * time.Second)
			return nil
		}})
		b.produce(0, "a")
		later(2 * time.Second)
		m.revoked(b.Context(), m.Client, map[string][]int32{"orders": {0}}, false)
		assert.EqualValues(t, 1, b.committed(0))
		later(30 * time.Second)
		assert.EqualValues(t, 1, b.committed(0))
		m.crash()
	})
}

func TestACrashedMemberCommitsNothingWhenItsClientIsClosed(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b", "c")
		m := b.join(&Consumer{CommitEvery: 10, Trace: crashAt(Handled, "b")})
		require.ErrorIs(t, <-m.ended, errCrash)
		m.Client.Close()
		assert.EqualValues(t, -1, b.committed(0))
	})
}

func TestPartitionsTakeTurnsByArrival(t *testing.T) {
	inBubble(t, 2, func(b *bench) {
		gate := make(chan struct{})
		m := b.join(&Consumer{Handle: func(context.Context, *kgo.Record) error {
			<-gate
			return nil
		}})
		for i := range 3 {
			b.produce(0, fmt.Sprint("a", i))
			later(time.Second)
			b.produce(1, fmt.Sprint("b", i))
			later(time.Second)
		}
		close(gate)
		later(time.Second)
		assert.Equal(t, []string{"a0", "b0", "a1", "b1", "a2", "b2"}, m.seen())
		require.NoError(t, m.leave())
	})
}

func TestARevocationCommitsWhatIsHandled(t *testing.T) {
	inBubble(t, 2, func(b *bench) {
		b.produce(0, "a0")
		b.produce(1, "b0")
		first := b.join(&Consumer{CommitEvery: 100, Commit: CommitAuto, AutoInterval: time.Hour})
		later(time.Second)
		assert.EqualValues(t, -1, b.committed(0))
		second := b.join(&Consumer{})
		later(10 * time.Second)
		assert.Empty(t, second.seen())
		require.NoError(t, second.leave())
		require.NoError(t, first.leave())
	})
}

func TestAHeldMemberStaysInItsGroupAndCommitsWhatItHandled(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a", "b")
		ready, hold := true, make(chan struct{})
		m := b.join(&Consumer{
			CommitEvery: 10,
			Ready:       func() bool { return ready },
			Handle: func(context.Context, *kgo.Record) error {
				ready = false
				return nil
			},
			Trace: func(ctx context.Context, s Step) error {
				if s.Stage == Delivered && !ready {
					select {
					case <-hold:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
				return nil
			},
		})
		later(10 * time.Minute)
		assert.EqualValues(t, 1, b.committed(0), "committed before the wait")
		assert.Len(t, b.kafka.GroupInfo(group).Members, 1)
		require.NoError(t, m.leave(), "a stop gives the held record back")
		assert.Equal(t, "dropped b", m.told()[len(m.told())-1])
	})
}

func TestACommitThatFailsIsMadeAgain(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		fault := b.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: group, Err: kerr.InvalidCommitOffsetSize, Count: 2})
		b.produce(0, "a")
		m := b.join(&Consumer{})
		later(5 * time.Second)
		assert.EqualValues(t, 2, fault.Hits())
		assert.EqualValues(t, 1, b.committed(0))
		assert.Equal(t, []string{"a"}, m.seen())
		require.NoError(t, m.leave())
	})
}

func TestAMemberThatWasThrownOutHandlesAgainWhatItCouldNotCommit(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		m := b.join(&Consumer{})
		later(time.Second)
		b.kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit, kmsg.Heartbeat}, Group: group, Err: kerr.UnknownMemberID, Count: 2})
		b.produce(0, "a")
		later(20 * time.Second)
		assert.EqualValues(t, 1, b.committed(0))
		assert.NotEmpty(t, m.seen())
		require.NoError(t, m.leave())
	})
}

// More records than a queue holds: the partition is paused and resumed, and
// nothing is skipped or reordered by that.
func TestAFullQueueKeepsEveryRecordInOrder(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		var want []string
		for i := range 3*queueMax + 7 {
			want = append(want, fmt.Sprint(i))
		}
		gate := make(chan struct{})
		m := b.join(&Consumer{CommitEvery: 100, Handle: func(context.Context, *kgo.Record) error {
			<-gate
			return nil
		}})
		b.produce(0, want...)
		later(5 * time.Second)
		m.Consumer.mu.Lock()
		held := len(m.queues[place{"orders", 0}].items)
		m.Consumer.mu.Unlock()
		assert.LessOrEqual(t, held, queueMax+pollMax)
		close(gate)
		later(30 * time.Second)
		assert.Equal(t, want, m.seen())
		assert.EqualValues(t, len(want), b.committed(0))
		require.NoError(t, m.leave())
	})
}

func TestAPassedRecordIsCommittedLikeAHandledOne(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		b.produce(0, "a")
		m := b.join(&Consumer{Handle: func(context.Context, *kgo.Record) error { return ErrPassed }})
		later(time.Second)
		assert.Equal(t, []string{"delivered a", "handling a", "passed a", "committed 1"}, m.told())
		require.NoError(t, m.leave())
	})
}

func TestRunEndsWhenItsClientIsClosed(t *testing.T) {
	inBubble(t, 1, func(b *bench) {
		m := b.join(&Consumer{})
		later(time.Second)
		m.Client.Close()
		assert.ErrorIs(t, <-m.ended, kgo.ErrClientClosed)
		m.cancel()
		synctest.Wait()
	})
}
