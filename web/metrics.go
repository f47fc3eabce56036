package web

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics is what /metrics shows. It names no lab: an id is a right.
type metrics struct {
	registry *prometheus.Registry
	actions  *prometheus.CounterVec // by result: ok refused limited
	frames   *prometheus.CounterVec // by kind: snapshot patch
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		actions:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "eddy_actions_total", Help: "Actions that clients asked for."}, []string{"result"}),
		frames:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "eddy_frames_total", Help: "Frames sent on live sockets."}, []string{"kind"}),
	}
	for _, r := range []string{"ok", "refused", "limited"} {
		m.actions.WithLabelValues(r) // shown as 0 before the first
	}
	for _, k := range []string{"snapshot", "patch"} {
		m.frames.WithLabelValues(k)
	}
	m.registry.MustRegister(
		m.actions, m.frames,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "eddy_labs", Help: "Open labs."}, func() float64 { return float64(s.cfg.Labs.Stats().Labs) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "eddy_sockets", Help: "Open live sockets."}, func() float64 { return float64(s.openSockets()) }),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}
