// Adds jobs the way a legacy Go service does, one for each line on its standard input, and tells when.
//
//	add-job <host:port> <prefix of the queue's keys>
//
// In:  <id> <number>
// Out: <nanoseconds before the first command> <nanoseconds before the job is put into the queue>
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

const (
	ttl      = "3600"
	priority = 1
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: add-job <host:port> <prefix>"))
	}
	redis, err := dial(os.Args[1])
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var id string
		var number int
		if _, err := fmt.Sscan(lines.Text(), &id, &number); err != nil {
			fail(err)
		}
		started, queued, err := addJob(redis, os.Args[2], id, number)
		if err != nil {
			fail(err)
		}
		fmt.Println(started.UnixNano(), queued.UnixNano())
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// addJob is the contract's AddJob: six commands, each after the reply to the one before.
func addJob(redis *connection, prefix, id string, number int) (started, queued time.Time, err error) {
	started = time.Now()
	document, err := json.Marshal(map[string]any{
		"id": id, "created_at": started, "updated_at": started, "deleted_at": nil,
		"status": "pending", "progress": 0, "priority": priority, "n": number,
	})
	if err != nil {
		return
	}
	updates := prefix + "updates"
	first := [][]string{
		{"SET", prefix + "data:" + id, string(document), "EX", ttl},
		{"SET", prefix + "status:" + id, "pending", "EX", ttl},
		{"PUBLISH", updates, message("status_updated", id, map[string]any{"job_id": id, "status": "pending"})},
	}
	added := map[string]any{"job_id": id, "priority": priority, "status": "pending"}
	second := [][]string{
		{"ZADD", prefix + "queue", fmt.Sprint(-priority), id},
		{"EXPIRE", prefix + "queue", ttl},
		{"PUBLISH", updates, message("job_added", id, added)},
	}
	if err = redis.doAll(first); err != nil {
		return
	}
	queued = time.Now()
	err = redis.doAll(second)
	return
}

func message(event, id string, data map[string]any) string {
	text, _ := json.Marshal(map[string]any{"data": data, "event": event, "job_id": id, "timestamp": time.Now().Unix()})
	return string(text)
}

// connection speaks as much of Redis's protocol as AddJob needs.
type connection struct {
	net.Conn
	replies *bufio.Reader
}

func dial(address string) (*connection, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn, bufio.NewReader(conn)}, nil
}

func (redis *connection) doAll(commands [][]string) error {
	for _, command := range commands {
		if err := redis.do(command); err != nil {
			return fmt.Errorf("%s: %w", command[0], err)
		}
	}
	return nil
}

func (redis *connection) do(command []string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := redis.Write([]byte(text.String())); err != nil {
		return err
	}
	reply, err := redis.replies.ReadString('\n')
	if err != nil {
		return err
	}
	if strings.HasPrefix(reply, "-") {
		return fmt.Errorf("%s", strings.TrimSpace(reply[1:]))
	}
	return nil
}
