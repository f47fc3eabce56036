package soak

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab/virtual"
)

// overtime is how much longer than its plan, in virtual time, a child may take
// to settle and to close its labs. Then they hang.
const overtime = 24 * time.Hour

// Child plays a plan in virtual time and ends the process: with 0 where nothing
// was found, else with what was found on standard output.
func Child(p Plan) error { return child(p, Play) }

func child(p Plan, play func(context.Context, Plan) error) error {
	var at atomic.Int64
	go watch(&at, standstill, func(now time.Duration) {
		stuck := waiting(allStacks())
		fmt.Printf("virtual time stands still at %s, because these wait for what no time brings:\n\n%s\n", now, strings.Join(stuck, "\n\n"))
		if inClient(stuck) {
			os.Exit(unplayable)
		}
		os.Exit(1)
	})
	return virtual.Main(fmt.Sprintf("seed %d", p.Seed), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go tell(ctx, &at)
			// While tell ticks, the bubble finds no deadlock and watch sees time go on.
			limit := time.AfterFunc(p.Length+overtime, func() {
				fmt.Printf("it hangs: not through after %s of virtual time. These were there:\n\n%s\n", p.Length+overtime, strings.Join(inBubble(allStacks()), "\n\n"))
				os.Exit(1)
			})
			defer limit.Stop()
			if err := play(ctx, p); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// standstill is for how long, on the wall, virtual time may stay where it is. It
// stands still for good when a goroutine waits for what no time brings, such as
// a mutex whose owner waits for an answer.
const standstill = time.Minute

// tell keeps at the virtual time since it was called, until ctx ends.
func tell(ctx context.Context, at *atomic.Int64) {
	began, tick := time.Now(), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			at.Store(int64(time.Since(began)))
		case <-ctx.Done():
			return
		}
	}
}

// watch calls stuck when at has not moved for a limit.
func watch(at *atomic.Int64, limit time.Duration, stuck func(at time.Duration)) {
	for last := int64(-1); ; time.Sleep(limit) {
		now := at.Load()
		if now == last {
			stuck(time.Duration(now))
			return
		}
		last = now
	}
}

func allStacks() string {
	buf := make([]byte, 64<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// inBubble picks the goroutines of a bubble.
func inBubble(stacks string) []string {
	return slices.DeleteFunc(strings.Split(stacks, "\n\n"), func(g string) bool {
		return !strings.Contains(head(g), "synctest bubble")
	})
}

// waiting picks the goroutines of a bubble that keep its time from going on.
func waiting(stacks string) []string {
	return slices.DeleteFunc(inBubble(stacks), func(g string) bool { return strings.Contains(head(g), "(durable)") })
}

func head(goroutine string) string {
	line, _, _ := strings.Cut(goroutine, "\n")
	return line
}

// unplayable is how a child ends whose plan could not be played in a bubble.
const unplayable = 3

// inClient tells whether all of some goroutines wait for a mutex of the Kafka
// client. Its consumer holds one while it stops its session, which waits for
// the answers to requests that are under way (consumer.stopSession). Time brings
// those, but a bubble's time does not go on while somebody waits for a mutex. On
// the wall nothing stands still.
func inClient(stuck []string) bool {
	for _, g := range stuck {
		frames := strings.Split(g, "\n")[1:]
		frames = slices.DeleteFunc(frames, func(line string) bool {
			return strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "sync.") || strings.HasPrefix(line, "internal/sync.")
		})
		if len(frames) == 0 || !strings.HasPrefix(frames[0], "github.com/twmb/franz-go/pkg/kgo.") || !strings.Contains(g, "sync.(*Mutex).Lock") {
			return false
		}
	}
	return len(stuck) > 0
}
