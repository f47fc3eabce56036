package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"eddy/lab/shop"
)

type cut struct {
	Service string `json:"service" is:"service"`
	From    string `json:"from,omitempty" is:"kafka|database"`
}

// do cuts the cable of every instance of a service. Nobody says goodbye: the
// service runs on, and finds out by itself what it cannot do any more.
func (a *cut) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, _, err := l.chosen(a.Service, 0)
	if err != nil {
		return Result{}, err
	}
	from := a.From
	if from == "" {
		from = shop.FromKafka
	}
	if err := oneOf(a, "from", from); err != nil {
		return Result{}, err
	}
	if slices.Contains(l.services[service].CutOff(), from) {
		return Result{}, Errorf(Conflict, "%s is cut off from %s already: mend it first", service, sideOf(from))
	}
	seq := c.accept(l, "", fmt.Sprintf("you cut %s off from %s", service, sideOf(from)))
	text := fmt.Sprintf("%s is cut off from %s", service, sideOf(from))
	l.arm(&armed{Fault: Fault{Kind: "cut", Service: service, From: from, Text: text},
		undo: func(context.Context, int64) error { l.services[service].Mend(from); return nil }}, seq)
	l.services[service].Cut(from)
	return Result{Seq: seq, Text: text}, nil
}

// sideOf is what a side of a cut is called in a sentence.
func sideOf(from string) string {
	if from == shop.FromKafka {
		return "Kafka"
	}
	return "its database"
}

type mend struct {
	Service string `json:"service" is:"service"`
	From    string `json:"from,omitempty" is:"kafka|database"`
}

func (a *mend) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, _, err := l.chosen(a.Service, 0)
	if err != nil {
		return Result{}, err
	}
	if a.From != "" {
		if err := oneOf(a, "from", a.From); err != nil {
			return Result{}, err
		}
	}
	cuts := l.services[service].CutOff()
	if a.From != "" && !slices.Contains(cuts, a.From) || len(cuts) == 0 {
		return Result{}, Errorf(Conflict, "%s is not cut off: there is nothing to mend", service)
	}
	seq := c.accept(l, "", fmt.Sprintf("you mended what was cut: %s and %s", service, strings.Join(cuts, ", ")))
	return Result{Seq: seq}, l.undo(ctx, l.disarm(seq, func(f *armed) bool {
		return f.Kind == "cut" && f.Service == service && (a.From == "" || f.From == a.From)
	}), seq)
}
