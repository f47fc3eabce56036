package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab"
	"eddy/lab/fleet"
)

func TestOpenLabNeedsThisMachineOrTheTeacherKey(t *testing.T) {
	st := newSite(t, func(c *Config, _ *fleet.Config) { c.Hosts = []string{"eddy.example.org"} })
	require.NoError(t, st.cfg.Labs.Adopt(openID, newFakeLab()))
	named := func(r *http.Request) { r.Host = "eddy.example.org" }
	cookie := func(v string) func(*http.Request) { return header("Cookie", teacherCookie+"="+v) }
	for _, c := range []struct {
		why     string
		allowed bool
		change  []func(*http.Request)
	}{
		{"this machine", true, nil},
		{"this machine over IPv6", true, []func(*http.Request){func(r *http.Request) { r.RemoteAddr = "[::1]:99" }}},
		{"elsewhere", false, []func(*http.Request){from("192.0.2.7")}},
		{"elsewhere with the key", true, []func(*http.Request){from("192.0.2.7"), header("Authorization", "Bearer the-key")}},
		{"elsewhere with a wrong key", false, []func(*http.Request){from("192.0.2.7"), header("Authorization", "Bearer the-kez")}},
		{"elsewhere with no key", false, []func(*http.Request){from("192.0.2.7"), header("Authorization", "Bearer ")}},
		{"elsewhere with the cookie", true, []func(*http.Request){from("192.0.2.7"), cookie(st.teacherToken())}},
		{"elsewhere with the key as cookie", false, []func(*http.Request){from("192.0.2.7"), cookie("the-key")}},
		{"through a proxy on this machine", false, []func(*http.Request){header("X-Forwarded-For", "192.0.2.7")}},
		{"through a proxy that hides itself", false, []func(*http.Request){named}},
		{"a proxy that claims loopback", false, []func(*http.Request){header("X-Forwarded-For", "127.0.0.1")}},
	} {
		for _, path := range []string{"/api/labs/open", "/api/labs/open/journal", "/lab/open", "/lab/~open"} {
			w := st.ask("GET", path, "", c.change...)
			want := http.StatusOK
			if !c.allowed {
				want = http.StatusForbidden
			}
			assert.Equal(t, want, w.Code, "%s: %s", c.why, path)
		}
	}
	w := st.ask("DELETE", "/api/labs/open", "")
	assert.Equal(t, lab.Conflict, reasonOf(t, w).Code)
}

func TestTeacherKeyInTheAddressBecomesACookieAndLeavesTheAddress(t *testing.T) {
	st := newSite(t)
	require.NoError(t, st.cfg.Labs.Adopt(openID, newFakeLab()))
	w := st.ask("GET", "/lab/open?key=the-key", "", from("192.0.2.7"))
	require.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/lab/open", w.Header().Get("Location"))
	c := w.Result().Cookies()[0]
	assert.True(t, c.HttpOnly)
	assert.NotContains(t, c.Value, "the-key")
	w = st.ask("GET", "/lab/open", "", from("192.0.2.7"), header("Cookie", c.Name+"="+c.Value))
	assert.Equal(t, http.StatusOK, w.Code)
	w = st.ask("GET", "/lab/open?key=wrong", "", from("192.0.2.7"))
	assert.Equal(t, http.StatusForbidden, w.Code)
}

func TestClientsAreToldApartByTheirNetwork(t *testing.T) {
	name := func(remote, forwarded string) string {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{}}
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		return clientAddr(r)
	}
	assert.Equal(t, "192.0.2.7", name("192.0.2.7:1", ""))
	assert.Equal(t, "192.0.2.7", name("[::ffff:192.0.2.7]:1", ""))
	assert.Equal(t, name("[2001:db8::1]:1", ""), name("[2001:db8::ffff]:2", ""), "a /64 is one client")
	assert.NotEqual(t, name("[2001:db8::1]:1", ""), name("[2001:db8:0:1::1]:1", ""))
	assert.Equal(t, "192.0.2.7", name("192.0.2.7:1", "198.51.100.1"), "a stranger is not believed")
	assert.Equal(t, "198.51.100.1", name("127.0.0.1:1", "10.0.0.1, 198.51.100.1"), "our proxy is, about its own client")
	assert.Equal(t, "127.0.0.1", name("127.0.0.1:1", "nonsense"))
}
