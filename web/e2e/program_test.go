package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"eddy/content"
	"eddy/quiz"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "eddy-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "eddy")
	build := exec.Command("go", "build", "-o", binary, "eddy")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		panic(fmt.Sprintf("build the program: %v", err))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// need skips a test whose tool is missing.
func need(t *testing.T, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	missing(t, tool+" is not installed")
	return ""
}

func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("EDDY_TEST_ALL") == "1" {
		t.Fatal(why + ", and EDDY_TEST_ALL=1 asks for every test")
	}
	t.Skip(why)
}

// program is a running Eddy.
type program struct {
	t     *testing.T
	URL   string
	Lines []string // what it printed at the start, the URL first
	cmd   *exec.Cmd
}

// serve starts the program and waits for the lines that it prints first.
func serve(t *testing.T, lines int, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(binary, append([]string{"--addr", "127.0.0.1:0", "--data", ":memory:"}, args...)...)}
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = os.Stderr
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	in := bufio.NewScanner(out)
	for len(p.Lines) < lines && in.Scan() {
		p.Lines = append(p.Lines, in.Text())
	}
	require.Len(t, p.Lines, lines, "the program ended early")
	p.URL = p.Lines[0]
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return p
}

// call makes a request and decodes the JSON answer.
func (p *program) call(method, path, body string, into any) int {
	p.t.Helper()
	req, err := http.NewRequest(method, p.URL+path, strings.NewReader(body))
	require.NoError(p.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	if into != nil {
		require.NoError(p.t, json.Unmarshal(raw, into), "%s", raw)
	}
	return resp.StatusCode
}

// newLab makes a lab and returns its id.
func (p *program) newLab(settings string) string {
	p.t.Helper()
	var made struct{ ID string }
	require.Equal(p.t, http.StatusCreated, p.call("POST", "/api/labs", settings, &made))
	return made.ID
}

// act carries out actions, all of which must succeed.
func (p *program) act(lab string, actions ...string) {
	p.t.Helper()
	var answer struct {
		Results []struct {
			OK    bool
			Error *struct{ Message string }
		}
	}
	status := p.call("POST", "/api/labs/"+lab+"/actions", "["+strings.Join(actions, ",")+"]", &answer)
	require.Equal(p.t, http.StatusOK, status)
	require.Len(p.t, answer.Results, len(actions), "%+v", answer)
	for i, r := range answer.Results {
		require.True(p.t, r.OK, "%s: %+v", actions[i], r.Error)
	}
}

// eval asks an expression.
func (p *program) eval(lab, expr string) any {
	p.t.Helper()
	var answer struct{ Value any }
	p.call("GET", "/api/labs/"+lab+"/eval?expr="+url.QueryEscape(expr), "", &answer)
	return answer.Value
}

const (
	orderA  = `{"place_order":{"as":"A","user":"user-7","items":[{"sku":"mouse","qty":1}]}}`
	settled = `{"wait_until":{"expr":"settled","within":"20s"}}`
)

func TestProgramPrintsItsURLFirstAndEndsCleanlyOnASignal(t *testing.T) {
	p := serve(t, 3)
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+$`, p.URL)
	assert.Contains(t, p.Lines[1], "data:")
	var health struct{ Status string }
	assert.Equal(t, http.StatusOK, p.call("GET", "/healthz", "", &health))
	id := p.newLab(`{"work":"0s"}`)
	p.act(id, orderA, settled, `{"expect":"order(\"A\").status == \"COMPLETED\""}`)

	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
	assert.NoError(t, p.cmd.Wait(), "a signal is a clean end")
	_, err := http.Get(p.URL)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestExitCodesAndWordsOfTheCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, 0, "franz-go"},
		{[]string{"fly"}, 2, "fly"},
		{[]string{"--speed", "9"}, 2, "speed"},
		{[]string{"play", "nowhere"}, 2, "neither a bundled scenario"},
		{[]string{"check", "nowhere"}, 2, "no such file"},
		{[]string{"--addr", "nonsense"}, 2, "nonsense"},
	} {
		out, err := exec.Command(binary, c.args...).CombinedOutput()
		code := 0
		if err != nil {
			code = err.(*exec.ExitError).ExitCode()
		}
		assert.Equal(t, c.code, code, "%v: %s", c.args, out)
		assert.Contains(t, string(out), c.says, "%v", c.args)
	}
}

func TestTakenPortsAreSaidInWords(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	for _, flag := range []string{"--addr", "--kafka-listen"} {
		args := []string{"--data", ":memory:", flag, ln.Addr().String()}
		if flag != "--addr" {
			args = append(args, "--addr", "127.0.0.1:0")
		}
		out, err := exec.Command(binary, args...).CombinedOutput()
		assert.Error(t, err)
		assert.Contains(t, string(out), ln.Addr().String(), flag)
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("EDDY_TEACHER_KEY", "a-key-of-my-own")
	t.Setenv("EDDY_MAX_LABS", "1")
	p := serve(t, 2)
	p.newLab("")
	var refused struct {
		Error struct{ Code, Message string }
	}
	assert.Equal(t, http.StatusTooManyRequests, p.call("POST", "/api/labs", "", &refused))
	assert.Equal(t, "too_many", refused.Error.Code)
}

func TestABadValueInTheEnvironmentIsAUsageError(t *testing.T) {
	t.Setenv("EDDY_MAX_LABS", "many")
	out, err := exec.Command(binary, "--data", ":memory:", "--addr", "127.0.0.1:0").CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 2, exit.ExitCode())
	assert.Contains(t, string(out), "many")
}

// freePorts finds three consecutive ports that nobody uses.
func freePorts(t *testing.T) int {
	t.Helper()
	for port := 19092; port < 60000; port += 7 {
		free := true
		for i := range 3 {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+i))
			if err != nil {
				free = false
				break
			}
			ln.Close()
		}
		if free {
			return port
		}
	}
	t.Fatal("no three consecutive free ports")
	return 0
}

// openLab starts a program whose lab `open` listens for Kafka clients.
func openLab(t *testing.T) (p *program, bootstrap string) {
	t.Helper()
	bootstrap = fmt.Sprintf("127.0.0.1:%d", freePorts(t))
	return serve(t, 4, "--kafka-listen", bootstrap), bootstrap
}

func run(t *testing.T, stdin string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	require.NoError(t, cmd.Wait(), "%s %v: %s", name, args, errs.String())
	return out.String()
}

// The example of the README, word for word: what it says is what happens.
func TestREADMEExampleChargesTwice(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, script, ok := strings.Cut(string(readme), "/actions -d '")
	require.True(t, ok)
	script, _, ok = strings.Cut(script, "'\ncurl")
	require.True(t, ok)

	p := serve(t, 3)
	id := p.newLab(`{"work":"0s"}`)
	var answer struct {
		Results []struct {
			OK    bool
			Error *struct{ Message string }
		}
	}
	require.Equal(t, http.StatusOK, p.call("POST", "/api/labs/"+id+"/actions", script, &answer))
	require.Len(t, answer.Results, 7)
	for _, r := range answer.Results {
		require.True(t, r.OK, "%+v", r.Error)
	}
	assert.Equal(t, "broken", p.eval(id, `invariant("no-double-charge")`))
}

// What the README counts is what there is.
func TestREADMECountsWhatIsThere(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	questions, inLab := 0, 0
	for _, q := range quiz.Bundled() {
		questions += len(q.Questions)
		for _, one := range q.Questions {
			if one.Kind == quiz.Predict || one.Kind == quiz.Lab {
				inLab++
			}
		}
	}
	assert.Contains(t, string(readme), fmt.Sprintf("%d **lessons**, %d **scenarios** and %d **quizzes**",
		len(content.Bundled().Lessons), len(scenarios.Bundled()), len(quiz.Bundled())))
	assert.Contains(t, string(readme), fmt.Sprintf("Of %d questions %d are answered by a lab", questions, inLab))
}
