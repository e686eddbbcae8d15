package legacyqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Stats is the answer of GetQueueStats. The bands overlap at their borders, as they always have.
type Stats struct {
	QueueLength     int64 `json:"queue_length"`
	ProcessingCount int64 `json:"processing_count"`
	HighPriority    int64 `json:"high_priority"`
	NormalPriority  int64 `json:"normal_priority"`
	LowPriority     int64 `json:"low_priority"`
	TTLSeconds      int64 `json:"ttl_seconds"`
}

// GetJobStatus returns the status, in its present spelling.
func (q *QueueService) GetJobStatus(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", ErrEmptyJobID
	}
	status, err := q.rdb.Get(ctx, q.statusKey(id)).Result()
	if errors.Is(err, redis.Nil) {
		return "", ErrStatusNotFound
	}
	if err != nil {
		return "", fmt.Errorf("failed to get job status: %w", err)
	}
	normalized, _ := normalizeStatus(status)
	return normalized, nil
}

// SaveJobResult stores a result, replacing an earlier one.
func (q *QueueService) SaveJobResult(ctx context.Context, id string, result interface{}) error {
	if id == "" {
		return ErrEmptyJobID
	}
	doc, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("failed to marshal job result: %w", err)
	}
	if err := q.rdb.Set(ctx, q.resultsKey(id), doc, q.ttl).Err(); err != nil {
		return fmt.Errorf("failed to save job result: %w", err)
	}
	return nil
}

// GetJobResult returns the result's JSON.
func (q *QueueService) GetJobResult(ctx context.Context, id string) (json.RawMessage, error) {
	if id == "" {
		return nil, ErrEmptyJobID
	}
	doc, err := q.rdb.Get(ctx, q.resultsKey(id)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, ErrResultNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("failed to get job result: %w", err)
	}
	var result json.RawMessage
	if err := json.Unmarshal(doc, &result); err != nil {
		return nil, fmt.Errorf("failed to unmarshal job result: %w", err)
	}
	return result, nil
}

// GetPendingJobs returns the jobs in the queue whose status is pending, in the order they would be
// taken. Ids without a readable document or status are passed over.
func (q *QueueService) GetPendingJobs(ctx context.Context) ([]*Job, error) {
	ids, err := q.rdb.ZRange(ctx, q.queueKey(), 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("failed to get pending jobs: %w", err)
	}
	jobs := make([]*Job, 0, len(ids))
	for _, id := range ids {
		job, jobErr := q.GetJob(ctx, id)
		status, statusErr := q.GetJobStatus(ctx, id)
		if jobErr == nil && statusErr == nil && status == StatusPending {
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// GetQueueLength counts the pending jobs.
func (q *QueueService) GetQueueLength(ctx context.Context) (int64, error) {
	return q.rdb.ZCard(ctx, q.queueKey()).Result()
}

// GetProcessingCount counts the running jobs.
func (q *QueueService) GetProcessingCount(ctx context.Context) (int64, error) {
	return q.rdb.SCard(ctx, q.processingKey()).Result()
}

// IsJobProcessing says whether the job is running.
func (q *QueueService) IsJobProcessing(ctx context.Context, id string) (bool, error) {
	if id == "" {
		return false, ErrEmptyJobID
	}
	return q.rdb.SIsMember(ctx, q.processingKey(), id).Result()
}

// GetQueueStats counts the queue by priority.
func (q *QueueService) GetQueueStats(ctx context.Context) (*Stats, error) {
	stats := Stats{TTLSeconds: int64(q.ttl.Seconds())}
	count := func(min, max string) *redis.IntCmd { return q.rdb.ZCount(ctx, q.queueKey(), min, max) }
	steps := []struct {
		into *int64
		run  func() *redis.IntCmd
	}{
		{&stats.QueueLength, func() *redis.IntCmd { return q.rdb.ZCard(ctx, q.queueKey()) }},
		{&stats.ProcessingCount, func() *redis.IntCmd { return q.rdb.SCard(ctx, q.processingKey()) }},
		{&stats.HighPriority, func() *redis.IntCmd { return count("-inf", "-2") }},
		{&stats.NormalPriority, func() *redis.IntCmd { return count("-2", "-1") }},
		{&stats.LowPriority, func() *redis.IntCmd { return count("-1", "+inf") }},
	}
	for _, step := range steps {
		n, err := step.run().Result()
		if err != nil {
			return nil, fmt.Errorf("failed to get queue stats: %w", err)
		}
		*step.into = n
	}
	return &stats, nil
}

// ClearQueue forgets all pending jobs.
func (q *QueueService) ClearQueue(ctx context.Context) error {
	return q.rdb.Del(ctx, q.queueKey()).Err()
}

// ClearProcessing forgets all running jobs.
func (q *QueueService) ClearProcessing(ctx context.Context) error {
	return q.rdb.Del(ctx, q.processingKey()).Err()
}

// Health probes Redis.
func (q *QueueService) Health(ctx context.Context) error {
	return q.rdb.Ping(ctx).Err()
}
