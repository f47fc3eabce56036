package lab

import (
	"context"
	"fmt"
	"slices"
)

type restart struct {
	Service  string `json:"service" is:"service"`
	Instance int    `json:"instance,omitempty"`
}

func (a *restart) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, instances, err := l.chosen(a.Service, a.Instance)
	if err != nil {
		return Result{}, err
	}
	if len(instances) == 0 {
		instances = l.instances(service)
	}
	if len(instances) == 0 {
		return Result{}, Errorf(Conflict, "%s has no instances: scale it up first", service)
	}
	seq := c.accept(l, "", "you restarted "+seats(service, instances))
	return Result{Seq: seq}, l.again(service, instances, seq)
}

// again starts what is down, and stops and starts what runs.
func (l *Lab) again(service string, instances []int, cause int64) error {
	for _, n := range instances {
		if slices.Contains(l.services[service].Running(), n) {
			l.halt(service, n, cause, "to start anew", false)
		}
		if err := l.start(service, n, cause, ""); err != nil {
			return err
		}
	}
	return nil
}

type pause struct {
	Service  string `json:"service" is:"service"`
	Instance int    `json:"instance,omitempty"`
}

func (a *pause) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, running, err := l.chosen(a.Service, a.Instance, "running", "starting", "blocked")
	if err != nil {
		return Result{}, err
	}
	if len(running) == 0 {
		return Result{}, Errorf(Conflict, "%s has nothing to pause: no instance of it runs", service)
	}
	seq := c.accept(l, "", "you paused "+seats(service, running))
	for _, n := range running {
		at := seat{service, n}
		l.gate.pause(at, true)
		l.arm(&armed{Fault: Fault{Kind: "pause", Service: service, Instance: n, Text: nameOf(at) + " is paused"}}, seq)
		l.record(Entry{Kind: KindFault, Service: service, Instance: n, Cause: seq, Text: nameOf(at) + " is paused: it stays in its group and handles nothing",
			Data: &Data{Service: &ServiceFact{State: "paused", Because: nameOf(at) + " handles nothing because you paused it"}}})
	}
	return Result{Seq: seq}, nil
}

type resume struct {
	Service  string `json:"service" is:"service"`
	Instance int    `json:"instance,omitempty"`
}

func (a *resume) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, paused, err := l.chosen(a.Service, a.Instance, "paused")
	if err != nil {
		return Result{}, err
	}
	if len(paused) == 0 {
		return Result{}, Errorf(Conflict, "%s is not paused", service)
	}
	seq := c.accept(l, "", "you let "+seats(service, paused)+" go on")
	l.goOn(service, paused, seq)
	return Result{Seq: seq}, nil
}

// goOn takes a pause away.
func (l *Lab) goOn(service string, instances []int, cause int64) {
	for _, n := range instances {
		at := seat{service, n}
		l.record(Entry{Kind: KindHealed, Service: service, Instance: n, Cause: cause, Text: nameOf(at) + " goes on",
			Data: &Data{Service: &ServiceFact{State: "running"}}})
		l.unpause(at, cause)
	}
}

// unpause opens the gate for an instance, which may be down.
func (l *Lab) unpause(at seat, cause int64) {
	l.disarm(cause, func(f *armed) bool { return f.Kind == "pause" && f.Service == at.service && f.Instance == at.instance })
	l.gate.pause(at, false)
}

type scale struct {
	Service   string `json:"service" is:"service"`
	Instances *int   `json:"instances"`
}

func (a *scale) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, _, err := l.chosen(a.Service, 0)
	if err != nil {
		return Result{}, err
	}
	if a.Instances == nil {
		return Result{}, Errorf(Invalid, "scale needs instances: 0 to 8")
	}
	if err := within("instances", *a.Instances, 0, 8); err != nil {
		return Result{}, err
	}
	settings := l.settings()
	svc := settings.Services[service]
	svc.Instances = *a.Instances
	settings.Services[service] = svc
	seq := l.accepted(c, fmt.Sprintf("you scaled %s to %d", service, *a.Instances), settings)
	return Result{Seq: seq}, l.scaleTo(service, *a.Instances, seq)
}

// scaleTo starts or stops instances until there are n seats.
func (l *Lab) scaleTo(service string, n int, cause int64) error {
	l.record(Entry{Kind: KindNote, Service: service, Cause: cause, Text: fmt.Sprintf("%s has %d instances", service, n), Data: &Data{Service: &ServiceFact{Instances: &n}}})
	seats := l.instances(service)
	for _, k := range slices.Backward(seats) {
		if k > n {
			l.halt(service, k, cause, "there are fewer instances now", true)
			l.unpause(seat{service, k}, cause)
		}
	}
	for k := 1; k <= n; k++ {
		if !slices.Contains(seats, k) {
			if err := l.start(service, k, cause, ""); err != nil {
				return err
			}
		}
	}
	return nil
}
