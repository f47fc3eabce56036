package lab

import (
	"fmt"
	"slices"
	"strings"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// orchestrates tells whether somebody reads for the orchestrator, or should: it
// is there while sagas are led by it, and for as long as it has instances.
func (b *Board) orchestrates() bool {
	svc := b.Services["orchestrator"]
	return b.Settings.Saga == shop.Orchestration || svc != nil && svc.Instances > 0
}

// lagOfOrchestrator works the orchestrator's lag out anew: whether it has one
// depends on whether anybody waits for it.
func (b *Board) lagOfOrchestrator() {
	group := GroupID("orchestrator")
	if b.Groups[group] == nil || b.Services["orchestrator"] == nil {
		return
	}
	for _, topic := range subscriptions["orchestrator"] {
		if t := b.Topics[topic]; t != nil {
			for p := range t.Partitions {
				b.lag(group, b.Groups[group], topic, int32(p))
			}
		}
	}
}

// orderSaga is the definition of the shop's saga, for what does not depend on
// its times.
var orderSaga = shop.OrderSaga(0)

// applySaga takes over where a saga stands.
func (b *Board) applySaga(e Entry, f *shop.SagaFact) {
	old := b.Sagas[e.Order]
	if f.Ignored || old == nil && len(b.Sagas) >= 2*ordersMax || len(f.Steps) > len(orderSaga.Steps) {
		return
	}
	s := &Saga{ID: e.Order, Started: e.At}
	if old != nil {
		*s = *old
	}
	s.State, s.Tries, s.Reason, s.Seq = f.State, f.Tries, f.Reason, e.Seq
	s.Step, s.Command, s.Deadline, s.Ended = "", "", 0, 0
	if f.DueMS > 0 {
		s.Deadline = e.At + f.DueMS
	}
	if f.State == pattern.SagaCompleted || f.State == pattern.SagaCompensated {
		s.Ended = e.At
	}
	was := s.Steps
	s.Steps = make([]SagaStep, len(f.Steps))
	for i, step := range f.Steps {
		s.Steps[i] = sagaStep(orderSaga.Steps[i], step.State, f.State)
		if len(was) == len(s.Steps) && was[i].State == s.Steps[i].State {
			s.Steps[i].Seq, s.Steps[i].At = was[i].Seq, was[i].At
		} else if step.State != pattern.StepOpen {
			s.Steps[i].Seq, s.Steps[i].At = e.Seq, e.At
		}
		switch step.State {
		case pattern.StepAsked:
			s.Step, s.Command = step.Name, s.Steps[i].Command
		case pattern.StepUndoing:
			s.Step, s.Command = step.Name, s.Steps[i].Undo
		}
	}
	b.Sagas[e.Order] = s
	b.touch("sagas", e.Order)
	b.sagaBecause(s, old, f)
	if o := b.Orders[e.Order]; o != nil {
		b.wait(o)
	}
}

// sagaStep is a step as a reader knows it.
func sagaStep(step pattern.SagaStep, state, of string) SagaStep {
	word := map[string]string{pattern.StepOpen: "open", pattern.StepAsked: "running"}[state]
	if word == "" {
		word = state
	}
	if of == pattern.SagaNeedsPerson && (state == pattern.StepAsked || state == pattern.StepUndoing) {
		word = "failed"
	}
	return SagaStep{Name: step.Name, Service: asks(step.Command, step.Undo), Command: step.Command, Undo: step.Undo, State: word}
}

// asks names the service to which a command goes.
func asks(commands ...string) string {
	for _, c := range commands {
		if topic := shop.Commands[c]; topic != "" {
			return strings.TrimSuffix(topic, "-commands")
		}
	}
	return ""
}

// sagaBecause says why a saga is not on the good path, and asks for a person
// where it needs one.
func (b *Board) sagaBecause(s, old *Saga, f *shop.SagaFact) {
	was := ""
	if old != nil {
		was = old.State
	}
	alert := "saga-" + s.ID
	switch {
	case s.State == pattern.SagaNeedsPerson:
		s.Because, s.BecauseSeq = fmt.Sprintf("%s did not answer %s, which was sent %s", asks(s.Command), s.Command, plural(s.Tries, "time", "times")), s.Seq
		b.alert(alert, fmt.Sprintf("the saga of order %s needs a person, because %s", b.name(s.ID), s.Because), s.Seq)
		return
	case was == pattern.SagaNeedsPerson: // it goes on
		b.Alerts = slices.DeleteFunc(slices.Clone(b.Alerts), func(a Alert) bool { return a.ID == alert })
		b.touch("alerts")
	}
	switch s.State {
	case pattern.SagaRunning, pattern.SagaCompleted:
		s.Because, s.BecauseSeq = "", 0
	default:
		if was != pattern.SagaCompensating {
			s.BecauseSeq = s.Seq
		}
		s.Because = "what was done is taken back, because " + s.Reason
		if i := slices.IndexFunc(s.Steps, func(step SagaStep) bool { return step.State == "failed" }); i >= 0 {
			s.Because = fmt.Sprintf("what was done is taken back, because %s failed: %s", s.Steps[i].Name, s.Reason)
			s.BecauseSeq = s.Steps[i].Seq
		}
	}
}

func (b *Board) dropSaga(id string) {
	if b.Sagas[id] == nil {
		return
	}
	delete(b.Sagas, id)
	b.touch("sagas", id)
	b.Alerts = slices.DeleteFunc(slices.Clone(b.Alerts), func(a Alert) bool { return a.ID == "saga-"+id })
	b.touch("alerts")
}

func (b *Board) needsPerson(id string) bool {
	s := b.Sagas[id]
	return s != nil && s.State == pattern.SagaNeedsPerson
}

// nextInSaga is who has to move an orchestrated order on: who was asked, and
// otherwise the one who asks.
func (b *Board) nextInSaga(o *Order) string {
	s := b.Sagas[o.ID]
	if s == nil || s.Command == "" || b.perOrder[o.ID][s.Command] == 0 {
		return "orchestrator"
	}
	i := slices.IndexFunc(s.Steps, func(step SagaStep) bool { return step.Name == s.Step })
	step, answers := orderSaga.Steps[i], 0
	replies := []string{step.Done, step.Failed}
	if s.Command == step.Undo {
		replies = []string{step.Undone}
	}
	for _, reply := range replies {
		answers += b.perOrder[o.ID][reply]
	}
	if answers > 0 {
		return "orchestrator"
	}
	return s.Steps[i].Service
}

// waitsInVain tells whether nobody makes good for an event that is lost. An
// orchestrated saga takes the silence after a command for an answer.
func (b *Board) waitsInVain(o *Order, lost lostEvent) bool {
	return o.Saga != shop.Orchestration || lost.eventType == shop.OrderCreated
}

// sagaText says what a change of a saga was.
func sagaText(m shop.Moment) string {
	f, what := m.Saga, "the saga of "+m.Order
	if f.Ignored {
		return what + " ignores " + m.EventType + ": that step is over"
	}
	about := ""
	for _, s := range f.Steps {
		if s.Name == f.About {
			about = s.State
		}
	}
	next := ""
	if f.Command != "" {
		next = ", " + asks(f.Command) + " is asked for " + f.Command
	}
	switch {
	case f.State == pattern.SagaNeedsPerson:
		return fmt.Sprintf("%s needs a person: %s was not answered, after %s", what, f.About, plural(f.Tries, "try", "tries"))
	case f.Tries > 1 && f.Command != "":
		return fmt.Sprintf("%s waited in vain: %s is asked again for %s, try %d", what, asks(f.Command), f.Command, f.Tries)
	case about == pattern.StepDone:
		next = f.About + " is done" + next
	case about == pattern.StepFailed && f.State == pattern.SagaRunning:
		next = f.About + " failed, and that stops nothing" + next
	case about == pattern.StepFailed:
		next = f.About + " failed (" + f.Reason + "), what was done is taken back" + next
	case about == pattern.StepUnanswered && f.State == pattern.SagaRunning:
		next = f.About + " was not answered, and that stops nothing" + next
	case about == pattern.StepUnanswered, about == pattern.StepUndoing:
		next = f.Reason + ", what was done is taken back" + next
	case about == pattern.StepUndone:
		next = f.About + " is undone" + next
	default:
		return what + " begins" + next
	}
	switch f.State {
	case pattern.SagaCompleted:
		next += ", and with it everything"
	case pattern.SagaCompensated:
		next += ", and nothing is left of it"
	}
	return what + ": " + next
}
