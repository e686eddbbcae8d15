package legacyqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

// unixSeconds in a message, which differ from run to run.
var unixSeconds = regexp.MustCompile(`"timestamp":\d{10}`)

// fixture is a queue on a server whose every command is seen.
type fixture struct {
	*testing.T
	q       *QueueService
	rdb     *redis.Client
	monitor *monitor
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	addr := startRedis(t)
	rdb := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true, PoolSize: 1})
	t.Cleanup(func() { _ = rdb.Close() })
	f := &fixture{T: t, q: NewQueueService(rdb, "botrix", "jobs", DefaultTTL), rdb: rdb}
	f.monitor = newMonitor(t, addr, rdb)
	f.monitor.take()
	return f
}

// sees asserts the commands since the last look. In want, `<p>` is the key prefix and `*` any text.
func (f *fixture) sees(want ...string) {
	f.Helper()
	got := f.monitor.take()
	for i := range got {
		got[i] = unixSeconds.ReplaceAllString(got[i], `"timestamp":T`)
	}
	for i := 0; i < len(got) || i < len(want); i++ {
		if i >= len(got) || i >= len(want) || !matches(want[i], got[i]) {
			f.Fatalf("command %d differs\n got: %s\nwant: %s", i+1, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
		}
	}
}

func matches(pattern, text string) bool {
	pattern = strings.ReplaceAll(pattern, "<p>", "botrix:jobs:")
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + "$").MatchString(text)
}

// must ends the test on an error.
func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// has adds a job, and drops the commands of that.
func (f *fixture) has(id string, priority int) *Job {
	f.Helper()
	job := NewJob(id, priority)
	f.must(f.q.AddJob(ctx, job))
	f.monitor.take()
	return job
}

func update(event, id, status string) string {
	return fmt.Sprintf(`PUBLISH <p>updates {"data":{"job_id":"%s","status":"%s"},"event":"%s","job_id":"%s","timestamp":T}`, id, status, event, id)
}

func setStatus(id, status string) []string {
	return []string{fmt.Sprintf("SET <p>status:%s %s ex 3600", id, status), update("status_updated", id, status)}
}

func added(id string, priority int) []string {
	commands := append([]string{fmt.Sprintf("SET <p>data:%s {*} ex 3600", id)}, setStatus(id, StatusPending)...)
	return append(commands,
		fmt.Sprintf("ZADD <p>queue %d %s", -priority, id),
		"EXPIRE <p>queue 3600",
		fmt.Sprintf(`PUBLISH <p>updates {"data":{"job_id":"%s","priority":%d,"status":"pending"},"event":"job_added","job_id":"%s","timestamp":T}`, id, priority, id))
}

func ended(id, status string, more ...string) []string {
	commands := append(setStatus(id, status), "ZREM <p>queue "+id, "SREM <p>processing "+id, "SREM <p>processing "+id)
	return append(commands, more...)
}

func TestAddJob(t *testing.T) {
	f := newFixture(t)
	f.must(f.q.AddJob(ctx, NewJob("a", PriorityHigh)))
	f.sees(added("a", 2)...)
}

func TestAddJobStoresTheServicesOwnFieldsAtTheTopLevel(t *testing.T) {
	f := newFixture(t)
	job := NewJob("a", PriorityNormal)
	job.Count, job.Username, job.TestMode = 3, "ada", true
	f.must(f.q.AddJob(ctx, job))
	doc, err := f.rdb.Get(ctx, "botrix:jobs:data:a").Bytes()
	f.must(err)
	var fields map[string]interface{}
	f.must(json.Unmarshal(doc, &fields))
	for name, want := range map[string]interface{}{
		"id": "a", "status": "pending", "progress": 0.0, "priority": 1.0, "deleted_at": nil,
		"count": 3.0, "username": "ada", "successful": 0.0, "failed": 0.0, "test_mode": true,
	} {
		if got, found := fields[name]; !found || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"type", "payload", "started_at", "completed_at", "error_msg"} {
		if _, found := fields[name]; found {
			t.Errorf("there is a field %s", name)
		}
	}
}

func TestUpdateJobStatus(t *testing.T) {
	f := newFixture(t)
	f.must(f.q.UpdateJobStatus(ctx, "a", StatusPending))
	f.sees(setStatus("a", "pending")...)
	f.must(f.q.UpdateJobStatus(ctx, "a", "processing"))
	f.sees(setStatus("a", "running")...)
	for _, status := range []string{StatusCompleted, StatusFailed, StatusCancelled} {
		f.must(f.q.UpdateJobStatus(ctx, "a", status))
		f.sees(append(setStatus("a", status), "ZREM <p>queue a", "SREM <p>processing a")...)
	}
}

func TestDequeueJob(t *testing.T) {
	f := newFixture(t)
	f.has("a", 1)
	job, err := f.q.DequeueJob(ctx)
	f.must(err)
	if job.ID != "a" {
		t.Fatalf("took %q", job.ID)
	}
	f.sees(append([]string{"ZPOPMIN <p>queue 1", "GET <p>data:a", "SADD <p>processing a"}, setStatus("a", "running")...)...)
	if job, err = f.q.DequeueJob(ctx); job != nil || err != nil {
		t.Fatalf("an empty queue gave %v, %v", job, err)
	}
	f.sees("ZPOPMIN <p>queue 1")
}

func TestDequeueJobLosesAJobWithoutDocument(t *testing.T) {
	f := newFixture(t)
	f.has("a", 1)
	f.must(f.rdb.Del(ctx, "botrix:jobs:data:a").Err())
	f.monitor.take()
	if _, err := f.q.DequeueJob(ctx); err == nil {
		t.Fatal("no error")
	}
	f.sees("ZPOPMIN <p>queue 1", "GET <p>data:a")
}

func TestEndingAJob(t *testing.T) {
	f := newFixture(t)
	f.must(f.q.CompleteJob(ctx, "a"))
	f.sees(ended("a", "completed", update("job_completed", "a", "completed"))...)
	f.must(f.q.FailJob(ctx, "a", false, nil))
	f.sees(ended("a", "failed", update("job_failed", "a", "failed"))...)
	f.must(f.q.CancelJob(ctx, "a"))
	f.sees(ended("a", "cancelled", "ZREM <p>queue a", update("job_cancelled", "a", "cancelled"))...)
}

func TestFailJobWithRequeue(t *testing.T) {
	f := newFixture(t)
	job := NewJob("a", 1)
	for _, priority := range []int{0, 0} {
		f.must(f.q.FailJob(ctx, "a", true, job))
		f.sees(append(ended("a", "failed"), added("a", priority)...)...)
	}
}

func TestReading(t *testing.T) {
	f := newFixture(t)
	f.has("a", 1)
	f.has("b", 2)
	_, err := f.q.GetJobStatus(ctx, "a")
	f.must(err)
	f.sees("GET <p>status:a")
	_, err = f.q.GetPendingJobs(ctx)
	f.must(err)
	f.sees("ZRANGE <p>queue 0 -1", "GET <p>data:b", "GET <p>status:b", "GET <p>data:a", "GET <p>status:a")
	f.must(f.q.SaveJobResult(ctx, "a", map[string]int{"n": 1}))
	f.sees(`SET <p>results:a {"n":1} ex 3600`)
	result, err := f.q.GetJobResult(ctx, "a")
	f.must(err)
	if string(result) != `{"n":1}` {
		t.Fatalf("result is %s", result)
	}
	f.sees("GET <p>results:a")
	_, err = f.q.GetQueueLength(ctx)
	f.must(err)
	f.sees("ZCARD <p>queue")
	_, err = f.q.GetProcessingCount(ctx)
	f.must(err)
	f.sees("SCARD <p>processing")
	_, err = f.q.IsJobProcessing(ctx, "a")
	f.must(err)
	f.sees("SISMEMBER <p>processing a")
	stats, err := f.q.GetQueueStats(ctx)
	f.must(err)
	f.sees("ZCARD <p>queue", "SCARD <p>processing", "ZCOUNT <p>queue -inf -2", "ZCOUNT <p>queue -2 -1", "ZCOUNT <p>queue -1 +inf")
	// The job of priority 2 counts as high and as normal, that of 1 as normal and as low.
	if want := (Stats{2, 0, 1, 2, 1, 3600}); *stats != want {
		t.Fatalf("stats are %+v, want %+v", *stats, want)
	}
}

func TestClearingAndHealth(t *testing.T) {
	f := newFixture(t)
	f.must(f.q.ClearQueue(ctx))
	f.sees("DEL <p>queue")
	f.must(f.q.ClearProcessing(ctx))
	f.sees("DEL <p>processing")
	f.must(f.q.Health(ctx))
	f.sees("PING")
}

func TestSubscribe(t *testing.T) {
	f := newFixture(t)
	sub, err := f.q.Subscribe(ctx, "")
	f.must(err)
	defer func() { _ = sub.Close() }()
	f.must(f.q.UpdateJobStatus(ctx, "a", StatusPending))
	message, err := sub.ReceiveMessage(ctx)
	f.must(err)
	if !matches(`{"data":{"job_id":"a","status":"pending"},"event":"status_updated","job_id":"a","timestamp":*}`, message.Payload) {
		t.Fatalf("heard %s", message.Payload)
	}
	// The subscription has a connection of its own, which greets first.
	f.sees(append([]string{"HELLO 2", "SUBSCRIBE <p>updates"}, setStatus("a", "pending")...)...)
	other, err := f.q.Subscribe(ctx, "elsewhere")
	f.must(err)
	f.must(other.Close())
	f.sees("HELLO 2", "SUBSCRIBE elsewhere")
}

func TestErrorTextsAndThatNothingIsWritten(t *testing.T) {
	f := newFixture(t)
	_, noStatus := f.q.GetJobStatus(ctx, "a")
	_, noResult := f.q.GetJobResult(ctx, "a")
	f.sees("GET <p>status:a", "GET <p>results:a")
	for _, check := range []struct {
		got  error
		want string
	}{
		{noStatus, "job status not found"},
		{noResult, "job result not found"},
		{f.q.AddJob(ctx, NewJob("", 1)), "job ID cannot be empty"},
		{f.q.CompleteJob(ctx, ""), "job ID cannot be empty"},
		{f.q.UpdateJobStatus(ctx, "a", "lost"), "invalid job status: lost"},
	} {
		if check.got == nil || check.got.Error() != check.want {
			t.Errorf("error is %v, want %q", check.got, check.want)
		}
	}
	f.sees()
}

func TestWorker(t *testing.T) {
	f := newFixture(t)
	f.has("a", 1)
	var steps []string
	w := NewWorker(f.q, WorkerOptions{
		ID: "w1", Count: 1, Poll: time.Millisecond, HealthPrefix: "botrix",
		OnStep:  func(id, step string) { steps = append(steps, id+" "+step) },
		OnError: func(err error) { t.Error(err) },
	})
	if n := w.Run(ctx); n != 1 {
		t.Fatalf("took %d jobs", n)
	}
	beat := "SET botrix:worker:health:w1 {*} ex 60"
	commands := append([]string{beat, "ZPOPMIN <p>queue 1", "GET <p>data:a", "SADD <p>processing a"}, setStatus("a", "running")...)
	commands = append(commands, beat, `SET <p>results:a {"count":0,"job_id":"a","language":"go","worker_id":"w1"} ex 3600`)
	commands = append(commands, ended("a", "completed", update("job_completed", "a", "completed"))...)
	f.sees(append(commands, beat)...)
	if got := strings.Join(steps, ", "); got != "a running, a completed" {
		t.Fatalf("steps are %s", got)
	}
	if _, err := f.q.GetJobResult(ctx, "nobody"); !errors.Is(err, ErrResultNotFound) {
		t.Fatal(err)
	}
}
