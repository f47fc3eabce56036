package scenarios

import (
	"fmt"
	"maps"
	"slices"

	"eddy/lab"
)

// NeedsWallClock says why a scenario cannot be played in virtual time, "" where
// it can. Where several instances of a service are balanced cooperatively, a
// member that joins may hold a commit back on a mutex, and virtual time stands
// still while somebody waits for one. It looks at the settings and at the
// actions in their order, wrong moves among them; it plays nothing.
func NeedsWallClock(s *Scenario) string {
	all := seatsOf(s.settings(0))
	why := all.cooperative()
	for i := range s.Steps {
		st := &s.Steps[i]
		lists := append([]Actions{st.Do, st.During}, st.Wrong...)
		for n, list := range append(lists, st.Solution) {
			seats := all
			if n >= 2 && n < len(lists) { // wrong moves are made in a lab of their own
				seats = maps.Clone(all)
			}
			for _, a := range list {
				if why == "" {
					why = seats.after(a.Action)
				}
			}
		}
	}
	return why
}

// ForVirtualTime is the settings under which the actions can be tried in virtual
// time: where the members of a group would be balanced cooperatively, another
// balancer shares out.
func ForVirtualTime(s lab.Settings, actions []lab.Action) lab.Settings {
	all := seatsOf(s)
	why := all.cooperative()
	for _, a := range actions {
		if why == "" {
			why = all.after(a)
		}
	}
	s = s.Clone()
	for name, svc := range s.Services {
		if why != "" && svc.Balancer == "cooperative" {
			svc.Balancer = "range"
			s.Services[name] = svc
		}
	}
	return s
}

// seats are the instances of each service and who shares out their partitions.
type seats map[string]seating

type seating struct {
	instances int
	balancer  string
}

func seatsOf(s lab.Settings) seats {
	all := seats{}
	for name, svc := range s.Services {
		all[name] = seating{svc.Instances, svc.Balancer}
	}
	return all
}

// after does what an action does to the seats, and looks at them.
func (all seats) after(a lab.Action) string {
	if a.Name != "scale" && a.Name != "set" {
		return ""
	}
	var args struct {
		Service   string  `json:"service"`
		Instances *int    `json:"instances"`
		Balancer  *string `json:"balancer"`
	}
	if argsOf(a, &args) != nil {
		return "" // it is refused when it is done
	}
	name, err := lab.ServiceName(args.Service)
	if err != nil {
		return ""
	}
	seat := all[name]
	if args.Instances != nil {
		seat.instances = *args.Instances
	}
	if args.Balancer != nil {
		seat.balancer = *args.Balancer
	}
	all[name] = seat
	return all.cooperative()
}

// cooperative names a service with several instances that share out their
// partitions step by step, "" where there is none.
func (all seats) cooperative() string {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if s := all[name]; s.instances > 1 && s.balancer == "cooperative" {
			return fmt.Sprintf("%s has %d instances and a cooperative balancer", name, s.instances)
		}
	}
	return ""
}
