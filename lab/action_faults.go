package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"eddy/lab/shop"
)

type crash struct {
	Service  string `json:"service" is:"service"`
	Instance int    `json:"instance,omitempty"`
	At       string `json:"at,omitempty" is:"now|before_handle|after_handle|after_write"`
	On       string `json:"on,omitempty" is:"event or PlaceOrder"`
	Times    int    `json:"times,omitempty"`
}

func (a *crash) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, running, err := l.chosen(a.Service, a.Instance, "starting", "running", "paused", "blocked")
	if err != nil {
		return Result{}, err
	}
	if a.At == "" || a.At == "now" {
		if a.On != "" {
			return Result{}, Errorf(Invalid, "a crash on %s needs the point at which it strikes: at is before_handle, after_handle or after_write", a.On)
		}
		if len(running) == 0 {
			return Result{}, Errorf(Conflict, "%s is down already: restart it first", service)
		}
		seq := c.accept(l, "", fmt.Sprintf("you crashed %s", seats(service, running)))
		for _, n := range running {
			l.crash(service, n, seq, fmt.Sprintf("%s-%d is down because you crashed it", service, n))
		}
		return Result{Seq: seq}, nil
	}
	if err := oneOf(a, "at", a.At); err != nil {
		return Result{}, err
	}
	if err := l.reactsTo(service, a.On); err != nil {
		return Result{}, err
	}
	times, err := timesOr(a.Times, 1)
	if err != nil {
		return Result{}, err
	}
	text := fmt.Sprintf("%s will crash "+words[a.At], service, onText(a.On))
	seq := c.accept(l, "", "you armed a crash: "+text)
	l.arm(&armed{Fault: Fault{Kind: "crash", Service: service, Instance: a.Instance, Text: text, Left: times}, at: crashPoints[a.At], on: a.On}, seq)
	return Result{Seq: seq, Text: text}, nil
}

var words = map[string]string{
	"before_handle": "before it handles%s", "after_handle": "after it handled%s, before its offset is saved", "after_write": "after its database commit for%s, before it publishes",
}

func onText(on string) string {
	if on == "" {
		return " the next message"
	}
	return " the next " + on
}

func seats(service string, instances []int) string {
	var names []string
	for _, n := range instances {
		names = append(names, nameOf(seat{service, n}))
	}
	return strings.Join(names, ", ")
}

// reactsTo refuses a fault that could never strike.
func (l *Lab) reactsTo(service, event string) error {
	if event == "" || l.services[service].ReactsTo(event) || (service == "order" && event == shop.PlaceOrder) {
		return nil
	}
	var known []string
	for _, types := range []map[string]string{shop.TopicOf, shop.Commands, {shop.PlaceOrder: ""}} {
		for t := range types {
			if l.services[service].ReactsTo(t) || (service == "order" && t == shop.PlaceOrder) {
				known = append(known, t)
			}
		}
	}
	slices.Sort(known)
	return Errorf(Invalid, "%s does nothing about %q: it reacts to %s", service, event, strings.Join(known, ", "))
}

func timesOr(given, fallback int) (int, error) {
	if given < 0 || given > 1000 {
		return 0, Errorf(Invalid, "times cannot be %d: it is 1 to 1000", given)
	}
	if given == 0 {
		return fallback, nil
	}
	return given, nil
}

type slow struct {
	Service string    `json:"service" is:"service"`
	By      *Duration `json:"by"`
}

func (a *slow) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, _, err := l.chosen(a.Service, 0)
	if err != nil {
		return Result{}, err
	}
	if a.By == nil {
		return Result{}, Errorf(Invalid, "slow needs by: how much longer every message is to take, such as 200ms, or 0s for no longer")
	}
	if err := atMost("by", *a.By, slowMax); err != nil {
		return Result{}, err
	}
	seq := c.accept(l, "", fmt.Sprintf("you slowed %s down by %s", service, *a.By))
	l.disarm(seq, func(f *armed) bool { return f.Kind == "slow" && f.Service == service })
	if *a.By > 0 {
		l.arm(&armed{Fault: Fault{Kind: "slow", Service: service, By: a.By.String(), Text: fmt.Sprintf("every message of %s takes %s longer", service, *a.By)},
			at: shop.Handling, by: a.By.D()}, seq)
	}
	return Result{Seq: seq}, nil
}

type fail struct {
	Service string  `json:"service" is:"service"`
	Times   int     `json:"times,omitempty"`
	Rate    float64 `json:"rate,omitempty"`
	On      string  `json:"on,omitempty" is:"event"`
	Kind    string  `json:"kind,omitempty" is:"transient|permanent"`
	Error   string  `json:"error,omitempty"`
}

func (a *fail) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	service, _, err := l.chosen(a.Service, 0)
	if err != nil {
		return Result{}, err
	}
	kind := a.Kind
	if kind == "" {
		kind = "transient"
	}
	if err := oneOf(a, "kind", kind); err != nil {
		return Result{}, err
	}
	if err := l.reactsTo(service, a.On); err != nil {
		return Result{}, err
	}
	how, times, err := often(a.Times, a.Rate)
	if err != nil {
		return Result{}, err
	}
	text := fmt.Sprintf("%s fails%s, %s (%s)", service, strings.Replace(onText(a.On), "the next ", "at ", 1), how, kind)
	if a.On == "" {
		text = fmt.Sprintf("%s fails, %s (%s)", service, how, kind)
	}
	seq := c.accept(l, "", "you armed a failure: "+text)
	l.arm(&armed{Fault: Fault{Kind: "fail", Service: service, Text: text, Left: times}, at: shop.Handling, on: a.On, rate: a.Rate, err: failure(kind, a.Error)}, seq)
	return Result{Seq: seq, Text: text}, nil
}

// often reads times or a rate; neither means once.
func often(times int, rate float64) (text string, n int, err error) {
	if rate < 0 || rate > 1 {
		return "", 0, Errorf(Invalid, "the rate cannot be %g: it is 0 to 1", rate)
	}
	if rate > 0 {
		if times > 0 {
			return "", 0, Errorf(Invalid, "say times or rate, not both")
		}
		if rate == 1 {
			return "every time", 0, nil
		}
		return fmt.Sprintf("%g of the time", rate), 0, nil
	}
	if n, err = timesOr(times, 1); err != nil {
		return "", 0, err
	}
	if n == 1 {
		return "once", n, nil
	}
	return fmt.Sprintf("%d times", n), n, nil
}

type decline struct {
	Times    int     `json:"times,omitempty"`
	Rate     float64 `json:"rate,omitempty"`
	StockOut string  `json:"stock_out,omitempty" is:"product"`
}

func (a *decline) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	if a.StockOut != "" {
		if a.Times != 0 || a.Rate != 0 {
			return Result{}, Errorf(Invalid, "decline takes stock_out, or times or rate for the gateway, not both")
		}
		return l.stockOut(ctx, a.StockOut, c)
	}
	how, times, err := often(a.Times, a.Rate)
	if err != nil {
		return Result{}, err
	}
	text := "the payment gateway says no, " + how
	seq := c.accept(l, "", "you armed a refusal: "+text)
	l.arm(&armed{Fault: Fault{Kind: "decline", Text: text, Left: times}, rate: a.Rate}, seq)
	return Result{Seq: seq, Text: text}, nil
}

// stockOut empties a shelf; healing puts the pieces back.
func (l *Lab) stockOut(ctx context.Context, sku string, c call) (Result, error) {
	if _, ok := shop.Find(sku, ""); !ok {
		return Result{}, Errorf(Invalid, "there is no product %q: the shop sells %s", sku, strings.Join(shop.SKUs(), ", "))
	}
	had, err := shop.Empty(ctx, l.write, sku)
	if err != nil {
		return Result{}, err
	}
	text := fmt.Sprintf("%s is out of stock: %d pieces were taken off the shelf", sku, had)
	seq := c.accept(l, "", "you took every "+sku+" off the shelf")
	l.arm(&armed{Fault: Fault{Kind: "stock_out", Text: text}, taken: map[string]int{sku: had}}, seq)
	l.record(Entry{Kind: KindWritten, Service: "inventory", Cause: seq, Text: text, Data: &Data{Stock: &shop.StockFact{Available: map[string]int{sku: 0}}}})
	return Result{Seq: seq, Text: text}, nil
}

type heal struct {
	Service string `json:"service,omitempty" is:"service or all"`
	All     bool   `json:"all,omitempty"`
}

func (a *heal) do(ctx context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	services := slices.Clone(ServiceNames)
	if a.All && a.Service != "" {
		return Result{}, Errorf(Invalid, "heal takes a service or all, not both")
	}
	all := a.Service == "" || a.Service == "all"
	if !all {
		service, _, err := l.chosen(a.Service, 0)
		if err != nil {
			return Result{}, err
		}
		services = []string{service}
	}
	what := "everything"
	if !all {
		what = services[0]
	}
	seq := c.accept(l, "", "you repaired "+what)
	gone := l.disarm(seq, func(f *armed) bool {
		return f.Kind != "pause" && (all || f.Service == services[0] || (f.Kind == "decline" && services[0] == "payment") || (f.Kind == "stock_out" && services[0] == "inventory"))
	})
	if err := l.undo(ctx, gone, seq); err != nil {
		return Result{}, err
	}
	if all {
		l.elect(ctx, seq)
	}
	for _, f := range gone {
		for sku, n := range f.taken {
			now, err := shop.Fill(ctx, l.write, sku, n)
			if err != nil {
				return Result{}, err
			}
			l.record(Entry{Kind: KindHealed, Service: "inventory", Cause: seq, Text: fmt.Sprintf("%d pieces of %s are back on the shelf", n, sku),
				Data: &Data{Stock: &shop.StockFact{Available: map[string]int{sku: now}}}})
		}
	}
	for _, s := range services {
		l.goOn(s, l.instances(s, "paused"), seq)
		for _, n := range l.instances(s) {
			l.unpause(seat{s, n}, seq) // one that is down would be paused again
		}
		if err := l.again(s, l.instances(s, "crashed"), seq); err != nil {
			return Result{}, err
		}
	}
	return Result{Seq: seq}, nil
}
