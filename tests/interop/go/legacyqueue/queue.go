package legacyqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// DefaultTTL is how long every key of a job lives, and the queue after the latest add.
const DefaultTTL = time.Hour

// Errors whose texts other services match.
var (
	ErrEmptyJobID     = errors.New("job ID cannot be empty")
	ErrStatusNotFound = errors.New("job status not found")
	ErrResultNotFound = errors.New("job result not found")
)

// QueueService is the queue of one service. Every operation is a series of separate commands, so a
// crash can fall between any two of them.
type QueueService struct {
	rdb *redis.Client
	p   string
	ttl time.Duration
}

// NewQueueService works on the keys under "<prefix>:<queue>:".
func NewQueueService(rdb *redis.Client, prefix, queue string, ttl time.Duration) *QueueService {
	return &QueueService{rdb: rdb, p: prefix + ":" + queue + ":", ttl: ttl}
}

func (q *QueueService) queueKey() string            { return q.p + "queue" }
func (q *QueueService) processingKey() string       { return q.p + "processing" }
func (q *QueueService) statusKey(id string) string  { return q.p + "status:" + id }
func (q *QueueService) dataKey(id string) string    { return q.p + "data:" + id }
func (q *QueueService) resultsKey(id string) string { return q.p + "results:" + id }

// AddJob stores the job and puts it in the queue.
func (q *QueueService) AddJob(ctx context.Context, job *Job) error {
	doc, err := json.Marshal(job)
	if err != nil {
		return fmt.Errorf("failed to marshal job: %w", err)
	}
	return q.AddDocument(ctx, job.ID, doc, job.Priority)
}

// AddDocument is AddJob for a document that is already serialised, whatever is in it.
func (q *QueueService) AddDocument(ctx context.Context, id string, doc []byte, priority int) error {
	if id == "" {
		return ErrEmptyJobID
	}
	if err := q.rdb.Set(ctx, q.dataKey(id), doc, q.ttl).Err(); err != nil {
		return fmt.Errorf("failed to store job data: %w", err)
	}
	if err := q.UpdateJobStatus(ctx, id, StatusPending); err != nil {
		return err
	}
	member := redis.Z{Score: float64(-priority), Member: id}
	if err := q.rdb.ZAdd(ctx, q.queueKey(), member).Err(); err != nil {
		return fmt.Errorf("failed to add job to queue: %w", err)
	}
	if err := q.rdb.Expire(ctx, q.queueKey(), q.ttl).Err(); err != nil {
		return fmt.Errorf("failed to set queue TTL: %w", err)
	}
	return q.publish(ctx, "job_added", id, StatusPending, &priority)
}

// UpdateJobStatus writes the status, without looking at the one before.
func (q *QueueService) UpdateJobStatus(ctx context.Context, id, status string) error {
	if id == "" {
		return ErrEmptyJobID
	}
	normalized, ok := normalizeStatus(status)
	if !ok {
		return fmt.Errorf("invalid job status: %s", status)
	}
	if err := q.rdb.Set(ctx, q.statusKey(id), normalized, q.ttl).Err(); err != nil {
		return fmt.Errorf("failed to update job status: %w", err)
	}
	if err := q.publish(ctx, "status_updated", id, normalized, nil); err != nil {
		return err
	}
	if !isFinished(normalized) {
		return nil
	}
	if err := q.rdb.ZRem(ctx, q.queueKey(), id).Err(); err != nil {
		return fmt.Errorf("failed to remove job from queue: %w", err)
	}
	return q.removeFromProcessing(ctx, id)
}

// DequeueJob takes the first job and marks it as running; nil when the queue is empty.
func (q *QueueService) DequeueJob(ctx context.Context) (*Job, error) {
	popped, err := q.rdb.ZPopMin(ctx, q.queueKey(), 1).Result()
	if err != nil {
		return nil, fmt.Errorf("failed to dequeue job: %w", err)
	}
	if len(popped) == 0 {
		return nil, nil
	}
	id := fmt.Sprint(popped[0].Member)
	job, err := q.GetJob(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := q.rdb.SAdd(ctx, q.processingKey(), id).Err(); err != nil {
		return nil, fmt.Errorf("failed to add job to processing: %w", err)
	}
	if err := q.UpdateJobStatus(ctx, id, StatusRunning); err != nil {
		return nil, err
	}
	job.Status = StatusRunning
	return job, nil
}

// GetJob reads a job's document.
func (q *QueueService) GetJob(ctx context.Context, id string) (*Job, error) {
	doc, err := q.rdb.Get(ctx, q.dataKey(id)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("job data not found: %s", id)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to get job data: %w", err)
	}
	var job Job
	if err := json.Unmarshal(doc, &job); err != nil {
		return nil, fmt.Errorf("failed to unmarshal job %s: %w", id, err)
	}
	return &job, nil
}

// CompleteJob marks the job as completed.
func (q *QueueService) CompleteJob(ctx context.Context, id string) error {
	return q.finish(ctx, id, StatusCompleted, "job_completed")
}

// FailJob marks the job as failed; with requeue it is added again, one priority lower.
func (q *QueueService) FailJob(ctx context.Context, id string, requeue bool, job *Job) error {
	if !requeue {
		return q.finish(ctx, id, StatusFailed, "job_failed")
	}
	if err := q.UpdateJobStatus(ctx, id, StatusFailed); err != nil {
		return err
	}
	if err := q.removeFromProcessing(ctx, id); err != nil {
		return err
	}
	if job.Priority > 0 {
		job.Priority--
	}
	job.Status = StatusPending
	job.UpdatedAt = time.Now()
	return q.AddJob(ctx, job)
}

// CancelJob marks the job as cancelled. A worker that is running it does not hear of it.
func (q *QueueService) CancelJob(ctx context.Context, id string) error {
	if err := q.UpdateJobStatus(ctx, id, StatusCancelled); err != nil {
		return err
	}
	if err := q.removeFromProcessing(ctx, id); err != nil {
		return err
	}
	if err := q.rdb.ZRem(ctx, q.queueKey(), id).Err(); err != nil {
		return fmt.Errorf("failed to remove job from queue: %w", err)
	}
	return q.publish(ctx, "job_cancelled", id, StatusCancelled, nil)
}

func (q *QueueService) finish(ctx context.Context, id, status, event string) error {
	if err := q.UpdateJobStatus(ctx, id, status); err != nil {
		return err
	}
	if err := q.removeFromProcessing(ctx, id); err != nil {
		return err
	}
	return q.publish(ctx, event, id, status, nil)
}

func (q *QueueService) removeFromProcessing(ctx context.Context, id string) error {
	if err := q.rdb.SRem(ctx, q.processingKey(), id).Err(); err != nil {
		return fmt.Errorf("failed to remove job from processing: %w", err)
	}
	return nil
}
