package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"time"
)

// What a process costs is read from /proc, as the machine accounts for it.
// Where there is no /proc, those figures are left out.

// tick is the unit of CPU time in /proc/self/stat. Linux shows every process
// the same 100 a second, whatever its own clock is.
const tick = 10 * time.Millisecond

var errNoProc = errors.New("this system has no /proc: memory and CPU of a process are not measured")

// cpuTime is the CPU time that this process used so far.
func cpuTime() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, errNoProc
	}
	// The name in brackets may hold anything; what follows it is numbers.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("read /proc/self/stat: it has %d fields after the name", len(fields))
	}
	var ticks int64
	for _, f := range fields[11:13] { // user and system
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read /proc/self/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// resident is the memory that this process holds, in MB, after garbage is
// given back.
func resident() (float64, error) {
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, errNoProc
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, fmt.Errorf("read /proc/self/statm: it has %d fields", len(fields))
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read /proc/self/statm: %w", err)
	}
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20), nil
}

// descriptors counts the open files of this process.
func descriptors() int {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(open) - 1 // the folder that was just read
}

// cpuWhile is the share of one core, in per cent, that this process uses while
// wait runs.
func cpuWhile(wait func() error) (float64, error) {
	began := time.Now()
	before, err := cpuTime()
	if err != nil {
		return 0, err
	}
	if err := wait(); err != nil {
		return 0, err
	}
	after, err := cpuTime()
	if err != nil {
		return 0, err
	}
	return round(100 * float64(after-before) / float64(time.Since(began))), nil
}

// profile writes a CPU profile to a file, and beside it one of the heap, until
// stop is called; "" writes nothing.
func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("make a file for the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
		runtime.GC()
		if heap, err := os.Create(file + ".heap"); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(heap, 0)
			heap.Close()
		}
	}, nil
}
