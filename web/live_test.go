package web

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

// Every test here runs in a bubble: minutes pass in no time, and a goroutine
// that outlives the server fails the test.
func live(t *testing.T, test func(t *testing.T, st *site, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		p, _ := st.serve()
		test(t, st, p)
	})
}

func TestSocketBeginsWithASnapshotAndGoesOnWithPatches(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		fake.add(3)
		c := st.connect(p, id, "")
		m := c.next()
		assert.EqualValues(t, 3, m.Seq)
		assert.EqualValues(t, 3, m.Snapshot["seq"])
		assert.Nil(t, m.Happened)

		fake.add(2)
		m = c.next()
		assert.EqualValues(t, 5, m.Seq)
		assert.EqualValues(t, 5, m.Patch["seq"])
		assert.Equal(t, []int64{4, 5}, m.list())
	})
}

func TestReconnectingReaderMissesNothingAndSeesNothingTwice(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		var stop atomic.Bool
		go func() {
			for !stop.Load() {
				fake.add(1)
				time.Sleep(7 * time.Millisecond)
			}
		}()
		time.Sleep(time.Second)
		var seen []int64
		var last int64 = 1
		for round := range 20 {
			c := st.connect(p, id, fmt.Sprint("?from=", last))
			for range round%5 + 1 {
				m := c.next()
				require.Nil(t, m.Snapshot)
				seen = append(seen, m.list()...)
				require.Equal(t, m.Seq, seen[len(seen)-1])
				last = m.Seq
			}
			c.Close() // without a goodbye
			time.Sleep(time.Duration(round) * 37 * time.Millisecond)
		}
		stop.Store(true)
		time.Sleep(time.Second)
		for i, seq := range seen {
			require.EqualValues(t, i+2, seq)
		}
		assert.Greater(t, len(seen), 1000)
	})
}

func TestReaderWhoseOffsetIsGoneGetsASnapshot(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		fake.add(100)
		fake.forget(50)
		for _, from := range []int{20, 5000} { // evicted, and never reached
			m := st.connect(p, id, fmt.Sprint("?from=", from)).next()
			assert.EqualValues(t, 100, m.Seq)
			assert.NotNil(t, m.Snapshot)
		}
		m := st.connect(p, id, "?from=49").next()
		assert.Nil(t, m.Snapshot)
		assert.Len(t, m.list(), 51)
	})
}

func TestReaderThatMissedNothingHearsNothingUntilItMoves(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		fake.add(5)
		c := st.connect(p, id, "?from=5")
		start := time.Now()
		go func() { time.Sleep(3 * time.Second); fake.add(1) }()
		m := c.next()
		assert.Equal(t, []int64{6}, m.list())
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestAtMostTwentyFramesASecond(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		c := st.connect(p, id, "")
		go func() {
			for range 1000 {
				fake.add(1)
				time.Sleep(10 * time.Millisecond)
			}
		}()
		start, frames := time.Now(), 0
		for m := c.next(); m.Seq < 1000; m = c.next() {
			frames++
		}
		perSecond := float64(frames) / time.Since(start).Seconds()
		assert.InDelta(t, 19, perSecond, 1.5, "about 50 ms apart, never closer")
	})
}

func TestFastJournalIsCountedInsteadOfListed(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		c := st.connect(p, id, "")
		c.next()
		go func() {
			for range 400 { // two seconds at 1,000 a second
				fake.add(5)
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(2 * time.Second)
			fake.add(3) // and a quiet end
		}()
		var last int64
		counted := 0
		for last < 2003 {
			m := c.next()
			require.Equal(t, m.Seq-last, m.count(), "a frame covers all since the one before")
			if m.list() == nil {
				counted++
			}
			last = m.Seq
			if last == 2003 {
				assert.Equal(t, []int64{2001, 2002, 2003}, m.list())
			}
		}
		assert.Greater(t, counted, 30)
	})
}

func TestSlowReaderFallsBehindAndHoldsUpNobody(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		slow, quick := st.connect(p, id, ""), st.connect(p, id, "")
		slow.next()
		quick.next()
		go func() {
			for range 500 {
				fake.add(1)
				time.Sleep(10 * time.Millisecond)
			}
		}()
		for m := quick.next(); m.Seq < 500; m = quick.next() {
		}
		// Five seconds later one old frame is half written for the slow one and one
		// waits for that; the third has all the rest.
		var last int64
		frames := 0
		for last < 500 {
			m := slow.next()
			require.Equal(t, m.Seq-last, m.count())
			last = m.Seq
			frames++
		}
		assert.Equal(t, 3, frames)
	})
}

func TestReaderThatNeverReadsIsDroppedAfterTheWriteTimeout(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		st.connect(p, id, "")
		time.Sleep(time.Second)
		require.Equal(t, 1, st.openSockets())
		fake.add(1)
		time.Sleep(writeWait + closeWait + time.Second)
		assert.Zero(t, st.openSockets())
	})
}

func TestQuietSocketIsKeptByPingsAndASilentOneIsDropped(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, _ := st.newLab()
		c := st.connect(p, id, "")
		silent := st.connect(p, id, "")
		silent.SetPingHandler(func(string) error { return nil }) // reads, but never answers
		for _, x := range []*client{c, silent} {
			go func() {
				for {
					if _, _, err := x.ReadMessage(); err != nil {
						return
					}
				}
			}()
		}
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 1, st.openSockets())
	})
}

func TestActionsOfASocketAreAnsweredInOrder(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		fake.add(1)
		c := st.connect(p, id, "?from=1")
		answers := map[string]message{}
		go func() {
			for i, action := range []string{`"order"`, `"conflict"`, `"unknown"`, `["order","order"]`, `"break"`, `"order"`} {
				c.say(fmt.Sprintf(`{"id":%d,"action":%s}`, i, action))
			}
			c.say(`nonsense`)
		}()
		var order []string
		for len(answers) < 7 {
			m := c.next()
			if m.Seq > 0 && m.ID == nil {
				continue // a frame
			}
			answers[string(m.ID)] = m
			if string(m.ID) != "null" {
				order = append(order, string(m.ID))
			}
		}
		assert.Equal(t, []string{"0", "1", "2", "3", "4", "5"}, order)
		assert.True(t, answers["0"].OK)
		assert.EqualValues(t, 2, answers["0"].Seq)
		assert.Equal(t, "A", answers["0"].Order)
		assert.Equal(t, lab.Conflict, answers["1"].Error.Code)
		assert.Equal(t, lab.Invalid, answers["2"].Error.Code)
		assert.Equal(t, lab.Invalid, answers["3"].Error.Code)
		assert.Equal(t, lab.Internal, answers["4"].Error.Code)
		assert.NotContains(t, answers["4"].Error.Message, "secret")
		assert.True(t, answers["5"].OK)
		assert.Equal(t, lab.Invalid, answers["null"].Error.Code)
	})
}

// A long action must not stop the picture: that is how one watches it.
func TestFramesGoOnWhileAnActionWaits(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		c := st.connect(p, id, "")
		c.next()
		c.say(`{"id":"w","action":"wait"}`)
		start := time.Now()
		fake.add(1)
		assert.EqualValues(t, 1, c.next().Seq)
		m := c.next()
		assert.Equal(t, `"w"`, string(m.ID))
		assert.Equal(t, lab.Unavailable, m.Error.Code)
		assert.Equal(t, waitTimeout, time.Since(start).Truncate(time.Second))
	})
}

func TestQueueOfASocketIsBounded(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, _ := st.newLab()
		c := st.connect(p, id, "")
		c.next()
		go func() {
			for i := range queueMax + 10 {
				// The test may be over, and the socket closed, before the last.
				_ = c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,"action":"sleep"}`, i))
			}
		}()
		refused := 0
		for range 9 {
			m := c.next()
			require.NotNil(t, m.Error)
			assert.Equal(t, lab.TooMany, m.Error.Code)
			refused++
		}
		assert.Equal(t, 9, refused, "one runs, a queue waits, the rest hears no")
	})
}

func TestMessageThatIsTooLargeEndsTheSocketWithItsReason(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, _ := st.newLab()
		c := st.connect(p, id, "")
		c.next()
		go c.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", messageMax+1)))
		_, _, err := c.ReadMessage()
		assert.True(t, websocket.IsCloseError(err, websocket.CloseMessageTooBig), "%v", err)
	})
}

func TestClosedLabSaysGoodbye(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, _ := st.newLab()
		c := st.connect(p, id, "")
		c.next()
		go st.cfg.Labs.Delete(id)
		_, _, err := c.ReadMessage()
		var goodbye *websocket.CloseError
		require.ErrorAs(t, err, &goodbye)
		assert.Equal(t, websocket.CloseGoingAway, goodbye.Code)
		assert.Equal(t, "The lab is closed.", goodbye.Text)
	})
}

func TestShutdownClosesEverySocketAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t)
		p, stop := st.serve()
		id, fake := st.newLab()
		polite := st.connect(p, id, "")
		polite.next()
		st.connect(p, id, "") // never reads
		fake.add(1)
		busy := st.connect(p, id, "?from=1")
		busy.say(`{"id":1,"action":"wait"}`)
		time.Sleep(time.Second)
		require.Equal(t, 3, st.openSockets())

		start := time.Now()
		go stop()
		polite.next()
		_, _, err := polite.ReadMessage()
		assert.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
		stop()
		assert.Zero(t, st.openSockets())
		assert.LessOrEqual(t, time.Since(start), 3*time.Second, "one that does not read cannot hold it up")
	})
}

func TestPanicInAnActionEndsOneSocketOnly(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, fake := st.newLab()
		c, other := st.connect(p, id, ""), st.connect(p, id, "")
		c.next()
		other.next()
		c.say(`{"id":1,"action":"panic"}`)
		_, _, err := c.ReadMessage()
		assert.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
		fake.add(1)
		assert.EqualValues(t, 1, other.next().Seq)
	})
}

func TestWatchedLabIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(_ *Config, f *fleet.Config) { f.Idle = time.Minute })
		p, _ := st.serve()
		id, _ := st.newLab()
		c := st.connect(p, id, "")
		go func() {
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		}()
		time.Sleep(time.Hour)
		assert.Equal(t, 1, st.cfg.Labs.Stats().Labs)
		c.Close()
		time.Sleep(5 * time.Minute)
		assert.Zero(t, st.cfg.Labs.Stats().Labs)
	})
}

func TestLabHasRoomForSixtyFourSockets(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, _ := st.newLab()
		for range labSockets {
			st.connect(p, id, "").next()
		}
		d := websocket.Dialer{NetDialContext: p.dial}
		_, resp, err := d.Dial("ws://localhost:8080/api/labs/"+id+"/live", nil)
		require.Error(t, err)
		assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
		other, _ := st.newLab()
		st.connect(p, other, "").next()
	})
}

func TestSocketIsRefusedBeforeItIsOne(t *testing.T) {
	live(t, func(t *testing.T, st *site, p *pipes) {
		id, _ := st.newLab()
		d := websocket.Dialer{NetDialContext: p.dial}
		for _, c := range []struct {
			why, url, origin string
			status           int
		}{
			{"a foreign page", "ws://localhost:8080/api/labs/" + id + "/live", "http://evil.test", http.StatusForbidden},
			{"a rebound name", "ws://evil.test/api/labs/" + id + "/live", "http://evil.test", http.StatusForbidden},
			{"no such lab", "ws://localhost:8080/api/labs/nope/live", "", http.StatusNotFound},
			{"no number", "ws://localhost:8080/api/labs/" + id + "/live?from=x", "", http.StatusBadRequest},
		} {
			h := http.Header{}
			if c.origin != "" {
				h.Set("Origin", c.origin)
			}
			_, resp, err := d.Dial(c.url, h)
			require.Error(t, err, c.why)
			assert.Equal(t, c.status, resp.StatusCode, c.why)
		}
		_, resp, err := d.Dial("ws://localhost:8080/api/labs/"+id+"/live", http.Header{"Origin": {"http://localhost:8080"}})
		require.NoError(t, err)
		assert.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)

		w := st.ask("GET", "/api/labs/"+id+"/live", "")
		assert.Equal(t, lab.Invalid, reasonOf(t, w).Code)
	})
}

func TestReasonIsCutBetweenLetters(t *testing.T) {
	assert.Equal(t, "abc", cut("abc", 3))
	assert.Equal(t, "ab", cut("abé", 3))
	assert.Equal(t, "abé", cut("abé!", 4))
}
