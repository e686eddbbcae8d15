// Command legacy is a Go service on the Redis queue that existed before Drover. It does to Redis what
// such services do, command by command; Drover's tests drive it.
//
//	legacy <operation> [flags]     one operation; the answer is one JSON line on stdout
//	legacy serve [flags]           operations as JSON lines on stdin, answers as JSON lines on stdout
//	legacy watch [flags]           prints "subscribed", then every message as it came
//	legacy work [flags]            takes jobs until it is told to stop; one JSON line per step
//
// Errors go to stderr, with exit code 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"drover.dev/interop/legacyqueue"
)

// settings are the flags of every mode.
type settings struct {
	redisURL, prefix, queue string
	ttl                     time.Duration
	crashAfter              string
	slow                    time.Duration
}

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: legacy <serve | watch | work | " + strings.Join(operationNames(), " | ") + "> [flags]")
	}
	mode := args[0]
	flags := flag.NewFlagSet("legacy "+mode, flag.ContinueOnError)
	var s settings
	flags.StringVar(&s.redisURL, "redis", env("REDIS_URL", "redis://127.0.0.1:6379"), "Redis `URL`")
	flags.StringVar(&s.prefix, "prefix", env("QUEUE_PREFIX", "botrix"), "key prefix")
	flags.StringVar(&s.queue, "queue", env("QUEUE_NAME", "jobs"), "queue name")
	ttl := flags.Float64("ttl-seconds", legacyqueue.DefaultTTL.Seconds(), "lifetime of every key")
	flags.StringVar(&s.crashAfter, "crash-after", "", "kill -9 this process after a Redis `command` (zpopmin) or its n-th call (set:2)")
	flags.DurationVar(&s.slow, "slow", 0, "wait so long after every Redis command, as on a bad network")
	crashAfterPop := flags.Bool("crash-after-pop", false, "the same as --crash-after zpopmin")
	crashWhileRunning := flags.Bool("crash-while-running", false, "work: kill -9 this process while it holds a job")
	var w legacyqueue.WorkerOptions
	workerFlags(flags, &w)
	heartbeat := flags.Bool("heartbeat", false, "work: report health at <prefix>:worker:health:<worker-id>")
	req := request{}
	requestFlags(flags, &req)
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	s.ttl = time.Duration(*ttl * float64(time.Second))
	if *crashAfterPop {
		s.crashAfter = "zpopmin"
	}

	rdb, err := connect(s, out)
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	q := legacyqueue.NewQueueService(rdb, s.prefix, s.queue, s.ttl)
	switch mode {
	case "serve":
		return serve(ctx, q, in, out)
	case "watch":
		return watch(ctx, q, req.Channel, out)
	case "work":
		if *heartbeat {
			w.HealthPrefix = s.prefix
		}
		// One flag serves both "add so many" and "stop after so many".
		w.Count = req.Count
		// Told to stop, a worker finishes the job in hand; the other modes just end.
		stopping, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		return work(stopping, q, w, *crashWhileRunning, out)
	}
	req.Op = mode
	if mode == "add" && !given(flags, "id") {
		req.ID = randomID()
	}
	answer, err := newOperator(q).do(ctx, req)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(answer)
}

func connect(s settings, out io.Writer) (*redis.Client, error) {
	options, err := redis.ParseURL(s.redisURL)
	if err != nil {
		return nil, fmt.Errorf("wrong Redis URL: %w", err)
	}
	// Services of that age speak RESP2 and do not introduce themselves.
	options.Protocol = 2
	options.DisableIdentity = true
	options.DisableIndentity = true
	rdb := redis.NewClient(options)
	if s.crashAfter != "" {
		hook, err := newCrashHook(s.crashAfter, out)
		if err != nil {
			return nil, err
		}
		rdb.AddHook(hook)
	}
	if s.slow > 0 {
		rdb.AddHook(slowHook{pause: s.slow})
	}
	return rdb, nil
}

func watch(ctx context.Context, q *legacyqueue.QueueService, channel string, out io.Writer) error {
	sub, err := q.Subscribe(ctx, channel)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Close() }()
	fmt.Fprintln(out, "subscribed")
	for {
		message, err := sub.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, message.Payload)
	}
}

func work(ctx context.Context, q *legacyqueue.QueueService, w legacyqueue.WorkerOptions, crash bool, out io.Writer) error {
	lines := json.NewEncoder(out)
	w.OnStep = func(id, step string) {
		_ = lines.Encode(map[string]string{"id": id, "step": step})
		if crash && step == "running" {
			die()
		}
	}
	w.OnError = func(err error) { fmt.Fprintln(os.Stderr, err) }
	processed := legacyqueue.NewWorker(q, w).Run(ctx)
	return lines.Encode(map[string]interface{}{"step": "stopped", "processed": processed})
}

func workerFlags(flags *flag.FlagSet, w *legacyqueue.WorkerOptions) {
	flags.StringVar(&w.ID, "worker-id", fmt.Sprintf("go-%d", os.Getpid()), "work: name of the worker")
	flags.DurationVar(&w.Sleep, "sleep", 10*time.Millisecond, "work: how long a job takes")
	flags.DurationVar(&w.Poll, "poll", 50*time.Millisecond, "work: pause when the queue is empty")
	flags.DurationVar(&w.Duration, "duration", 0, "work: stop after so long; 0 = never")
	flags.IntVar(&w.FailEvery, "fail-every", 0, "work: every n-th job fails; 0 = none")
	flags.BoolVar(&w.Requeue, "requeue", false, "work: failing jobs are added again")
	flags.BoolVar(&w.HeedCancel, "heed-cancel", false, "work: read the status before completing")
}

// given says whether a flag was on the command line: an empty id is not the same as none.
func given(flags *flag.FlagSet, name string) bool {
	found := false
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func operationNames() []string {
	names := make([]string, 0, len(operations))
	for name := range operations {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
