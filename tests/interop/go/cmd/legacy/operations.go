package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"drover.dev/interop/legacyqueue"
)

// request is one operation with its arguments, from flags or from a JSON line.
type request struct {
	Op string `json:"op"`

	ID       string  `json:"id"`
	Priority int     `json:"priority"`
	Status   string  `json:"status"`
	Result   rawJSON `json:"result"`
	Requeue  bool    `json:"requeue"`
	Channel  string  `json:"channel"`

	// add: Count jobs; beyond one, their ids are "<id>-<n>".
	Count int `json:"count"`
	// add: this document instead of a job's; base64 for what JSON cannot carry.
	Raw       string `json:"raw"`
	RawBase64 string `json:"raw_base64"`
	IsRaw     bool   `json:"is_raw"`

	// add: the service's own fields. The count of things to do is "amount" here, "count" in the job.
	Amount     int    `json:"amount"`
	Username   string `json:"username"`
	Successful int    `json:"successful"`
	Failed     int    `json:"failed"`
	TestMode   bool   `json:"test_mode"`
}

// rawJSON is a JSON value, also as a flag.
type rawJSON struct{ json.RawMessage }

func (r *rawJSON) String() string { return string(r.RawMessage) }

func (r *rawJSON) Set(text string) error {
	if !json.Valid([]byte(text)) {
		return errors.New("not JSON")
	}
	r.RawMessage = json.RawMessage(text)
	return nil
}

func requestFlags(flags *flag.FlagSet, r *request) {
	flags.StringVar(&r.ID, "id", "", "job id; add makes one up when the flag is missing")
	flags.IntVar(&r.Priority, "priority", legacyqueue.PriorityNormal, "add: 0 low, 1 normal, 2 high, or any other integer")
	flags.StringVar(&r.Status, "status", "", "update-status: the new status")
	flags.Var(&r.Result, "result", "save-result: the result, as `JSON`")
	flags.BoolVar(&r.IsRaw, "is-raw", false, "add: take --raw as it is, also when it is empty")
	flags.StringVar(&r.Channel, "channel", "", "watch: another channel than the queue's updates")
	flags.IntVar(&r.Count, "count", 0, "add: so many jobs; work: stop after so many")
	flags.StringVar(&r.Raw, "raw", "", "add: store this `document` instead of a job's")
	flags.StringVar(&r.RawBase64, "raw-base64", "", "add: the same, in base64")
	flags.IntVar(&r.Amount, "amount", 0, "add: the payload's count")
	flags.StringVar(&r.Username, "username", "", "add: payload")
	flags.IntVar(&r.Successful, "successful", 0, "add: payload")
	flags.IntVar(&r.Failed, "failed", 0, "add: payload")
	flags.BoolVar(&r.TestMode, "test-mode", false, "add: payload")
}

type object map[string]interface{}

// operator does operations, one after the other, and remembers the jobs it has taken: a service that
// requeues a job has it in memory.
type operator struct {
	q     *legacyqueue.QueueService
	taken map[string]*legacyqueue.Job
}

func newOperator(q *legacyqueue.QueueService) *operator {
	return &operator{q: q, taken: map[string]*legacyqueue.Job{}}
}

// operations by name; each answers one JSON object.
var operations = map[string]func(o *operator, ctx context.Context, r request) (object, error){
	"add":          (*operator).add,
	"dequeue":      (*operator).dequeue,
	"fail-requeue": (*operator).failRequeue,
	"complete": func(o *operator, ctx context.Context, r request) (object, error) {
		return object{"ok": true}, o.q.CompleteJob(ctx, r.ID)
	},
	"fail": func(o *operator, ctx context.Context, r request) (object, error) {
		return object{"ok": true}, o.q.FailJob(ctx, r.ID, false, nil)
	},
	"cancel": func(o *operator, ctx context.Context, r request) (object, error) {
		return object{"ok": true}, o.q.CancelJob(ctx, r.ID)
	},
	"update-status": func(o *operator, ctx context.Context, r request) (object, error) {
		return object{"ok": true}, o.q.UpdateJobStatus(ctx, r.ID, r.Status)
	},
	"status": func(o *operator, ctx context.Context, r request) (object, error) {
		status, err := o.q.GetJobStatus(ctx, r.ID)
		return object{"status": status}, err
	},
	"save-result": func(o *operator, ctx context.Context, r request) (object, error) {
		return object{"ok": true}, o.q.SaveJobResult(ctx, r.ID, r.Result.RawMessage)
	},
	"result": func(o *operator, ctx context.Context, r request) (object, error) {
		result, err := o.q.GetJobResult(ctx, r.ID)
		return object{"result": result}, err
	},
	"pending": func(o *operator, ctx context.Context, _ request) (object, error) {
		jobs, err := o.q.GetPendingJobs(ctx)
		return object{"jobs": jobs}, err
	},
	"stats": func(o *operator, ctx context.Context, _ request) (object, error) {
		stats, err := o.q.GetQueueStats(ctx)
		return object{"stats": stats}, err
	},
	"length": func(o *operator, ctx context.Context, _ request) (object, error) {
		length, err := o.q.GetQueueLength(ctx)
		return object{"length": length}, err
	},
	"processing": func(o *operator, ctx context.Context, _ request) (object, error) {
		count, err := o.q.GetProcessingCount(ctx)
		return object{"count": count}, err
	},
	"is-processing": func(o *operator, ctx context.Context, r request) (object, error) {
		processing, err := o.q.IsJobProcessing(ctx, r.ID)
		return object{"processing": processing}, err
	},
	"clear": func(o *operator, ctx context.Context, _ request) (object, error) {
		return object{"ok": true}, o.q.ClearQueue(ctx)
	},
	"clear-processing": func(o *operator, ctx context.Context, _ request) (object, error) {
		return object{"ok": true}, o.q.ClearProcessing(ctx)
	},
	"health": func(o *operator, ctx context.Context, _ request) (object, error) {
		return object{"ok": true}, o.q.Health(ctx)
	},
}

func (o *operator) do(ctx context.Context, r request) (object, error) {
	operation, found := operations[r.Op]
	if !found {
		return nil, fmt.Errorf("no such operation: %q", r.Op)
	}
	answer, err := operation(o, ctx, r)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (o *operator) add(ctx context.Context, r request) (object, error) {
	if r.RawBase64 != "" {
		doc, err := base64.StdEncoding.DecodeString(r.RawBase64)
		if err != nil {
			return nil, err
		}
		return object{"ids": []string{r.ID}}, o.q.AddDocument(ctx, r.ID, doc, r.Priority)
	}
	if r.Raw != "" || r.IsRaw {
		return object{"ids": []string{r.ID}}, o.q.AddDocument(ctx, r.ID, []byte(r.Raw), r.Priority)
	}
	ids := []string{r.ID}
	if r.Count > 0 {
		ids = ids[:0]
		for n := 1; n <= r.Count; n++ {
			ids = append(ids, fmt.Sprintf("%s-%d", r.ID, n))
		}
	}
	for _, id := range ids {
		job := legacyqueue.NewJob(id, r.Priority)
		job.Count, job.Username, job.TestMode = r.Amount, r.Username, r.TestMode
		job.Successful, job.Failed = r.Successful, r.Failed
		if err := o.q.AddJob(ctx, job); err != nil {
			return nil, err
		}
	}
	return object{"ids": ids}, nil
}

func (o *operator) dequeue(ctx context.Context, _ request) (object, error) {
	job, err := o.q.DequeueJob(ctx)
	if job != nil {
		o.taken[job.ID] = job
	}
	return object{"job": job}, err
}

func (o *operator) failRequeue(ctx context.Context, r request) (object, error) {
	job := o.taken[r.ID]
	delete(o.taken, r.ID)
	if job == nil {
		stored, err := o.q.GetJob(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		job = stored
	}
	err := o.q.FailJob(ctx, r.ID, true, job)
	return object{"ok": true, "priority": job.Priority}, err
}

// randomID makes up a job id.
func randomID() string {
	bytes := make([]byte, 8)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return "go-" + hex.EncodeToString(bytes)
}
