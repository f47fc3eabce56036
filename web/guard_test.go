package web

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"eddy/lab/fleet"
)

func TestOnlyOwnHostsAreAnswered(t *testing.T) {
	st := newSite(t, func(c *Config, _ *fleet.Config) { c.Hosts = []string{"eddy.example.org", ""} })
	onAddress := func(r *http.Request) {
		*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 168, 1, 5), Port: 8080}))
	}
	for host, allowed := range map[string]bool{
		"localhost": true, "localhost:8080": true, "LOCALHOST:1": true, "localhost.": true,
		"127.0.0.1:8080": true, "127.9.9.9": true, "[::1]:8080": true, "[::1]": true,
		"eddy.example.org": true, "Eddy.Example.Org:443": true,
		"192.168.1.5:8080": true, "192.168.1.6:8080": false, "8.8.8.8": false,
		"evil.test": false, "evil.test:8080": false, "localhost.evil.test": false, "127.0.0.1.evil.test": false,
		"xeddy.example.org": false, "": false, ":8080": false, "[::2]:8080": false, "0": false, "2130706433": false,
	} {
		w := st.ask("GET", "/healthz", "", onAddress, func(r *http.Request) { r.Host = host })
		assert.Equal(t, allowed, w.Code == http.StatusOK, host)
		if !allowed {
			assert.Equal(t, http.StatusForbidden, w.Code, host)
		}
	}
}

func TestOnlyOwnPagesMayCall(t *testing.T) {
	st := newSite(t)
	for _, c := range []struct {
		why     string
		allowed bool
		headers [][2]string
	}{
		{"no page at all", true, nil},
		{"own page", true, [][2]string{{"Origin", "http://localhost:8080"}}},
		{"own page behind TLS", true, [][2]string{{"Origin", "https://localhost:8080"}}},
		{"own form", true, [][2]string{{"Origin", "null"}, {"Sec-Fetch-Site", "same-origin"}}},
		{"a link on another site", true, [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}}},
		{"typed by hand", true, [][2]string{{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Mode", "navigate"}}},
		{"another site", false, [][2]string{{"Origin", "http://evil.test"}}},
		{"another program on this machine", false, [][2]string{{"Origin", "http://localhost:3000"}}},
		{"another name of this machine", false, [][2]string{{"Origin", "http://127.0.0.1:8080"}}},
		{"a sandbox", false, [][2]string{{"Origin", "null"}}},
		{"a foreign sandbox", false, [][2]string{{"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}}},
		{"two origins", false, [][2]string{{"Origin", "http://localhost:8080"}, {"Origin", "http://evil.test"}}},
		{"a browser extension", false, [][2]string{{"Origin", "chrome-extension://localhost:8080"}}},
		{"nonsense", false, [][2]string{{"Origin", "http://%zz"}}},
		{"an empty origin", false, [][2]string{{"Origin", ""}}},
		{"a picture on another site", false, [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}}},
	} {
		for _, method := range []string{"GET", "POST"} {
			w := st.ask(method, "/nowhere", "", func(r *http.Request) {
				for _, h := range c.headers {
					r.Header.Add(h[0], h[1])
				}
			})
			want := http.StatusNotFound
			if !c.allowed {
				want = http.StatusForbidden
			}
			assert.Equal(t, want, w.Code, "%s %s", method, c.why)
		}
	}
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	st := newSite(t)
	for _, path := range []string{"/", "/healthz", "/static/none", "/api/labs/x", "/lab/~x"} {
		h := st.ask("GET", path, "").Header()
		policy := h.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'self'", "style-src 'self'", "frame-ancestors 'self'", "base-uri 'none'"} {
			assert.Contains(t, policy, rule)
		}
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	}
}
