package legacyqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// healthTTL is how long a worker counts as alive after its latest heartbeat.
const healthTTL = 60 * time.Second

// WorkerOptions configure a Worker. The zero value runs for ever and never fails a job.
type WorkerOptions struct {
	ID        string
	Sleep     time.Duration // how long a job "works"
	Poll      time.Duration // wait after finding the queue empty
	Count     int           // stop after so many jobs; 0 = never
	Duration  time.Duration // stop after so long; 0 = never
	FailEvery int           // every n-th job fails; 0 = none
	Requeue   bool          // a failing job is added again

	// HealthPrefix turns heartbeats on: they are written at "<prefix>:worker:health:<id>".
	HealthPrefix string
	// HeedCancel makes the worker read the job's status once more before it completes the job.
	HeedCancel bool
	// OnStep hears of every job: "running", then "completed", "failed", "requeued" or "cancelled".
	OnStep func(id, step string)
	// OnError hears of jobs that could not be taken or finished.
	OnError func(err error)
}

// Worker takes jobs, one at a time, and does nothing with them for a while.
type Worker struct {
	q    *QueueService
	opts WorkerOptions

	started                      time.Time
	processed, succeeded, failed int
}

// NewWorker returns a worker that takes jobs from q.
func NewWorker(q *QueueService, opts WorkerOptions) *Worker {
	return &Worker{q: q, opts: opts}
}

// Run works until ctx ends or an option says so, and returns how many jobs it has taken. The job in
// hand is always finished first.
func (w *Worker) Run(ctx context.Context) int {
	w.started = time.Now()
	for !w.done(ctx) {
		w.beat("idle", "")
		// The job's own commands must not be cut off by a stop, hence the background context.
		job, err := w.q.DequeueJob(context.Background())
		switch {
		case err != nil:
			w.opts.OnError(err)
			wait(ctx, w.opts.Poll)
		case job == nil:
			wait(ctx, w.opts.Poll)
		default:
			w.process(job)
		}
	}
	w.beat("stopped", "")
	return w.processed
}

func (w *Worker) done(ctx context.Context) bool {
	return ctx.Err() != nil ||
		(w.opts.Count > 0 && w.processed >= w.opts.Count) ||
		(w.opts.Duration > 0 && time.Since(w.started) >= w.opts.Duration)
}

func (w *Worker) process(job *Job) {
	ctx := context.Background()
	w.processed++
	w.beat("working", job.ID)
	w.opts.OnStep(job.ID, "running")
	wait(ctx, w.opts.Sleep)
	step, err := w.finish(ctx, job)
	if err != nil {
		w.opts.OnError(fmt.Errorf("job %s: %w", job.ID, err))
		return
	}
	w.opts.OnStep(job.ID, step)
}

func (w *Worker) finish(ctx context.Context, job *Job) (string, error) {
	if w.opts.HeedCancel {
		status, err := w.q.GetJobStatus(ctx, job.ID)
		if err == nil && status == StatusCancelled {
			return "cancelled", nil
		}
	}
	if w.opts.FailEvery > 0 && w.processed%w.opts.FailEvery == 0 {
		w.failed++
		step := "failed"
		if w.opts.Requeue {
			step = "requeued"
		}
		return step, w.q.FailJob(ctx, job.ID, w.opts.Requeue, job)
	}
	result := map[string]interface{}{"job_id": job.ID, "language": "go", "worker_id": w.opts.ID, "count": job.Count}
	if err := w.q.SaveJobResult(ctx, job.ID, result); err != nil {
		return "", err
	}
	w.succeeded++
	return "completed", w.q.CompleteJob(ctx, job.ID)
}

// beat reports the worker's health, if it was asked to.
func (w *Worker) beat(status, jobID string) {
	if w.opts.HealthPrefix == "" {
		return
	}
	health := map[string]interface{}{
		"worker_id":      w.opts.ID,
		"status":         status,
		"last_heartbeat": time.Now(),
		"current_job":    jobID,
		"jobs_processed": w.processed,
		"jobs_succeeded": w.succeeded,
		"jobs_failed":    w.failed,
		"uptime_seconds": int64(time.Since(w.started).Seconds()),
	}
	doc, err := json.Marshal(health)
	if err == nil {
		key := w.opts.HealthPrefix + ":worker:health:" + w.opts.ID
		err = w.q.rdb.Set(context.Background(), key, doc, healthTTL).Err()
	}
	if err != nil && err != redis.Nil {
		w.opts.OnError(fmt.Errorf("heartbeat: %w", err))
	}
}

// wait pauses for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
