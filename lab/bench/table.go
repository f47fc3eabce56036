package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for people: a line a figure, with its floor, how
// many times the floor it is, and what it means.
func (r Report) WriteTable(out io.Writer) error {
	t := table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	fmt.Fprintf(t, "%s, %s/%s, %d CPUs; times in ms, median (p99)\n\n", r.Machine.Go, r.Machine.OS, r.Machine.Arch, r.Machine.CPUs)
	t.line("", "figure", "floor", "ratio", "")
	t.spread("startup", r.StartupMS, r.StartupFloorMS, "from the start of a process to its first COMPLETED order; floor: to the first record of a bare cluster")
	t.spread("hop", r.HopMS, r.HopFloorMS, fmt.Sprintf("an order through the choreography saga, divided by its %d records; floor: a bare record", r.Hops))
	t.spread("saga", r.SagaMS.Choreography, r.SagaFloorMS, "a whole order through the choreography saga; floor: as many records, transactions and commits with bare parts")
	t.cost("saga, CPU", r.SagaCPUMS, r.SagaCPUFloorMS, "processor time of such an order, one after the other; floor: the same with bare parts")
	t.spread("saga, led", r.SagaMS.Orchestration, r.SagaMS.Choreography, "the same through the orchestrated saga; floor: choreography")
	t.spread("sync", r.SagaMS.Sync, r.SagaMS.Choreography, "a whole order by three HTTP calls, one after the other; floor: the choreography")
	t.rate("orders/s", r.OrdersPerSecond, r.RecordsPerSecondFloor, "30 callers: order, durable, visible in the read model; floor: the same with bare parts")
	t.rate("sagas/s", r.SagasPerSecond, nil, "30 callers: order until COMPLETED, all services at work")
	t.rate("replay events/s", r.ReplayEventsPerSecond, r.FoldEventsPerSecondFloor, "the read model rebuilt from 100,000 events; floor: a bare client that fetches and folds them into a map")
	t.spread("board at", r.BoardAtMS, nil, "the board in the middle of 100,000 journal entries")
	t.spread("frame bytes", r.FrameBytes, nil, "what a browser gets in 50 ms at 20 orders a second")
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}

	fmt.Fprintln(t)
	t.line("labs", "MB each", "goroutines each", "idle CPU %", "CPU % at 2 orders/s each", "CPU ms an order", "fds")
	for _, l := range r.Labs {
		load, order := "-", "-"
		if l.LoadCPU != nil {
			load, order = fmt.Sprint(*l.LoadCPU), fmt.Sprint(*l.OrderCPU)
		}
		t.line(fmt.Sprint(l.Count), fmt.Sprint(l.RSSPerLab), fmt.Sprint(l.GoroutinesPerLab), fmt.Sprint(l.IdleCPU), load, order, fmt.Sprint(l.Descriptors))
	}
	if s := r.StartupStages; len(s) > 0 {
		fmt.Fprintf(t, "\nstartup: %g until main, %g the cluster, %g the databases, %g the services, %g joining groups, %g the first saga\n",
			s["process"], s["cluster"], s["databases"], s["services"], s["joins"], s["saga"])
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

type table struct{ *tabwriter.Writer }

func (t table) line(cells ...string) {
	fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t table) spread(name string, figure, floor *Spread, says string) {
	if figure == nil {
		return
	}
	beside, ratio := "", ""
	if floor != nil {
		beside, ratio = fmt.Sprintf("%g (%g)", floor.Median, floor.P99), fmt.Sprintf("%.1fx", figure.Median/floor.Median)
	}
	t.line(name, fmt.Sprintf("%g (%g)", figure.Median, figure.P99), beside, ratio, says)
}

func (t table) cost(name string, figure, floor *float64, says string) {
	if figure == nil || floor == nil {
		return
	}
	t.line(name, fmt.Sprint(*figure), fmt.Sprint(*floor), fmt.Sprintf("%.1fx", *figure / *floor), says)
}

func (t table) rate(name string, figure, limit *float64, says string) {
	if figure == nil {
		return
	}
	beside, ratio := "", ""
	if limit != nil {
		beside, ratio = fmt.Sprint(*limit), fmt.Sprintf("1/%.1f", *limit / *figure)
	}
	t.line(name, fmt.Sprint(*figure), beside, ratio, says)
}
