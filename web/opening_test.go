package web

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
	"eddy/scenarios"
)

// A step that cannot begin as the lab stands says so, lets the learner put it
// right, and is tried again.
func TestAStepThatCannotBeginIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stuck.yaml"), []byte(`
id: stuck
title: Stuck
pattern: kafka
level: 1
minutes: 1
summary: A step that waits for what does not come.
lab: {seed: 1, work: 10ms}
steps:
  - {id: one, title: One, goal: 'any(orders, .status == "COMPLETED")'}
  - id: two
    title: Two
    do: [{wait_until: {expr: 'service("payment").state == "paused"', within: 1s}}]
    goal: len(orders) > 1
`), 0o600))
	library, err := scenarios.NewLibrary(dir)
	require.NoError(t, err)
	require.Empty(t, library.Broken())
	synctest.Test(t, func(t *testing.T) {
		st := newSite(t, func(c *Config, f *fleet.Config) { c.Scenarios, f.Open = library, fleet.OpenLab })
		st.decode = lab.DecodeActions
		p := st.pupil("")
		p.enter("stuck")
		p.acts(`{"place_order":{"user":"user-1","items":[{"sku":"mouse","qty":1}]}}`)
		p.until(scenarios.Explaining)
		code, _, _ := p.send("POST", "/api/labs/"+p.lab+"/guide", `{"do":"next"}`)
		assert.Equal(t, http.StatusConflict, code)
		v := p.guide()
		assert.True(t, v.Opening)
		assert.Contains(t, v.Trouble, "The lab could not begin this step: ")
		assert.Contains(t, v.Trouble, "Put that right, and try again.")
		assert.Empty(t, v.Gate, "it can be put right")

		p.acts(`{"pause":"payment"}`)
		again := p.does(`{"do":"next"}`)
		assert.False(t, again.Opening)
		assert.Empty(t, again.Trouble)
	})
}
