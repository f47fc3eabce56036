package virtual

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"
)

// Lines hands on what in says, line by line, and ends the process when in ends:
// so no child outlives whoever started it, even where that one was killed.
func Lines(in io.Reader) <-chan []byte {
	lines := make(chan []byte)
	go func() {
		from := bufio.NewReader(in)
		for {
			line, err := from.ReadBytes('\n')
			if err != nil {
				os.Exit(3)
			}
			lines <- line
		}
	}()
	return lines
}

// Bounds of a process's memory. Beyond heapMost it collects often, beyond
// memoryMost it gives up.
const (
	heapMost   = 512 << 20
	memoryMost = 1 << 30
)

// BoundMemory ends the process before it takes the machine's memory, and has say
// told why: a burst may be large, and virtual time lets hours of it pass in a
// minute.
func BoundMemory(say func(why string)) {
	debug.SetMemoryLimit(heapMost)
	go func() {
		taken := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for range time.Tick(100 * time.Millisecond) {
			metrics.Read(taken)
			if taken[0].Value.Uint64()-taken[1].Value.Uint64() > memoryMost {
				say(fmt.Sprintf("it takes more than %d MiB of memory: make its bursts smaller", memoryMost>>20))
				os.Exit(4)
			}
		}
	}()
}

// Head keeps the beginning of what is written to it: a process that panics says
// first what it is about.
type Head struct{ buf bytes.Buffer }

const headBytes = 2000

var _ io.Writer = (*Head)(nil)

// Write implements io.Writer.
func (h *Head) Write(b []byte) (int, error) {
	if room := headBytes - h.buf.Len(); room > 0 {
		h.buf.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (h *Head) String() string { return strings.TrimSpace(h.buf.String()) }
