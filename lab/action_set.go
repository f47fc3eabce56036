package lab

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// settings is a copy of what the lab is set to.
func (l *Lab) settings() Settings {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.board.Settings.Clone()
}

// accepted writes an action's entry together with the settings it leads to.
func (l *Lab) accepted(c call, text string, s Settings) int64 {
	return l.record(Entry{Kind: KindAction, Text: text, Data: &Data{Settings: &s, Action: &ActionRecord{Name: c.action.Name, Args: c.action.Args}}})
}

// setting carries settings by name, as they were given.
type setting struct {
	values map[string]json.RawMessage
}

// LabWide are the settings of the lab itself that set can be given.
var LabWide = []string{"saga", "key", "snapshot_every"}

// settingNames are what set can be given.
func settingNames() []string {
	return append(append(fieldNames(ServiceSettings{}), "service"), LabWide...)
}

// UnmarshalJSON keeps the names and checks them.
func (a *setting) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &a.values); err != nil {
		return err
	}
	valid := settingNames()
	for name := range a.values {
		if !slices.Contains(valid, name) {
			return Errorf(Invalid, "there is no setting %q: valid are %s", name, strings.Join(valid, ", "))
		}
	}
	return nil
}

// MarshalJSON writes the settings as they were given.
func (a *setting) MarshalJSON() ([]byte, error) { return json.Marshal(a.values) }

func (a *setting) do(_ context.Context, l *Lab, c call) (Result, error) {
	l.acting.Lock()
	defer l.acting.Unlock()
	settings, service, text, err := a.apply(l.settings())
	if err != nil {
		return Result{}, err
	}
	was := l.settings()
	seq := l.accepted(c, "you set "+text, settings)
	l.key.Store(&settings.Key)
	l.saga.Store(&settings.Saga)
	l.snapshotEvery.Store(int64(settings.SnapshotEvery))
	if err := l.seatOrchestrator(settings, seq); err != nil {
		return Result{}, err
	}
	if service == "" {
		return Result{Seq: seq}, nil
	}
	again := l.services[service].Set(settings.Services[service].shop())
	if err := l.again(service, again, seq); err != nil {
		return Result{}, err
	}
	if n := settings.Services[service].Instances; n != was.Services[service].Instances {
		return Result{Seq: seq}, l.scaleTo(service, n, seq)
	}
	return Result{Seq: seq}, nil
}

// apply works out the settings that the action leads to.
func (a *setting) apply(s Settings) (_ Settings, service, text string, err error) {
	values := map[string]json.RawMessage{}
	top := map[string]json.RawMessage{}
	var said []string
	for name, raw := range a.values {
		switch {
		case name == "service":
			var given string
			if err := json.Unmarshal(raw, &given); err != nil {
				return s, "", "", Errorf(Invalid, "service must be text")
			}
			if service, err = ServiceName(given); err != nil {
				return s, "", "", err
			}
			continue
		case slices.Contains(LabWide, name):
			top[name] = raw
		default:
			values[name] = raw
		}
		said = append(said, name+" to "+strings.Trim(string(raw), `"`))
	}
	slices.Sort(said)
	if len(said) == 0 {
		return s, "", "", Errorf(Invalid, "set needs a setting: %s for the lab, or service and one of %s", strings.Join(LabWide, ", "), strings.Join(fieldNames(ServiceSettings{}), ", "))
	}
	if len(values) > 0 && service == "" {
		return s, "", "", Errorf(Invalid, "set needs the service whose %s is meant", strings.Join(said, ", "))
	}
	raw, _ := json.Marshal(top)
	if err := strict(raw, &s, "lab setting"); err != nil {
		return s, "", "", err
	}
	if service != "" {
		svc := s.Services[service]
		raw, _ := json.Marshal(values)
		if err := strict(raw, &svc, "setting of "+service); err != nil {
			return s, "", "", err
		}
		s.Services[service] = svc
	}
	s, err = s.normal()
	text = strings.Join(said, ", ")
	if service != "" {
		text = service + ": " + text
	}
	return s, service, text, err
}
