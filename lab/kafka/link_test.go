package kafka_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"eddy/lab/kafka"
)

// until waits for a condition and returns how long that took.
func until(t testing.TB, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		require.Less(t, time.Since(began), time.Minute)
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

// This is the difference between a crash and a stop.
func TestCutMemberStaysUntilItsSessionEndsAndClosedMemberLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		p := probe(t, c)
		members := func(n int) func() bool {
			return func() bool { return len(lookGroup(t, p, "payment-service").Members) == n }
		}
		cable := c.Link("payment-1")
		crashing := member(t, c, cable, "eddy-payment-1", "payment-service")
		stopping := member(t, c, nil, "eddy-payment-2", "payment-service")
		for _, m := range []*kgo.Client{crashing, stopping} {
			go func() { m.PollFetches(t.Context()) }()
		}
		until(t, members(2))
		time.Sleep(5 * time.Second) // the partitions are handed over

		cable.Cut()
		assert.True(t, cable.Down())
		crashing.Close() // cannot say goodbye
		took := until(t, members(1))
		assert.Greater(t, took, 2*time.Second)
		assert.Less(t, took, 4*time.Second)

		stopping.Close()
		assert.Less(t, until(t, members(0)), 100*time.Millisecond)
	})
}

// A rebalance is the moment in which joins and syncs wait for an answer.
func TestMemberCutDuringARebalanceIsThrownOutToo(t *testing.T) {
	for delay := time.Duration(0); delay < 1200*time.Millisecond; delay += 25 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			c := start(t)
			p := probe(t, c)
			staying := member(t, c, nil, "eddy-payment-1", "payment-service")
			go func() { staying.PollFetches(t.Context()) }()
			until(t, func() bool { return lookGroup(t, p, "payment-service").State == "Stable" })

			cable := c.Link("payment-2")
			crashing := member(t, c, cable, "eddy-payment-2", "payment-service")
			go func() { crashing.PollFetches(t.Context()) }()
			time.Sleep(delay)
			synctest.Wait()
			cable.Cut()
			crashing.Close()
			took := until(t, func() bool {
				return !slices.ContainsFunc(lookGroup(t, p, "payment-service").Members, func(m kafka.Member) bool {
					return m.ClientID == "eddy-payment-2"
				})
			})
			assert.Less(t, took, 6*time.Second, "cut %s after it started", delay)
		})
	}
}

func TestClosingAClientBehindACutLinkDoesNotHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		cable := c.Link("payment-1")
		m := member(t, c, cable, "eddy-payment-1", "payment-service")
		produce(t, m, "a")
		consume(t, m, 1)
		cable.Cut()
		began := time.Now()
		m.Close()
		assert.Less(t, time.Since(began), time.Second)
	})
}

func TestMendedLinkCarriesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t)
		cable := c.Link("order-1")
		cl := client(t, c, cable, "eddy-order-1")
		produce(t, cl, "a")
		cable.Cut()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.Error(t, cl.Ping(ctx))
		cable.Mend()
		produce(t, cl, "b")
		assert.Same(t, cable, c.Link("order-1"))
	})
}

func TestLinkDialsOnlyBrokersOfItsCluster(t *testing.T) {
	c := start(t)
	link := c.Link("order-1")
	for _, foreign := range []string{"localhost:9095", "127.0.0.1:9092", "example.com:80"} {
		_, err := link.DialContext(t.Context(), "tcp", foreign)
		var refused *net.OpError
		require.ErrorAs(t, err, &refused)
		assert.ErrorContains(t, err, foreign+" is not a broker of this lab")
	}
	link.Cut()
	_, err := link.DialContext(t.Context(), "tcp", c.Seeds()[0])
	var refused *net.OpError
	require.ErrorAs(t, err, &refused)

	link.Mend()
	conn, err := link.DialContext(t.Context(), "tcp", c.Seeds()[0])
	require.NoError(t, err)
	conn.Close()
}

// A dead broker must look dead: a client that takes the error for a passing
// one never looks for another coordinator.
func TestDialOfAClosedClusterIsRefused(t *testing.T) {
	c, err := kafka.Start(kafka.Config{})
	require.NoError(t, err)
	link := c.Link("x")
	c.Close()
	_, err = link.DialContext(t.Context(), "tcp", c.Seeds()[0])
	var refused *net.OpError
	require.ErrorAs(t, err, &refused)
}
