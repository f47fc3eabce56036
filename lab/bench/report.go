package bench

import (
	"math"
	"slices"
	"time"
)

// Report is what was measured. Times are in milliseconds. What is nil was not
// measured; Notes say why.
type Report struct {
	Machine Machine `json:"machine"`

	StartupMS      *Spread            `json:"startup_ms"`
	StartupFloorMS *Spread            `json:"startup_floor_ms"`
	StartupStages  map[string]float64 `json:"startup_stages_ms,omitempty"` // medians

	HopMS      *Spread `json:"hop_ms"`
	HopFloorMS *Spread `json:"hop_floor_ms"`
	Hops       int     `json:"hops,omitempty"` // of one saga
	SagaMS     Sagas   `json:"saga_ms"`
	// An order through bare parts: as many records, groups, transactions and
	// commits as the choreography has. CPU is processor time an order.
	SagaFloorMS    *Spread  `json:"saga_floor_ms"`
	SagaCPUMS      *float64 `json:"saga_cpu_ms"` // of the choreography
	SagaCPUFloorMS *float64 `json:"saga_cpu_floor_ms"`

	OrdersPerSecond       *float64 `json:"orders_per_s"`
	RecordsPerSecondFloor *float64 `json:"records_per_s_floor"`
	SagasPerSecond        *float64 `json:"sagas_per_s"`

	ReplayEventsPerSecond    *float64 `json:"replay_events_per_s"`
	FoldEventsPerSecondFloor *float64 `json:"fold_events_per_s_floor"`

	Labs   []Labs  `json:"labs"`
	Fanout *Fanout `json:"fanout"`

	FrameBytes *Spread `json:"frame_bytes"`
	BoardAtMS  *Spread `json:"board_at_ms"`

	Notes map[string]string `json:"notes,omitempty"` // by key
}

// Machine is what the figures hold for.
type Machine struct {
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// Spread is a figure that was taken many times.
type Spread struct {
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
}

// Sagas are the times of one order until COMPLETED, by the style of its saga.
type Sagas struct {
	Choreography  *Spread `json:"choreography"`
	Orchestration *Spread `json:"orchestration"`
	Sync          *Spread `json:"sync"`
}

// Labs is what a number of labs in one process costs. CPU is in per cent of
// one core.
type Labs struct {
	Count            int      `json:"count"`
	RSSPerLab        float64  `json:"rss_mb_per_lab"`
	GoroutinesPerLab float64  `json:"goroutines_per_lab"`
	IdleCPU          float64  `json:"idle_cpu_percent"`
	LoadCPU          *float64 `json:"load_cpu_percent"` // at 2 orders a second each
	OrderCPU         *float64 `json:"order_cpu_ms"`     // CPU time an order, idle cost taken off
	Descriptors      int      `json:"fds"`              // of the whole process
}

// Fanout is what many browsers on one lab cost.
type Fanout struct {
	Browsers        int     `json:"browsers"`
	EventsPerSecond float64 `json:"events_per_s"`
	P99             float64 `json:"p99_ms"`
	CPU             float64 `json:"cpu_percent"`
	BytesPerEvent   float64 `json:"bytes_per_event"`
}

// spread sums up figures; nil for none.
func spread(figures []float64) *Spread {
	if len(figures) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(figures))
	at := func(q float64) float64 {
		return round(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))])
	}
	return &Spread{Median: at(0.5), P99: at(0.99)}
}

func median(figures []float64) float64 {
	if s := spread(figures); s != nil {
		return s.Median
	}
	return 0
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// round keeps four digits; more would be noise.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	unit := math.Pow(10, 4-math.Ceil(math.Log10(math.Abs(x))))
	return math.Round(x*unit) / unit
}
