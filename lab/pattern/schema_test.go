package pattern

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func schema(t testing.TB, text string) Schema {
	t.Helper()
	var s Schema
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	require.NoError(t, s.Check())
	return s
}

// fields lists the fields that there are problems with.
func fields(problems []Problem) []string {
	names := []string{}
	for _, p := range problems {
		names = append(names, p.Field)
	}
	return names
}

func TestWhatAChangeOfSchemaBreaks(t *testing.T) {
	const before = `{"id":{"type":"string","required":true},"total":{"type":"integer","required":true},"note":{"type":"string"}}`
	for _, c := range []struct {
		change, after     string
		backward, forward []string
	}{
		{"nothing", before, nil, nil},
		{"an optional field more", `{"id":{"type":"string","required":true},"total":{"type":"integer","required":true},"note":{"type":"string"},"currency":{"type":"string"}}`, nil, nil},
		{"a required field more", `{"id":{"type":"string","required":true},"total":{"type":"integer","required":true},"note":{"type":"string"},"currency":{"type":"string","required":true}}`, []string{"currency"}, nil},
		{"a required field with a default", `{"id":{"type":"string","required":true},"total":{"type":"integer","required":true},"note":{"type":"string"},"currency":{"type":"string","required":true,"default":"USD"}}`, nil, nil},
		{"a required field less", `{"id":{"type":"string","required":true},"note":{"type":"string"}}`, nil, []string{"total"}},
		{"an optional field less", `{"id":{"type":"string","required":true},"total":{"type":"integer","required":true}}`, nil, nil},
		{"an optional field required", `{"id":{"type":"string","required":true},"total":{"type":"integer","required":true},"note":{"type":"string","required":true}}`, []string{"note"}, nil},
		{"a required field optional", `{"id":{"type":"string","required":true},"total":{"type":"integer"},"note":{"type":"string"}}`, nil, []string{"total"}},
		{"a wider type", `{"id":{"type":"string","required":true},"total":{"type":"number","required":true},"note":{"type":"string"}}`, nil, []string{"total"}},
		{"another type", `{"id":{"type":"integer","required":true},"total":{"type":"integer","required":true},"note":{"type":"string"}}`, []string{"id"}, []string{"id"}},
		{"another name", `{"id":{"type":"string","required":true},"amount":{"type":"integer","required":true},"note":{"type":"string"}}`, []string{"amount"}, []string{"total"}},
	} {
		got := Compare(schema(t, before), schema(t, c.after))
		assert.ElementsMatch(t, c.backward, fields(got.Backward), "%s, backward", c.change)
		assert.ElementsMatch(t, c.forward, fields(got.Forward), "%s, forward", c.change)
	}
}

func TestAnEventIsReadWithItsDefaults(t *testing.T) {
	s := schema(t, `{"id":{"type":"string","required":true},"currency":{"type":"string","required":true,"default":"USD"},"total":{"type":"integer","required":true}}`)
	read, problems := s.Read(map[string]any{"id": "o-1", "total": 2500.0, "more": true})
	assert.Empty(t, problems)
	assert.Equal(t, map[string]any{"id": "o-1", "total": 2500.0, "more": true, "currency": "USD"}, read)
	_, problems = s.Read(map[string]any{"id": 7.0, "total": 2.5})
	assert.Equal(t, []string{"id", "total"}, fields(problems))
}

func TestASchemaThatMakesNoSenseIsRefused(t *testing.T) {
	for text, why := range map[string]string{
		`{"total":{"type":"money"}}`:                 `there is no type "money"`,
		`{"total":{"type":"integer","default":"x"}}`: `its default "x" is no integer`,
		`{"total":{}}`: `there is no type ""`,
	} {
		var s Schema
		require.NoError(t, json.Unmarshal([]byte(text), &s))
		assert.ErrorContains(t, s.Check(), why)
	}
}

// What the comparison promises holds for every event that the writer's schema
// allows: if nothing is said against it, the reader reads it.
func FuzzAReaderReadsWhatItIsPromised(f *testing.F) {
	f.Add([]byte(`{"a":{"type":"integer","required":true}}`), []byte(`{"a":{"type":"number"}}`), []byte(`{"a":1}`))
	f.Add([]byte(`{}`), []byte(`{"a":{"type":"string","required":true,"default":"x"}}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, w, r, d []byte) {
		var writer, reader Schema
		var data map[string]any
		if json.Unmarshal(w, &writer) != nil || json.Unmarshal(r, &reader) != nil || json.Unmarshal(d, &data) != nil {
			return
		}
		if writer.Check() != nil || reader.Check() != nil || data == nil {
			return
		}
		if _, problems := writer.Read(data); len(problems) > 0 {
			return // no event of this writer
		}
		for name := range data {
			if _, known := writer[name]; !known {
				return
			}
		}
		if len(reader.Reads(writer)) == 0 {
			_, problems := reader.Read(data)
			assert.Empty(t, problems, "%s was to read %s of %s", r, d, w)
		}
	})
}
