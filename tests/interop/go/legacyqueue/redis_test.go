package legacyqueue

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startRedis runs a server of the test's own, so that MONITOR shows nobody else's commands.
func startRedis(t *testing.T) string {
	t.Helper()
	binary := ""
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			binary = path
			break
		}
	}
	if binary == "" {
		t.Skip("needs redis-server or valkey-server on the PATH (apt-get install redis-server)")
	}
	addr := freeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	server := exec.Command(binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	deadline := time.Now().Add(10 * time.Second)
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return addr
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not start: %v", binary, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// monitor records every command a server executes.
type monitor struct {
	t     *testing.T
	lines *bufio.Reader
	rdb   *redis.Client
	marks int
}

func newMonitor(t *testing.T, addr string, rdb *redis.Client) *monitor {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	m := &monitor{t: t, lines: bufio.NewReader(conn), rdb: rdb}
	if line, err := m.lines.ReadString('\n'); err != nil || strings.TrimSpace(line) != "+OK" {
		t.Fatalf("MONITOR answered %q, %v", line, err)
	}
	return m
}

// take returns the commands since the last call, one string each: the arguments between spaces, the
// command itself in capitals.
func (m *monitor) take() []string {
	m.t.Helper()
	m.marks++
	mark := fmt.Sprintf("mark-%d", m.marks)
	if err := m.rdb.Echo(context.Background(), mark).Err(); err != nil {
		m.t.Fatal(err)
	}
	var commands []string
	for {
		line, err := m.lines.ReadString('\n')
		if err != nil {
			m.t.Fatal(err)
		}
		words := arguments(m.t, line)
		words[0] = strings.ToUpper(words[0])
		if words[0] == "ECHO" && words[1] == mark {
			return commands
		}
		commands = append(commands, strings.Join(words, " "))
	}
}

// arguments reads a line like `+1700000000.1 [0 127.0.0.1:4711] "set" "key" "a \"b\""`.
func arguments(t *testing.T, line string) []string {
	t.Helper()
	rest := line[strings.Index(line, "]")+1:]
	var words []string
	for {
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return words
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			t.Fatalf("cannot read %q: %v", line, err)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("cannot read %q: %v", line, err)
		}
		words = append(words, word)
		rest = rest[len(quoted):]
	}
}
